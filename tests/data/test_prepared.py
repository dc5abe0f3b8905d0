"""The cache of prepared images: mapped when it fits, made anew when not, never in the way."""

import errno
import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data import prepared
from keras_genzoo.data.prepared import cache_folder, prepare

NAMES = ["a.png", "b.png", "c.png", "d.png"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "my faces!"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        Image.new("RGB", (20, 30), (number, 0, 0)).save(folder / name)
    (folder / "b.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def read(root: Path, cache: Path, size: int = 8) -> prepared.Prepared:
    return prepare(root, NAMES, size, 3, str(cache))


def suffixes(cache: Path) -> list[str]:
    """What the cache holds besides locks."""
    return sorted(path.suffix for path in cache.iterdir() if path.suffix != ".lock")


def no_decoding(*_):
    raise AssertionError("decoded again")


def test_decoding_is_paid_once(root, cache, monkeypatch):
    first = read(root, cache)
    monkeypatch.setattr(prepared, "decode_all", no_decoding)
    second = read(root, cache)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(second.images[:, 0, 0, 0], [0, 2, 3])
    assert second.record == first.record
    assert list(second.record["broken"]) == ["b.png"]
    assert isinstance(second.images, np.memmap)
    assert not second.images.flags.writeable
    assert suffixes(cache) == [".json", ".npy"]


def test_images_smaller_than_asked_are_told(root, cache):
    assert read(root, cache, 20).record["small"] == {}
    assert list(read(root, cache, 21).record["small"]) == ["a.png", "c.png", "d.png"]


def test_images_below_the_least_side_are_left_out(root, cache, monkeypatch):
    Image.new("RGB", (19, 30)).save(root / "a.png")
    found = prepare(root, NAMES, 8, 3, str(cache), least=20)
    assert (found.record["tiny"], len(found.images)) == ({"a.png": [19, 30]}, 2)
    assert len(read(root, cache).images) == 3  # another key
    found = prepare(root, NAMES, 8, 3, str(cache), least=20)
    monkeypatch.setattr(prepared, "decode_all", no_decoding)
    assert len(prepared.prepared_before(root, NAMES, 8, 3, str(cache), least=20).images) == 2
    assert prepared.prepared_before(root, NAMES, 4, 3, str(cache)) is None


def test_what_was_not_prepared_is_not_there_and_nothing_is_written(root, cache):
    assert prepared.prepared_before(root, NAMES, 8, 3, str(cache)) is None
    assert not cache.exists()


def test_changed_files_are_decoded_and_the_old_entry_goes(root, cache):
    read(root, cache)
    other_size = read(root, cache, 4)
    Image.new("RGB", (20, 30), (99, 0, 0)).save(root / "d.png")
    os.utime(root / "d.png", ns=(1, 1))
    assert read(root, cache).images[2, 0, 0, 0] == 99
    assert suffixes(cache) == [".json", ".json", ".npy", ".npy"]
    assert len(other_size.images) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda npy, json_file: npy.write_bytes(npy.read_bytes()[:-1]),
        lambda npy, json_file: npy.write_bytes(b""),
        lambda npy, json_file: npy.write_bytes(b"not an array"),
        lambda npy, json_file: npy.unlink(),
        lambda npy, json_file: np.save(npy, np.zeros((3, 8, 8, 3))),
        lambda npy, json_file: np.save(npy, np.array([{}] * 3, dtype=object), allow_pickle=True),
        lambda npy, json_file: json_file.unlink(),
        lambda npy, json_file: json_file.write_text("{"),
        lambda npy, json_file: json_file.write_text("[]"),
        lambda npy, json_file: json_file.write_text(json.dumps({"key": "other", "broken": {"b.png": ""}, "tiny": {}})),
        lambda npy, json_file: json_file.write_text("[" * 10**6),
        lambda npy, json_file: json_file.write_text(json_file.read_text().replace('"small": {}', '"small": {"a": 1}')),
        lambda npy, json_file: json_file.write_text(json_file.read_text().replace('"holds no PNG', '3, "x": "')),
        lambda npy, json_file: os.truncate(json_file, 10**10),
        lambda npy, json_file: os.truncate(npy, 10**10),
        lambda npy, json_file: replaced(npy, os.mkfifo),
        lambda npy, json_file: replaced(json_file, os.mkfifo),
        lambda npy, json_file: replaced(npy, os.mkdir),
        lambda npy, json_file: replaced(json_file, os.mkdir),
        lambda npy, json_file: replaced(npy, lambda path: path.symlink_to("/dev/zero")),
        lambda npy, json_file: replaced(json_file, lambda path: path.symlink_to("/dev/zero")),
        lambda npy, json_file: replaced(npy, linked_outside),
        lambda npy, json_file: replaced(json_file, linked_outside),
        lambda npy, json_file: np.savez(npy.open("wb"), a=np.zeros(3)),
    ],
)
def test_a_damaged_entry_is_made_anew(root, cache, damage):
    good = np.array(read(root, cache).images)
    npy, json_file = (next(cache.glob(f"*.{suffix}")) for suffix in ("npy", "json"))
    damage(npy, json_file)
    again = read(root, cache)
    np.testing.assert_array_equal(again.images, good)
    assert isinstance(again.images, np.memmap)
    assert isinstance(read(root, cache).images, np.memmap)


def replaced(path, make):
    """Puts something else in the place of a file, which is kept beside the cache."""
    shutil.move(path, path.parent.parent / "outside")
    make(path)


def linked_outside(path):
    path.symlink_to(path.parent.parent / "outside")


def test_a_link_as_lock_is_not_written_through(root, cache):
    read(root, cache)
    (lock,) = cache.glob("*.lock")
    for path in cache.iterdir():
        path.unlink()
    (root.parent / "outside").write_text("gold")
    lock.symlink_to(root.parent / "outside")
    fails_in_memory(root, cache, ".*is a link")
    assert (root.parent / "outside").read_text() == "gold"


def fails_in_memory(root, cache, reason):
    with pytest.warns(UserWarning, match=rf"{reason}, so the images of my faces!/ stay in memory.*GENZOO_CACHE"):
        images, record = read(root, cache)
    assert not isinstance(images, np.memmap)
    np.testing.assert_array_equal(images[:, 0, 0, 0], [0, 2, 3])
    assert list(record["broken"]) == ["b.png"]


def test_a_cache_that_cannot_be_made_is_done_without(root, tmp_path):
    (tmp_path / "file").write_text("")
    fails_in_memory(root, tmp_path / "file" / "cache", "Not a directory")


def test_a_cache_that_cannot_be_written_is_done_without(root, cache, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(prepared, "staged", refuse)
    fails_in_memory(root, cache, "Permission denied")


def test_a_disk_that_is_too_small_is_done_without(root, cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 3))
    fails_in_memory(root, cache, "No space left on device")


def test_a_disk_that_fills_up_is_done_without_and_nothing_stays(root, cache, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    fails_in_memory(root, cache, "No space left on device")
    assert suffixes(cache) == []


def test_an_interrupt_leaves_nothing_behind(root, cache, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(prepared, "decode_all", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(root, cache)
    assert suffixes(cache) == []


def test_what_killed_processes_left_is_swept(root, cache):
    read(root, cache)
    stem = next(cache.glob("*.npy")).name.rsplit("-", 1)[0]
    left, foreign = cache / f".{stem}-1.npy.7.part", cache / "other-1.npy"
    for path in (left, foreign):
        path.write_bytes(b"")
    os.utime(root / "a.png", ns=(1, 1))
    read(root, cache)
    assert (left.exists(), foreign.exists()) == (False, True)


def test_a_second_reader_waits_for_the_first_and_decodes_nothing(root, cache, monkeypatch):
    begun, decode_all, calls = threading.Event(), prepared.decode_all, []

    def slow(*arguments):
        calls.append(arguments)
        begun.set()
        time.sleep(0.2)
        return decode_all(*arguments)

    monkeypatch.setattr(prepared, "decode_all", slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(read, root, cache)
        begun.wait(10)
        second = read(root, cache)
    assert len(calls) == 1
    np.testing.assert_array_equal(first.result().images, second.images)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"GENZOO_CACHE": "/x/cache", "XDG_CACHE_HOME": "/y"}, Path("/x/cache")),
        ({"XDG_CACHE_HOME": "/y"}, Path("/y/keras_genzoo")),
        ({"HOME": "/home/someone"}, Path("/home/someone/.cache/keras_genzoo")),
    ],
)
def test_where_the_cache_is(monkeypatch, environment, expected):
    for name in ("GENZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == expected
    assert cache_folder("/given") == Path("/given")
