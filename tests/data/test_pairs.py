"""Folders of pairs: every layout, what belongs together, and clear words for what does not."""

import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data import DataError, Stream, load_data
from keras_genzoo.data.pairs import pairs
from keras_genzoo.data.source import Source


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


def save(path: Path, color, sides=(16, 16)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if isinstance(color, tuple) else "L", sides, color).save(path)


def side_by_side(root: Path, names, side=16) -> str:
    """Pair number n: left it is (n, 0, 0), right (0, n, 200)."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (2 * side, side), (number, 0, 0))
        image.paste((0, number, 200), (side, 0, 2 * side, side))
        image.save(path)
    return str(root)


def in_two_folders(root: Path, layout, count=20) -> str:
    """The same pairs, as the files that `layout` names from a side and a name; targets are JPEG, nearly the same."""
    for number in range(count):
        save(root / f"{layout('A', f'{number:02d}')}.png", (number, 0, 0))
        save(root / f"{layout('B', f'{number:02d}')}.bmp", (0, number, 200))
    return str(root)


def everything(source) -> dict[str, np.ndarray]:
    return source[np.arange(len(source))]


def check(source, direction="ab") -> set[int]:
    """Checks that each image is beside its own target; returns their numbers."""
    assert isinstance(source, Source) and source.other is None
    record = everything(source)
    a, b = (record[key] for key in (("image", "target") if direction == "ab" else ("target", "image")))
    for image, target, name in zip(a, b, record["name"], strict=True):
        number = int(re.sub(r"\D", "", name.split("/")[-1]))
        np.testing.assert_array_equal(image, np.broadcast_to(np.uint8([number, 0, 0]), image.shape))
        np.testing.assert_array_equal(target, np.broadcast_to(np.uint8([0, number, 200]), target.shape))
    return {int(re.sub(r"\D", "", name.split("/")[-1])) for name in record["name"]}


NAMES = [f"{number:02d}.png" for number in range(20)]
LAYOUTS = {
    "A B": lambda side, name: f"{side}/{name}",
    "nested": lambda side, name: f"{side}/in/{name}",
    "trainA trainB": lambda side, name: f"train{side}/{name}",
    "A/train B/train": lambda side, name: f"{side}/train/{name}",
    "train/A train/B": lambda side, name: f"train/{side}/{name}",
}


@pytest.mark.parametrize("direction", ["ab", "ba"])
@pytest.mark.parametrize("layout", ["side by side", *LAYOUTS])
def test_every_layout(tmp_path, layout, direction):
    path = tmp_path / "facades"
    if layout == "side by side":
        side_by_side(path, NAMES)
    else:
        in_two_folders(path, LAYOUTS[layout])
    train, held_out = pairs(str(path), size=8, direction=direction)
    found = [check(part, direction) for part in (train, held_out)]
    assert not found[0] & found[1] and found[0] | found[1] == set(range(20)) and found[1]
    assert (train.name, train.image_shape, train.class_names) == ("facades/", (8, 8, 3), None)


def test_the_same_pairs_are_held_out_in_both_directions(tmp_path):
    path = in_two_folders(tmp_path, LAYOUTS["A B"])
    forth, back = (pairs(path, size=8, direction=direction).held_out for direction in ("ab", "ba"))
    assert check(forth) == check(back, "ba")


def test_two_folders_anywhere(tmp_path):
    for number in range(6):
        save(tmp_path / "photos" / f"{number}.png", (number, 0, 0))
        save(tmp_path / "labels" / f"{number}.bmp", (0, number, 200))
    split = pairs(str(tmp_path / "photos"), str(tmp_path / "labels"), size=8, held_out=2)
    assert (len(split.train), len(split.held_out)) == (4, 2)
    assert check(split.train) | check(split.held_out) == set(range(6))


class TestParts:
    @pytest.fixture(params=["side by side", "trainA trainB", "A/train B/train"])
    def path(self, request, tmp_path):
        """Numbers 0 to 9 are to train on, 10 to 12 are of val, and 13 to 14 of test."""
        parts = {"train": range(10), "val": range(10, 13), "test": range(13, 15)}
        if request.param == "side by side":
            side_by_side(tmp_path, [f"{part}/{n:02d}.png" for part, numbers in parts.items() for n in numbers])
        for part, numbers in parts.items() if request.param != "side by side" else ():
            layout = {"trainA trainB": "{part}{side}", "A/train B/train": "{side}/{part}"}[request.param]
            for n in numbers:
                for side, color in (("A", (n, 0, 0)), ("B", (0, n, 200))):
                    save(tmp_path / layout.format(part=part, side=side) / f"{n:02d}.png", color)
        return str(tmp_path)

    @pytest.mark.parametrize(
        ("held_out", "expected"),
        [(None, {13, 14}), ("test", {13, 14}), ("val", {10, 11, 12}), (0, set())],
    )
    def test_are_held_out(self, path, held_out, expected):
        split = pairs(path, size=8, held_out=held_out)
        assert check(split.train) == set(range(10))
        assert check(split.held_out) == expected if expected else len(split.held_out) == 0

    def test_are_of_the_train_part_by_number(self, path):
        split = pairs(path, size=8, held_out=3)
        assert len(split.held_out) == 3 and check(split.train) | check(split.held_out) == set(range(10))


def test_a_part_that_is_not_there(tmp_path):
    path = side_by_side(tmp_path, NAMES)
    with pytest.raises(DataError, match=r"held_out='val': expected a number .* there are: no parts"):
        pairs(path, size=8, held_out="val")


def test_nothing_bleeds_across_the_seam(tmp_path):
    """At any size: the halves are cut before they are resized."""
    image = Image.new("RGB", (94, 47), (255, 0, 0))
    image.paste((0, 0, 255), (47, 0, 94, 47))
    image.save(tmp_path / "0.png")
    for size in (7, 32, 47, 60):
        record = everything(pairs(str(tmp_path), size=size, held_out=0).train)
        for key, color in (("image", (255, 0, 0)), ("target", (0, 0, 255))):
            np.testing.assert_array_equal(record[key][0], np.broadcast_to(np.uint8(color), (size, size, 3)))


def test_grey_targets_beside_colored_inputs(tmp_path):
    """As in a folder of images: grey becomes RGB, unless one channel is asked for, on either side."""
    for number in range(5):
        save(tmp_path / "A" / f"{number}.png", (number, 0, 0))
        save(tmp_path / "B" / f"{number}.png", number)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        both = pairs(str(tmp_path), size=8, held_out=0).train
        grey = pairs(str(tmp_path), size=8, held_out=0, target_channels=1).train
        edges = pairs(str(tmp_path), size=8, held_out=0, channels=1, target_channels=3, direction="ba").train
    assert everything(both)["target"].shape == (5, 8, 8, 3)
    assert everything(grey)["target"].shape == (5, 8, 8, 1) and grey.image_shape == (8, 8, 3)
    assert edges.image_shape == (8, 8, 1) and everything(edges)["target"].shape == (5, 8, 8, 3)
    x, y = Stream(edges, 2, augment=("flip", "jitter")).batch(0, targets="target")
    assert x.shape == (2, 8, 8, 1) and y.shape == (2, 8, 8, 3)


def test_rectangles(tmp_path):
    save(tmp_path / "A" / "0.png", (9, 0, 0), (40, 20))
    save(tmp_path / "B" / "0.png", (0, 9, 0), (40, 20))
    train, _ = load_data("pairs", path=tmp_path, size=(8, 16), batch_size=1, held_out=0)
    x, y = train.batch(0, targets="target")
    assert x.shape == y.shape == (1, 8, 16, 3)
    side_by_side(tmp_path / "wide", ["0.png"])
    Image.new("RGB", (64, 16)).save(tmp_path / "wide" / "1.png")
    assert len(pairs(str(tmp_path / "wide"), size=(8, 16), held_out=0).train) == 2


def test_the_cache_is_read_again_and_one_side_does_not_sweep_the_other(tmp_path, monkeypatch):
    two, one = in_two_folders(tmp_path / "two", LAYOUTS["A B"]), side_by_side(tmp_path / "one", NAMES)
    before = [pairs(path, size=8).train.manifest() for path in (two, one)]
    monkeypatch.setattr("keras_genzoo.data.prepared.decode_all", None)
    assert [pairs(path, size=8).train.manifest() for path in (two, one)] == before
    assert len(list(Path(os.environ["GENZOO_CACHE"]).glob("*.npy"))) == 4
    assert before[0]["sha256"] == before[1]["sha256"] and before[0]["target_shape"] == [8, 8, 3]
    back = pairs(one, size=8, direction="ba").train.manifest()
    assert back["sha256"] != before[1]["sha256"]


@pytest.mark.parametrize("read", ["headers", "names"])
def test_without_decoding(tmp_path, read):
    for path in (in_two_folders(tmp_path / "two", LAYOUTS["A B"]), side_by_side(tmp_path / "one", NAMES)):
        train, held_out = pairs(path, size=8, read=read)
        assert check(train) | check(held_out) == set(range(20))
        assert "sha256" not in train.manifest()
    assert not list(Path(os.environ["GENZOO_CACHE"]).glob("*.npy"))


class TestFaults:
    def test_a_missing_partner_is_named_and_left_out(self, tmp_path):
        path = in_two_folders(tmp_path / "d", LAYOUTS["trainA trainB"])
        (tmp_path / "d" / "trainB" / "07.bmp").unlink()
        with pytest.warns(
            UserWarning, match=r"d/: 1 of 20 pairs cannot be used: trainA/07.png has no partner in d/ \(B"
        ):
            split = pairs(path, size=8)
        assert check(split.train) | check(split.held_out) == set(range(20)) - {7}
        with pytest.raises(DataError, match=r"trainA/07.png has no partner in d/ \(B\). None may be broken here"):
            pairs(path, size=8, max_broken=0)
        for read in ("headers", "names"):
            with pytest.raises(DataError, match=r"trainA/07.png has no partner"):
                pairs(path, size=8, max_broken=0, read=read)

    def test_no_partner_at_all(self, tmp_path):
        for number in range(3):
            save(tmp_path / "A" / f"{number}.png", (0, 0, 0))
            save(tmp_path / "B" / f"{number}_fake.png", (0, 0, 0))
        with pytest.raises(
            DataError, match=r"A/0.png has no partner in .* \(B\), nor has any other file: .*'unpaired'"
        ):
            pairs(str(tmp_path), size=8)

    def test_two_files_that_could_be_the_partner(self, tmp_path):
        path = in_two_folders(tmp_path, LAYOUTS["A B"], 3)
        save(tmp_path / "B" / "1.png", (0, 0, 0))
        save(tmp_path / "B" / "1.bmp", (0, 0, 0))
        with pytest.raises(DataError, match=r"B/1.png and B/1.bmp differ in their suffix alone"):
            pairs(path, size=8)

    def test_halves_of_different_sizes(self, tmp_path):
        path = side_by_side(tmp_path, NAMES, 64)
        Image.new("RGB", (129, 64)).save(tmp_path / "03.png")
        with pytest.warns(UserWarning, match="03.png is 129 pixels wide, which is odd: its halves are not of the same"):
            split = pairs(path, size=8)
        assert len(split.train) + len(split.held_out) == 19
        with pytest.raises(DataError, match=r"03.png is 129 pixels wide"):
            pairs(path, size=8, max_broken=0)

    def test_partners_of_other_proportions(self, tmp_path):
        path = in_two_folders(tmp_path, LAYOUTS["A B"])
        save(tmp_path / "B" / "03.bmp", (0, 0, 0), (24, 16))
        save(tmp_path / "B" / "04.bmp", (0, 4, 200), (32, 32))  # of another size alone
        message = r"A/03.png is 16x16, and B/03.bmp 24x16: of other proportions. They are left out"
        with pytest.warns(UserWarning, match=message):
            split = pairs(path, size=8)
        assert check(split.train) | check(split.held_out) == set(range(20)) - {3}
        with pytest.warns(UserWarning, match=message):  # it is known, too, of what was prepared before
            pairs(path, size=8)

    @pytest.mark.parametrize("side", ["A", "B"])
    def test_a_broken_image_takes_its_partner_with_it(self, tmp_path, side):
        path = in_two_folders(tmp_path, LAYOUTS["A B"])
        suffix = "png" if side == "A" else "bmp"
        (tmp_path / side / f"05.{suffix}").write_bytes(b"")
        with pytest.warns(UserWarning, match=f"1 of 20 pairs cannot be used: {side}/05.{suffix} is empty"):
            split = pairs(path, size=8)
        assert check(split.train) | check(split.held_out) == set(range(20)) - {5}

    def test_what_is_quarantined_takes_its_partner_with_it_in_silence(self, tmp_path):
        path = in_two_folders(tmp_path, LAYOUTS["A B"])
        (tmp_path / "quarantine.txt").write_text("A/05.png\nB/06.bmp\n")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            split = pairs(path, size=8, max_broken=0)
        assert check(split.train) | check(split.held_out) == set(range(20)) - {5, 6}

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda root: (root / "B").mkdir(),
                "/B holds no images, but .*/A has 1: images of both domains are expected",
            ),
            (lambda root: None, "/B is not there, but .*/A has 1: images of both domains are expected: sub-folders A"),
        ],
    )
    def test_an_empty_folder(self, tmp_path, make, message):
        save(tmp_path / "A" / "0.png", (0, 0, 0))
        make(tmp_path)
        with pytest.raises(DataError, match=message):
            pairs(str(tmp_path), size=8)

    def test_an_empty_second_folder(self, tmp_path):
        save(tmp_path / "photos" / "0.png", (0, 0, 0))
        (tmp_path / "labels").mkdir()
        with pytest.raises(DataError, match=r"labels is empty; expected .png"):
            pairs(str(tmp_path / "photos"), str(tmp_path / "labels"), size=8)

    @pytest.mark.parametrize("sides", [(16, 16), (40, 30)])
    def test_a_folder_of_ordinary_images(self, tmp_path, sides):
        for name in NAMES:
            save(tmp_path / name, (0, 0, 0), sides)
        message = f"00.png is {sides[0]}x{sides[1]}, and not two images side by side .* Expected files with both images"
        with pytest.raises(DataError, match=message):
            pairs(str(tmp_path), size=8)

    def test_images_of_neither_side_are_named(self, tmp_path):
        path = in_two_folders(tmp_path, LAYOUTS["A B"])
        save(tmp_path / "samples" / "x.png", (0, 0, 0))
        with pytest.warns(UserWarning, match="1 images are of neither domain and are left out: samples/x.png"):
            pairs(path, size=8)

    def test_a_batch_larger_than_the_data(self, tmp_path):
        with pytest.raises(DataError, match="batch_size=4 is larger than the data: d/ has 2 images"):
            load_data("pairs", in_two_folders(tmp_path / "d", LAYOUTS["A B"], 2), batch_size=4, size=8, held_out=0)

    def test_no_folder_and_no_direction(self, tmp_path):
        with pytest.raises(DataError, match="pairs: expected a folder: give --data FOLDER"):
            pairs()
        with pytest.raises(DataError, match="direction='aa': expected 'ab', from A to B, or 'ba'"):
            pairs(in_two_folders(tmp_path, LAYOUTS["A B"], 2), size=8, direction="aa")


REAL = os.environ.get("GENZOO_TEST_DATA", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "direction", "counts"), [("facades", "ba", (400, 106)), ("edges2shoesbags", "ab", None)]
)
def test_real_pairs(name, direction, counts):
    folder = Path(REAL) / name
    if not REAL or not folder.is_dir():
        pytest.skip(f"GENZOO_TEST_DATA names no folder with {name}")
    split = pairs(str(folder), size=32, direction=direction)
    assert counts is None or (len(split.train), len(split.held_out)) == counts
    x, y = Stream(split.train, 16, augment=("jitter", "flip")).batch(0, targets="target")
    assert x.shape == y.shape == (16, 32, 32, 3) and np.abs(x - y).mean() > 0.05
