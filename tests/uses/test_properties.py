"""Properties of images by name, and the picture of extremes."""

import numpy as np
import pytest

from keras_genzoo.data import ArraySource, load_split
from keras_genzoo.uses.extremes import extremes
from keras_genzoo.uses.properties import names_of_properties, properties

IMAGES = np.arange(6, dtype="uint8").reshape(6, 1, 1, 1) * np.ones((1, 2, 2, 1), "uint8")


def test_factors_and_labels():
    source = load_split("drawn_faces", size=16, num_images=5).train
    record = source[np.arange(5)]
    found = properties(record, source)
    assert "label" not in found  # it is the hair style
    assert found["hat"].classes[0] == "none" and found["smile"].classes == ()
    np.testing.assert_array_equal(found["hair_style"].values, record["label"])
    source = ArraySource(IMAGES, label=[0, 1, 0, 2, 0, 0])
    assert properties(source[np.arange(6)], source)["label"].classes == ("0", "1", "2")


def test_columns_of_a_table():
    source = ArraySource(IMAGES, names=[f"{n}.png" for n in range(6)])
    ages = ["3", "4.5", "", "8", "9", "1"]
    table = {f"{n}.png": {"age": ages[n], "hat": "yes" if n % 2 else "no"} for n in range(6)}
    found = properties(source[np.arange(6)], source, table)
    np.testing.assert_array_equal(found["age"].values, [3, 4.5, np.nan, 8, 9, 1])
    assert found["hat"].classes == ("no", "yes") and found["hat"].values.tolist() == [0, 1, 0, 1, 0, 1]
    table["4.png"]["hat"] = "NaN"
    del table["3.png"]
    found = properties(source[np.arange(6)], source, table)
    np.testing.assert_array_equal(found["age"].values, [3, 4.5, np.nan, np.nan, 9, 1])
    np.testing.assert_array_equal(found["hat"].values, [0, 1, 0, np.nan, np.nan, 1])
    assert list(properties(source[np.array([2, 3])], source, table)) == ["hat"]  # of their age nothing is known
    assert properties(source[np.array([3])], source, table) == {}
    assert names_of_properties(source, table) == ["age", "hat"]


def test_a_file_name_alone_stands_for_images_in_folders():
    source = ArraySource(IMAGES[:3], names=["a/1.png", "b/1.png", "b/2.png"])
    table = {"1.png": {"hat": "yes"}, "2.png": {"hat": "no"}, "b/1.png": {"hat": "no"}}
    assert properties(source[np.arange(3)], source, table)["hat"].values.tolist() == [1, 0, 0]


def test_names_are_known_before_the_images():
    source = load_split("drawn_faces", size=16, num_images=5).train
    assert set(properties(source[np.arange(5)], source)) <= set(names_of_properties(source))
    assert names_of_properties(ArraySource(IMAGES, label=[0, 1, 0, 2, 0, 0])) == ["label"]
    assert names_of_properties(ArraySource(IMAGES)) == []


def test_extremes_have_the_highest_above():
    sheet = extremes(ArraySource(IMAGES), np.array([5, 0, 3, 1, 4, 2]), each=2, columns=2)
    assert sheet.shape == (2 + 12 + 2, 2 + 2 + 2, 1)
    assert [sheet[0, 0, 0], sheet[0, -1, 0]] == [0, 4] and [sheet[-1, 0, 0], sheet[-1, -1, 0]] == [1, 3]
    assert extremes(ArraySource(IMAGES), np.arange(6)).shape[0] == 2 + 12 + 2  # three each
    with pytest.raises(ValueError, match="5 values of 6 images"):
        extremes(ArraySource(IMAGES), np.arange(5))
