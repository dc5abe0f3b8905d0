import json

import keras

from keras_genzoo import __version__
from keras_genzoo.cli.commands import doctor


def test_it_tells_what_a_bug_report_needs(genzoo):
    code, text, complaint = genzoo("doctor")
    assert (code, complaint) == (0, "")
    for line in (f"keras genzoo    {__version__}", f"keras           {keras.__version__}", "xla             works"):
        assert line in text
    for name in ("platform", "backend", "devices", "package", "presets", "cache", "keras datasets", "commit"):
        assert f"\n{name} " in text


def test_programs_get_json(genzoo, monkeypatch, tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.npz").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    found = json.loads(genzoo("doctor", "--json")[1])
    assert found["keras_genzoo"] == __version__ and found["keras_datasets"] == ["mnist.npz"]
    assert found["settings"]["KERAS_HOME"] == str(tmp_path)
    assert found["presets"] > 0 and found["devices"][-1].startswith("CPU (")


def test_what_does_not_work_is_said(monkeypatch):
    import tensorflow as tf

    def broken(*args, **kwargs):
        raise RuntimeError("no ptxas\nlong story")

    monkeypatch.setattr(tf, "function", broken)
    assert doctor.xla() == "does not work: RuntimeError: no ptxas"
