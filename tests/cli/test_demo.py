import pytest

from keras_genzoo.cli.commands import demo


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))


def test_an_earlier_demo_is_never_overwritten(tmp_path):
    assert demo.free(tmp_path / "demo") == tmp_path / "demo"
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo-2").touch()
    assert demo.free(tmp_path / "demo") == tmp_path / "demo-3"


@pytest.mark.slow
def test_the_demo_makes_what_it_says(genzoo, preset, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PRESET", str(preset))
    code, text, complaint = genzoo("demo", "--output", tmp_path / "demo")
    assert code == 0 and all(line.endswith(" a second") for line in complaint.splitlines())
    assert f"\n$ genzoo train {preset} --output {tmp_path / 'demo'}\n" in text
    *_, last = text.partition("\nThe demo took ")
    for name, about in demo._MADE:
        assert (tmp_path / "demo" / name).exists()
        assert f"  {name} " in last and about in last


def test_it_ends_where_a_command_fails(genzoo, preset, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PRESET", str(preset))
    monkeypatch.setattr(demo.train, "run", lambda args: 130)
    code, text, _ = genzoo("demo", "--output", tmp_path / "demo")
    assert code == 130 and "genzoo evaluate" not in text
    assert (tmp_path / "demo-r3gan.png").exists() and (tmp_path / "demo-flow.png").exists()  # what comes first


def test_the_preset_of_the_demo_is_there():
    from keras_genzoo import config, pretrained

    assert demo.PRESET in config.list_presets()
    assert set(demo.PRETRAINED) <= set(pretrained.list_pretrained())
