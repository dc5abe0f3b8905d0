import pytest

from keras_genzoo.data.image_folder import image_folder


@pytest.fixture(autouse=True)
def filled(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    image_folder(str(folder), size=16)


def test_the_cache_is_listed_and_emptied(genzoo, folder, tmp_path):
    code, text, _ = genzoo("cache")
    assert code == 0
    assert f"{folder.name}-16x3-" in text and f"of {folder}" in text and "ago" in text
    assert text.endswith(f"1 entries, 0.0 MiB, in {tmp_path / 'cache'}\n")
    assert genzoo("cache", "--remove", folder.name)[1].startswith("1 entries removed, 0.0 MiB freed")
    image_folder(str(folder), size=16)
    assert genzoo("cache", "--all")[1].startswith("1 entries removed")
    assert genzoo("cache")[1].startswith("0 entries")


def test_mistakes(mistake):
    assert "no entry is called 'bats'" in mistake("cache", "--remove", "bats")
    assert "not allowed with argument" in mistake("cache", "--all", "--remove", "bats")
