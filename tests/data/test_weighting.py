"""Sample weights: the order they give, the streams that follow them, and tables of them that do not fit."""

import numpy as np
import pytest

from keras_genzoo.data import ArraySource, DataError, Stream
from keras_genzoo.data.weighting import from_csv, index_of, names_of, to_csv, weighted_order

PIXELS = np.zeros((12, 4, 4, 1), "uint8")
WEIGHTS = np.array([5.0, 0.5, 0.5, 0, 1, 1, 1, 1, 1, 1, 0, 0])


def source(named=False):
    names = {"names": [f"{number:02d}.png" for number in range(12)]} if named else {}
    return ArraySource(PIXELS, label=np.arange(12), name="faces/", **names)


def stream(**arguments):
    return Stream(source(), 3, seed=4, weights=WEIGHTS, **arguments)


def numbers(one, positions, turns=1):
    size = turns * one.batch_size
    return np.concatenate([one.batch(position * size, size, targets="label")[1] for position in positions])


def test_an_epoch_draws_each_image_in_proportion_to_its_weight():
    counts = np.array([np.bincount(weighted_order(WEIGHTS / 12, 7, epoch), minlength=12) for epoch in range(400)])
    assert (counts.sum(axis=1) == 12).all()
    assert (counts >= np.floor(WEIGHTS)).all() and (counts <= np.ceil(WEIGHTS)).all()
    np.testing.assert_allclose(counts.mean(axis=0), WEIGHTS, atol=0.1)


def test_orders_differ_by_epoch_and_seed_and_come_again():
    orders = [weighted_order(np.full(50, 0.02), seed, epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    assert weighted_order(np.full(50, 0.02), 1, 1).tolist() == orders[-1]
    assert sorted(orders[0]) == list(range(50))  # alike, they are each drawn once


def test_a_stream_goes_on_from_any_position():
    whole = numbers(stream(), range(40))
    np.testing.assert_array_equal(numbers(stream(), range(17, 40)), whole[3 * 17 :])
    np.testing.assert_array_equal(numbers(stream(), range(20), turns=2), whole)
    assert 3 not in whole and (whole == 0).sum() == 50
    assert (numbers(stream().reordered(1), range(40)) == 0).sum() == 50


def test_an_image_that_comes_twice_is_augmented_otherwise():
    image = np.random.default_rng(0).integers(60, 200, (1, 8, 8, 1), "uint8")
    one = Stream(ArraySource(np.repeat(image, 6, axis=0)), 6, augment=("brightness_contrast",), weights=np.eye(6)[0])
    first, second = one.batch(0)[0], one.batch(6)[0]
    assert len({x.tobytes() for x in (*first, *second)}) == 12
    halves = Stream(one.source, 3, augment=("brightness_contrast",), weights=one.weights)
    np.testing.assert_array_equal(np.concatenate([halves.batch(0)[0], halves.batch(3)[0]]), first)


@pytest.mark.parametrize("named", [False, True])
def test_tables_are_read_as_they_were_written(named):
    images = source(named)
    text = to_csv({"weight": [f"{weight:.9g}" for weight in WEIGHTS]}, names_of(images))
    assert text.splitlines()[1] == ("00.png,5" if named else "0,5")
    header, *rows = text.splitlines()
    for shuffled in (text, "\n".join([header, *rows[::-1]]), "\ufeff" + text.replace("\n", "\r\n")):
        np.testing.assert_allclose(from_csv(shuffled, images, "w.csv"), WEIGHTS / 12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a line of column names"),
        ("index,weight\n", "a line for each image"),
        ("index,index\n0,1\n", "all different"),
        ("index,weight\n0\n", "row 1 has 1 cells, but there are 2 columns"),
        ('index,weight\n"0,1\n', "w.csv is not CSV"),
        ("file,weight\n0,1\n", "has the columns file, weight, but 'index' and 'weight' are expected"),
        ("index,weight\n0,1\n", "has weights of 1 images, but faces/ has 12 to train on"),
        (to_csv({"weight": [1] * 12}, [str(n + 1) for n in range(12)]).replace("file", "index"), "such as index '0'"),
        (to_csv({"weight": ["many"] * 12}, None), "could not convert string to float: 'many'"),
        (to_csv({"weight": [-1] * 12}, None), "expected finite numbers >= 0"),
        (to_csv({"weight": ["nan"] * 12}, None), "expected finite numbers >= 0"),
        (to_csv({"weight": [0] * 12}, None), "sum to 0"),
    ],
)
def test_tables_that_do_not_fit(text, message):
    with pytest.raises(DataError, match=message) as error:
        from_csv(text, source(), "w.csv")
    assert "w.csv" in str(error.value) and "\n" not in str(error.value)


def test_numbers_are_of_the_images_that_they_were_made_of():
    text = to_csv({"weight": WEIGHTS}, None, index_of(source()))
    np.testing.assert_allclose(from_csv(text, source(), "w.csv"), WEIGHTS / 12)
    others = ArraySource(PIXELS + 1, label=np.arange(12), name="faces/")
    with pytest.raises(DataError, match=r"w\.csv has weights of other images than those of faces/ to train on"):
        from_csv(text, others, "w.csv")
    moved = ArraySource(PIXELS, name="elsewhere/", manifest={"name": "elsewhere/", "pillow": "12", "sha256": "0"})
    same = ArraySource(PIXELS, name="faces/", manifest={"sha256": "0", "name": "faces/", "pillow": "11"})
    assert index_of(moved) == index_of(same) != index_of(source())


def test_weights_that_do_not_fit():
    with pytest.raises(DataError, match=r"weights have shape \(11,\), but \(12,\) is expected"):
        Stream(source(), 3, weights=WEIGHTS[:-1])
    with pytest.raises(DataError, match="weights are for training"):
        Stream(source(), 3, shuffle=False, weights=WEIGHTS)
