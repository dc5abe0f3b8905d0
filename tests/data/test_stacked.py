import numpy as np

from keras_genzoo.data import ArraySource
from keras_genzoo.data.stacked import Stacked

RNG = np.random.default_rng(0)
GREY = ArraySource(RNG.integers(0, 256, (50, 8, 8, 1), "uint8"), label=np.arange(50) % 10)


def test_a_channel_is_an_image_and_the_label_its_digits():
    source = Stacked(GREY, range(20, 120), seed=1)
    found = source[np.arange(100)]
    assert found["image"].shape == (100, 8, 8, 3) and source.image_shape == (8, 8, 3) and len(source) == 100
    by_bytes = {image.tobytes(): number % 10 for number, image in enumerate(GREY[np.arange(50)]["image"])}
    digits = [[by_bytes[image[..., c].tobytes()] for c in range(3)] for image in found["image"]]
    np.testing.assert_array_equal(found["label"], np.array(digits) @ [100, 10, 1])
    np.testing.assert_array_equal(found["label"], source.labels)
    assert len(source.class_names) == 1000 and source.class_names[42] == "042"


def test_an_image_is_a_function_of_its_number_and_the_seed():
    whole, part = Stacked(GREY, range(100), 1), Stacked(GREY, range(40, 60), 1)
    np.testing.assert_array_equal(whole[np.array([47])]["image"], part[np.array([7])]["image"])
    assert (Stacked(GREY, range(100), 2).labels != whole.labels).any()
    assert whole.manifest() != part.manifest() != Stacked(GREY, range(40, 60), 2).manifest()


def test_modes_are_about_alike():
    counts = np.bincount(Stacked(GREY, range(26_000), 0).labels, minlength=1000)
    assert counts.min() > 5 and counts.max() < 60
