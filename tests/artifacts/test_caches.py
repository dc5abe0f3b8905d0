"""The cache: only what this package has made is listed and removed, and nothing that a process is making."""

import os

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from keras_genzoo.artifacts.caches import list_cache, remove_cached
from keras_genzoo.data.image_folder import image_folder
from keras_genzoo.files import RunError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of two folders' images, features and weights, with files of somebody else among them."""
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("RGB", (8, 8)).save(tmp_path / name / f"{number}.png")
        image_folder(str(tmp_path / name), size=8)
    entry = tmp_path / "cache" / "features" / "pixels-0123456789abcdef"
    entry.mkdir(parents=True)
    (entry / "key.json").write_text("{}")
    np.savez(entry / "00000000-00000002.npz", features=np.zeros(3))
    for name in ("inception-2015-12-05.weights.h5", "mine.npy", "features/mine.txt"):
        (tmp_path / "cache" / name).write_text("content")
    return tmp_path / "cache"


def names():
    return sorted(entry.name.split("-")[0] for entry in list_cache())


def test_what_there_is(cache):
    assert names() == ["cats", "dogs", "inception", "pixels"]
    cats = next(entry for entry in list_cache() if entry.name.startswith("cats-8x3-"))
    assert (cats.kind, cats.about) == ("images", str(cache.parent / "cats"))
    assert cats.size == sum(path.stat().st_size for path in cache.glob("cats-*.*") if path.suffix != ".lock")
    assert 0 <= cats.unused < 600
    assert list_cache(str(cache / "nowhere")) == []


def test_entries_are_removed_by_name_and_made_anew(cache):
    removed, left = remove_cached(["cats", "pixels-0123456789abcdef"])
    assert ([entry.kind for entry in removed], left) == (["images", "features"], [])
    assert names() == ["dogs", "inception"]
    assert not (cache / "features" / "pixels-0123456789abcdef").exists()
    image_folder(str(cache.parent / "cats"), size=8)
    assert names() == ["cats", "dogs", "inception"]


def test_all_is_what_this_package_made(cache):
    (cache / "features" / "pixels-0123456789abcdef" / "notes.txt").write_text("mine")
    remove_cached()
    assert names() == []
    kept = sorted(path.name for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock")
    assert kept == ["mine.npy", "mine.txt", "notes.txt"]


@pytest.mark.parametrize(("name", "message"), [("bats", "no entry is called 'bats': "), ("", "no entry is called ''")])
def test_other_names_remove_nothing(cache, name, message):
    with pytest.raises(RunError, match=message):
        remove_cached(["cats", name])
    assert "cats" in names()


def test_images_that_are_being_made_are_left(cache):
    lock = next(cache.glob("cats-*.lock"))
    with FileLock(lock):
        removed, left = remove_cached()
    assert [entry.name[:4] for entry in left] == ["cats"]
    assert len(removed) == 3 and names() == ["cats"]


def test_of_links_the_link_is_removed(cache, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "key.json").write_text("{}")
    os.symlink(tmp_path / "elsewhere", cache / "features" / "linked-0123456789abcdef")
    npy = next(cache.glob("cats-*.npy"))
    npy.rename(tmp_path / "pixels.npy")
    npy.symlink_to(tmp_path / "pixels.npy")
    remove_cached()
    assert (tmp_path / "pixels.npy").exists() and not npy.is_symlink()
    assert (tmp_path / "elsewhere" / "key.json").exists()
