"""The cache of features: computed once, never taken for something else, and as far as it came after an interruption."""

import json
import os
import shutil

import numpy as np
import pytest

from keras_genzoo.features import FeatureCache, FeatureCacheError
from keras_genzoo.features import cache as cache_module
from tests.evaluation.conftest import Channels
from tests.untrusted.test_npz import lying


def cache_of(extractor, pictures, count=2300, key=None):
    return FeatureCache(extractor, lambda a, b: pictures[a:b], count, key or {"data": "pictures"}, "pictures")


def test_features_are_computed_once(channels, pictures, cache):
    first = cache_of(channels, pictures).load()
    np.testing.assert_array_equal(first.features, channels(pictures))
    assert first.logits is None
    channels.asked = 0
    again = cache_of(channels, pictures).load()
    np.testing.assert_array_equal(again.features, first.features)
    assert channels.asked == 0
    (entry,) = cache.iterdir()
    assert sorted(path.name for path in entry.iterdir()) == [
        "00000000-00001024.npz",
        "00001024-00002048.npz",
        "00002048-00002300.npz",
        "key.json",
    ]


def test_logits_come_along(pictures):
    extractor = Channels(classes=3)
    for _ in range(2):
        found = cache_of(extractor, pictures, 120).load()
        np.testing.assert_array_equal(found.logits, found.features[:, :3])
    assert extractor.asked == 120


def test_progress_counts_what_is_computed(channels, pictures):
    import contextlib

    told = []

    @contextlib.contextmanager
    def watch(what, total):
        told.append((what, total, []))
        yield told[-1][2].append

    cache_of(channels, pictures, 1250).load(watch)
    ((what, total, steps),) = told
    assert (what, total, sum(steps)) == ("pictures", 1250, 1250)
    cache_of(channels, pictures, 1250).load(watch)
    assert len(told) == 1


def test_another_extractor_data_or_number_is_another_entry(pictures, cache):
    cache_of(Channels(), pictures, 100).load()
    cache_of(Channels("1" * 64), pictures, 100).load()
    cache_of(Channels(), pictures, 100, {"data": "others"}).load()
    assert len(list(cache.iterdir())) == 3


def test_an_interrupted_evaluation_goes_on_where_it_stopped(channels, pictures):
    def interrupted(start, stop):
        if start >= 1500:
            raise KeyboardInterrupt
        return pictures[start:stop]

    with pytest.raises(KeyboardInterrupt):
        FeatureCache(channels, interrupted, 2300, {"data": "pictures"}, "pictures").load()
    channels.asked = 0
    np.testing.assert_array_equal(cache_of(channels, pictures).load().features, Channels()(pictures))
    assert channels.asked == 1276


@pytest.mark.parametrize("damage", ["cut in half", "flipped", "emptied"])
def test_a_damaged_file_is_set_aside_and_its_images_computed_anew(channels, pictures, cache, damage):
    cache_of(channels, pictures).load()
    (entry,) = cache.iterdir()
    path = entry / "00001024-00002048.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"cut in half": content[: len(content) // 2], "flipped": content, "emptied": b""}[damage])
    channels.asked = 0
    with pytest.warns(UserWarning, match=r"00001024-00002048.npz is damaged .*: its 1,024 images are computed anew"):
        found = cache_of(channels, pictures).load()
    assert channels.asked == 1024
    np.testing.assert_array_equal(found.features, Channels()(pictures))
    assert (entry / "damaged-00001024-00002048.npz").is_file()


def test_features_of_another_shape_are_not_taken(channels, pictures, cache):
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    np.savez(entry / "00000000-00000100.npz", features=np.zeros((100, 7), "float32"))
    with pytest.warns(UserWarning, match=r"\(100, 7\)\)} instead of .*\(100, 6\)"):
        cache_of(channels, pictures, 100).load()


@pytest.mark.parametrize(
    "arrays",
    [
        {"features": np.zeros((100, 6), "float64")},
        {"features": np.zeros((100, 6), "float32"), "logits": np.zeros((100, 4), "float32")},
        {"features": np.zeros((100, 6), "float32")},
        {"features": np.zeros((100, 6), "float32"), "logits": np.zeros((100, 3), "float32"), "\x1b": np.zeros(1)},
        {},
    ],
    ids=["doubles", "more logits", "no logits", "another array", "nothing"],
)
def test_a_shard_of_other_arrays_is_set_aside(pictures, cache, arrays):
    extractor = Channels(classes=3)
    expected = cache_of(extractor, pictures, 100).load()
    (entry,) = cache.iterdir()
    np.savez(entry / "00000000-00000100.npz", **arrays)
    with pytest.warns(UserWarning, match="is damaged") as warned:
        found = cache_of(extractor, pictures, 100).load()
    assert str(warned[0].message).isprintable()
    np.testing.assert_array_equal(found.logits, expected.logits)


@pytest.mark.parametrize("content", ['{"data": "others"}', "{", "[" * 100_000, " " * 10**7, None])
def test_an_entry_of_something_else_is_set_aside(channels, pictures, cache, content):
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    if content is None:  # features of another extractor, put under this name
        cache_of(Channels("1" * 64), pictures, 100).load()
        (other,) = (path for path in cache.iterdir() if path != entry)
        content = (other / "key.json").read_text()
    (entry / "key.json").write_text(content)
    rebuilt_beside(entry, channels, pictures)
    assert (entry.with_name(f"damaged-{entry.name}") / "00000000-00000100.npz").is_file()


def rebuilt_beside(entry, channels, pictures):
    """Loads the features of an entry that is damaged, which is set aside."""
    channels.asked = 0
    with pytest.warns(UserWarning, match=f"is damaged .*: set aside as damaged-{entry.name}"):
        found = cache_of(channels, pictures, 100).load()
    np.testing.assert_array_equal(found.features, Channels()(pictures[:100]))
    assert channels.asked == 100 and entry.is_dir() and not entry.is_symlink()


STRANGE = {
    "a pipe": lambda path, outside: os.mkfifo(path),
    "a device": lambda path, outside: path.symlink_to("/dev/zero"),
    "a link": lambda path, outside: path.symlink_to(outside),
    "a link to nowhere": lambda path, outside: path.symlink_to("nowhere"),
    "a link to itself": lambda path, outside: path.symlink_to(path),
    "a folder": lambda path, outside: path.mkdir(),
    "10 GB of zeros": lambda path, outside: os.truncate(path.open("w").name, 10**10),
}


@pytest.mark.parametrize("case", STRANGE)
@pytest.mark.parametrize("name", ["00000000-00000100.npz", "key.json"])
def test_what_is_not_a_file_of_its_own_is_set_aside(channels, pictures, cache, tmp_path, name, case):
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    shutil.move(entry / name, tmp_path / "outside")
    before = (tmp_path / "outside").read_bytes()
    STRANGE[case](entry / name, tmp_path / "outside")
    if name == "key.json":
        rebuilt_beside(entry, channels, pictures)
    else:
        with pytest.warns(UserWarning, match="is damaged .*: its 100 images are computed anew"):
            cache_of(channels, pictures, 100).load()
        assert os.path.lexists(entry / f"damaged-{name}")
    assert (tmp_path / "outside").read_bytes() == before
    channels.asked = 0
    cache_of(channels, pictures, 100).load()
    assert channels.asked == 0


@pytest.mark.parametrize("make", [lambda path, outside: path.symlink_to(outside), STRANGE["a pipe"]])
def test_an_entry_that_is_not_a_folder_of_its_own_is_set_aside(channels, pictures, cache, tmp_path, make):
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    shutil.move(entry, tmp_path / "outside")
    before = sorted((tmp_path / "outside").iterdir())
    make(entry, tmp_path / "outside")
    rebuilt_beside(entry, channels, pictures)
    assert sorted((tmp_path / "outside").iterdir()) == before


def test_a_shard_that_unpacks_to_more_than_its_features_is_set_aside(channels, pictures, cache):
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    np.savez_compressed(entry / "00000000-00000100.npz", features=np.zeros((10**6, 6), "float32"))
    with pytest.warns(UserWarning, match="is damaged .*is compressed"):
        cache_of(channels, pictures, 100).load()
    assert (entry / "damaged-00000000-00000100.npz").is_file()


def test_a_shard_that_does_not_say_what_it_unpacks_to_is_set_aside(channels, pictures, cache):
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    lying(entry / "00000000-00000100.npz")
    with pytest.warns(UserWarning, match="is damaged .*is compressed"):
        cache_of(channels, pictures, 100).load()


def test_files_without_a_key_are_set_aside(channels, pictures, cache):
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    (entry / "key.json").unlink()
    rebuilt_beside(entry, channels, pictures)


def test_what_was_set_aside_goes_when_the_cache_is_full(channels, pictures, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "MOST_BYTES", 0)
    cache_of(channels, pictures, 100).load()
    (entry,) = cache.iterdir()
    (entry / "key.json").unlink()
    (tmp_path / "outside").mkdir()
    (cache / "damaged-link").symlink_to(tmp_path / "outside")
    (entry / "0-link").symlink_to(tmp_path / "outside")
    rebuilt_beside(entry, channels, pictures)
    assert sorted(path.name for path in cache.iterdir()) == sorted(["damaged-link", entry.name])
    assert (tmp_path / "outside").is_dir()


def test_fewer_images_than_asked_for(channels, pictures):
    with pytest.raises(
        FeatureCacheError,
        match=r"asked for images 2,304 to 2,499, got 0|images 2,048 to 2,303, got 252 of 256: .* no more than 2,300",
    ):
        cache_of(channels, pictures, 2500).load()


def test_the_oldest_entries_go_when_the_cache_is_full(channels, pictures, cache, monkeypatch):
    monkeypatch.setattr(cache_module, "MOST_BYTES", 12_000)
    for number in range(4):
        one = cache_of(channels, pictures, 200, {"data": number})
        one.load()
        os.utime(one.entry, (number, number))
    kept = {json.loads((entry / "key.json").read_text())["data"] for entry in cache.iterdir()}
    assert kept == {1, 2, 3}


def test_a_cache_that_cannot_be_written(channels, pictures, cache):
    cache.parent.mkdir()
    cache.write_text("a file")
    with pytest.raises(FeatureCacheError, match="set GENZOO_CACHE to a folder that can be written"):
        cache_of(channels, pictures, 100).load()
