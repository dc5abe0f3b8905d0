"""Sources made of arrays, parts of them, and the stable held-out part."""

import json

import numpy as np
import pytest

from keras_genzoo.data.source import ArraySource, DataError, Source, Subset, hold_out

IMAGES = np.arange(5 * 4 * 4 * 3, dtype="uint8").reshape(5, 4, 4, 3)
NAMES = [f"{number:05d}.png" for number in range(1000)]


def thousand() -> ArraySource:
    return ArraySource(np.zeros((1000, 1, 1, 1), "uint8"), names=NAMES, name="faces/")


def names_of(part: Source) -> list[str]:
    return list(part[np.arange(len(part))]["name"])


def test_arrays_come_back_by_position():
    factors = np.linspace(0, 1, 10).reshape(5, 2)
    source = ArraySource(
        IMAGES, [[4], [3], [2], [1], [0]], IMAGES[::-1], class_names="abcde", factors=factors, factor_names=("u", "v")
    )
    batch = source[np.array([3, 1, 1])]
    np.testing.assert_array_equal(batch["image"], IMAGES[[3, 1, 1]])
    np.testing.assert_array_equal(batch["target"], IMAGES[[1, 3, 3]])
    np.testing.assert_array_equal(batch["label"], [1, 3, 3])
    np.testing.assert_allclose(batch["factors"], factors[[3, 1, 1]], rtol=1e-6)
    assert (batch["image"].dtype, batch["label"].dtype, batch["factors"].dtype) == ("uint8", "int32", "float32")
    assert isinstance(source, Source)
    assert (len(source), source.image_shape, source.class_names) == (5, (4, 4, 3), tuple("abcde"))
    assert source.factor_names == ("u", "v")


def test_floats_in_range_pass_as_float32():
    image = np.linspace(-1, 1, 48).reshape(1, 4, 4, 3)
    passed = ArraySource(image)[np.array([0])]["image"]
    assert passed.dtype == "float32"
    np.testing.assert_allclose(passed, image, atol=1e-6)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((5, 28, 28), "uint8"), r"image has shape \(5, 28, 28\).*x\[\.\.\., None\]"),
        (np.zeros((5, 3, 64, 64), "uint8"), r"expected \(n, height, width, 1 to 4 channels\): put the channels last"),
        (np.zeros((5, 4, 4, 3), "int64"), r"is int64, expected uint8, or floats in \[-1, 1\]: use x.astype"),
        (np.full((5, 4, 4, 3), 255.0), r"lies in \[255, 255\], expected floats in \[-1, 1\].*x / 127.5 - 1"),
        (np.full((5, 4, 4, 3), np.nan), r"lies in \[nan, nan\]"),
    ],
)
def test_images_that_are_none(image, message):
    with pytest.raises(DataError, match=message):
        ArraySource(image)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": np.zeros(5)}, r"label is float64 of shape \(5,\), expected integers"),
        ({"label": [0, 1, 2, 3, 7], "class_names": "abc"}, r"label lies in \[0, 7\], expected 0 to 2"),
        ({"label": [0, 1, 2, 3, -2]}, r"label lies in \[-2, 3\], expected 0 to"),
        ({"label": [0, 1, 2]}, "mine: 5 images, but 3 in label"),
        ({"target": IMAGES[:2]}, "mine: 5 images, but 2 in target"),
        ({"target": IMAGES / 1.0}, r"mine: target lies in \[0, 239\]"),
    ],
)
def test_columns_that_do_not_fit(arguments, message):
    with pytest.raises(DataError, match=message):
        ArraySource(IMAGES, name="mine", **arguments)


def test_a_manifest_tells_contents_apart():
    manifests = [ArraySource(IMAGES), ArraySource(IMAGES, label=range(5)), ArraySource(IMAGES[::-1])]
    texts = {json.dumps(source.manifest()) for source in manifests}
    assert len(texts) == 3
    assert ArraySource(IMAGES[::-1][::-1]).manifest() == manifests[0].manifest()


def test_a_subset_is_those_positions():
    part = Subset(ArraySource(IMAGES, name="mine"), [4, 0, 2])
    np.testing.assert_array_equal(part[np.array([0, 2])]["image"], IMAGES[[4, 2]])
    assert (len(part), part.name, part.image_shape) == (3, "mine", (4, 4, 3))
    assert part.manifest()["count"] == 3
    assert part.manifest() != Subset(part.source, [0, 2, 4]).manifest()


@pytest.mark.parametrize(("held_out", "count"), [(1, 1), (100, 100), (999, 999), (0.1, 90), (0.9, 894)])
def test_a_part_is_held_out(held_out, count):
    train, held = hold_out(thousand(), NAMES, held_out)
    assert len(held) == count
    assert sorted(names_of(train) + names_of(held)) == NAMES
    assert names_of(train) == sorted(names_of(train))


def test_the_held_out_part_is_the_same_for_ever():  # by `printf NAME | sha256sum | sort`
    assert names_of(hold_out(thousand(), NAMES, 3).held_out) == ["00371.png", "00395.png", "00478.png"]


def test_a_smaller_part_lies_in_a_larger_one():
    small, large = (set(names_of(hold_out(thousand(), NAMES, held_out).held_out)) for held_out in (50, 0.1))
    assert small < large


def test_new_files_move_no_others_between_the_parts_of_a_share():
    half = ArraySource(np.zeros((500, 1, 1, 1), "uint8"), names=NAMES[::2], name="faces/")
    before, after = hold_out(half, NAMES[::2], 0.1), hold_out(thousand(), NAMES, 0.1)
    assert set(names_of(before.held_out)) == set(names_of(after.held_out)) & set(NAMES[::2])
    assert set(names_of(before.train)) < set(names_of(after.train))


@pytest.mark.parametrize(("share", "count"), [(1e-6, 1), (1 - 1e-6, 2)])
def test_no_share_of_few_images_leaves_a_part_empty(share, count):
    names = ["a", "b", "c"]
    split = hold_out(ArraySource(np.zeros((3, 1, 1, 1), "uint8"), names=names), names, share)
    assert (len(split.train), len(split.held_out)) == (3 - count, count)


def test_names_need_not_be_unicode():
    names = ["a", "b\udcff"]
    assert len(hold_out(ArraySource(np.zeros((2, 1, 1, 1), "uint8"), names=names), names, 1).train) == 1


@pytest.mark.parametrize("held_out", [-1, -0.5, 1.0, 1.5, float("nan"), True, "100", None])
def test_what_cannot_be_held_out(held_out):
    with pytest.raises(DataError, match=r"faces/: held_out=.* must be a number of images, 0 or more, or a fraction"):
        hold_out(thousand(), NAMES, held_out)


@pytest.mark.parametrize("held_out", [1000, 5000])
def test_something_must_remain_to_train_on(held_out):
    with pytest.raises(DataError, match="leaves none of the 1000 images to train on: hold out fewer"):
        hold_out(thousand(), NAMES, held_out)
