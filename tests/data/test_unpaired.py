"""Folders of two domains without pairs: each has a number of images, a held-out part and faults of its own."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data import DataError, Stream, load_data
from keras_genzoo.data.source import Source
from keras_genzoo.data.unpaired import unpaired


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


def fill(root: Path, counts) -> str:
    """Images of domain A are red, those of B green, in folders of these names; the shade is their number."""
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            color = (100 + number, 0, 0) if "A" in folder else (0, 100 + number, 0)
            Image.new("RGB", (16, 16), color).save(root / folder / f"{folder.replace('/', '_')}_{number}.png")
    return str(root)


def domain_of(source) -> str:
    assert isinstance(source, Source)
    red, green, _ = source[np.arange(len(source))]["image"].reshape(-1, 3).astype(int).max(axis=0)
    assert min(red, green) == 0
    return "A" if red else "B"


def counts(split):
    return [(len(part), len(part.other)) for part in split]


@pytest.mark.parametrize("layout", ["{part}{side}", "{side}/{part}", "{part}/{side}"])
def test_parts_are_held_out(tmp_path, layout):
    numbers = {
        ("train", "A"): 7,
        ("train", "B"): 5,
        ("test", "A"): 2,
        ("test", "B"): 3,
        ("val", "A"): 1,
        ("val", "B"): 1,
    }
    path = fill(tmp_path / "h", {layout.format(part=part, side=side): n for (part, side), n in numbers.items()})
    split = unpaired(path, size=8)
    assert counts(split) == [(7, 5), (2, 3)]
    assert (domain_of(split.train), domain_of(split.train.other), split.train.name) == ("A", "B", "h/ (A)")
    back = unpaired(path, size=8, direction="ba")
    assert (
        counts(back) == [(5, 7), (3, 2)] and domain_of(back.held_out) == "B" and domain_of(back.held_out.other) == "A"
    )
    assert counts(unpaired(path, size=8, held_out="val")) == [(7, 5), (1, 1)]
    assert counts(unpaired(path, size=8, held_out=2)) == [(5, 3), (2, 2)]
    assert all("test" not in name for name in split.train[np.arange(7)]["name"])


def test_a_fraction_of_each_domain_is_held_out(tmp_path):
    split = unpaired(fill(tmp_path, {"A": 30, "B": 20}), size=8)
    assert [sum(sizes) for sizes in zip(*counts(split), strict=True)] == [30, 20]
    assert min(counts(split)[1]) >= 1
    names = [part.other[np.arange(len(part.other))]["name"] for part in split]
    assert not set(names[0]) & set(names[1])


def test_two_folders_anywhere(tmp_path):
    fill(tmp_path, {"inA": 6, "inB": 4})
    split = unpaired(str(tmp_path / "inA"), str(tmp_path / "inB"), size=8, held_out=1)
    assert counts(split) == [(5, 3), (1, 1)]
    assert (split.train.name, split.train.other.name) == ("inA/", "inB/")


def test_channels_and_rectangles(tmp_path):
    path = fill(tmp_path, {"A": 6, "B": 4})
    train, held_out = load_data("unpaired", path, batch_size=2, size=[8, 16], channels=1, target_channels=3, held_out=1)
    x, y = train.batch(0, targets="other")
    assert x.shape == (2, 8, 16, 1) and y.shape == (2, 8, 16, 3)
    assert len(train) == 5 and len(held_out) == 1
    x, y = load_data("unpaired", path, batch_size=2, size=8)[0].batch(0, targets="other")
    assert x.shape == y.shape == (2, 8, 8, 3)


def test_the_manifest_tells_both_domains(tmp_path):
    first = unpaired(fill(tmp_path / "x", {"A": 6, "B": 4}), size=8).train.manifest()
    assert first["kind"] == first["other"]["kind"] == "unpaired" and first["other"]["sha256"] != first["sha256"]
    fill(tmp_path / "x", {"B": 5})
    second = unpaired(str(tmp_path / "x"), size=8).train.manifest()
    assert second["other"] != first["other"]


@pytest.mark.parametrize("read", ["headers", "names"])
def test_without_decoding(tmp_path, read):
    split = unpaired(fill(tmp_path, {"A": 6, "B": 4}), size=8, held_out=1, read=read)
    assert counts(split) == [(5, 3), (1, 1)] and domain_of(split.train) == "A" and domain_of(split.train.other) == "B"
    assert not list(Path(os.environ["GENZOO_CACHE"]).glob("*.npy"))


class TestFaults:
    @pytest.mark.parametrize(
        ("given", "missing"), [("A", "B"), ("B", "A"), ("trainB", "trainA"), ("train/A", "train/B")]
    )
    def test_one_domain_is_missing(self, tmp_path, given, missing):
        fill(tmp_path, {given: 3})
        with pytest.raises(DataError, match=f"/{missing} is not there, but .*/{given} has 3: images of both"):
            unpaired(str(tmp_path), size=8)
        (tmp_path / missing).mkdir()
        with pytest.raises(DataError, match=f"/{missing} holds no images, but .*/{given} has 3"):
            unpaired(str(tmp_path), size=8)

    def test_a_part_of_one_domain_alone(self, tmp_path):
        with pytest.raises(DataError, match=r"h/ \(B\): there are no images of the part 'test', but the other domain"):
            unpaired(fill(tmp_path / "h", {"trainA": 3, "trainB": 3, "testA": 1}), size=8)

    def test_no_domains(self, tmp_path):
        with pytest.raises(DataError, match=r"h/ has no folders of two domains; expected sub-folders A and B.*'pairs'"):
            unpaired(fill(tmp_path / "h", {"photos": 3}), size=8)

    def test_broken_images_are_counted_in_their_domain(self, tmp_path):
        path = fill(tmp_path / "h", {"A": 30, "B": 4})
        (tmp_path / "h" / "B" / "B_0.png").write_bytes(b"")
        with pytest.raises(DataError, match=r"h/ \(B\): 1 of 4 image files cannot be used: B/B_0.png is empty"):
            unpaired(path, size=8)
        with pytest.warns(UserWarning, match="B/B_0.png is empty"):
            split = unpaired(path, size=8, max_broken=0.3)
        assert [sum(sizes) for sizes in zip(*counts(split), strict=True)] == [30, 3]

    @pytest.mark.parametrize(("sizes", "name"), [({"A": 9, "B": 3}, "B"), ({"A": 3, "B": 9}, "A")])
    def test_a_batch_larger_than_one_domain(self, tmp_path, sizes, name):
        with pytest.raises(DataError, match=rf"batch_size=4 is larger than the data: h/ \({name}\) has 3 images"):
            load_data("unpaired", fill(tmp_path / "h", sizes), batch_size=4, size=8, held_out=0)

    def test_no_folder(self):
        with pytest.raises(DataError, match="unpaired: expected a folder: give --data FOLDER"):
            unpaired()


@pytest.mark.slow
def test_real_domains():
    folder = Path(os.environ.get("GENZOO_TEST_DATA", "")) / "horse2ink"
    if "GENZOO_TEST_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("GENZOO_TEST_DATA names no folder with horse2ink")
    split = unpaired(str(folder), size=32)
    assert counts(split) == [(645, 350), (92, 49)]
    stream = Stream(split.train, 8, augment=("jitter", "flip"))
    assert len(stream) == 645 and stream.batch(640, targets="other")[1].shape == (8, 32, 32, 3)
