"""Zhao et al. 2020, section 3."""

import types

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import backend
from keras_genzoo.layers.augmentation import DiffAugment, color, cutout, translation

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (3, 16, 8, 3)).astype("float32")
ALL = ("color", "translation", "cutout")


def drawn(*rows):
    return ops.convert_to_tensor(np.array(rows, "float32"))


def array(tensor):
    return ops.convert_to_numpy(tensor)


def augmented(augmentation, images, seed):
    return augmentation(images, augmentation.draw(images, seed))


def gradient(function, x):
    nothing = types.SimpleNamespace(variables=[])
    return array(backend.input_gradient(function, ops.convert_to_tensor(x), nothing))


def seeds():
    return keras.random.SeedGenerator(0)


def test_color_in_the_middle_is_no_change():
    np.testing.assert_allclose(array(color(X, drawn(*[[0.5] * 3] * 3))), X, atol=1e-6)


def test_brightness_saturation_and_contrast():
    brighter, gray, flat = array(color(X, drawn([0.9, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0])))
    np.testing.assert_allclose(brighter, X[0] + 0.4, atol=1e-6)
    np.testing.assert_allclose(gray, np.repeat(X[1].mean(axis=2, keepdims=True), 3, axis=2), atol=1e-6)
    np.testing.assert_allclose(flat, X[2].mean() + 0.5 * (X[2] - X[2].mean()), atol=1e-6)


def translated(image, down, right):
    """An image that was translated, with zeros at the border."""
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
    return np.roll(padded, (down, right), axis=(0, 1))[2:-2, 2:-2]


def test_translation_moves_by_whole_pixels():
    """A side of 16 by -2..2, one of 8 by -1..1, each as likely."""
    found = array(translation(X, drawn([0.0, 0.5], [0.99, 0.0], [0.65, 1.0])))
    for image, original, (down, right) in zip(found, X, [(-2, 0), (2, -1), (1, 1)], strict=True):
        np.testing.assert_array_equal(image, translated(original, down, right))


def test_cutout_is_half_the_height_and_width():
    """Its first row is one of -4..12 less one half: the middle one of 17 has it in the middle."""
    middle, corner, last = array(cutout(np.ones_like(X), drawn([0.5, 0.5], [0.0, 0.0], [1.0, 1.0])))
    expected = np.ones((16, 8, 3), "float32")
    expected[4:12, 2:6] = 0
    np.testing.assert_array_equal(middle, expected)
    assert (corner[:4, :2] == 0).all() and corner.sum() == 3 * (16 * 8 - 4 * 2)
    assert (last[12:, 6:] == 0).all() and last.sum() == 3 * (16 * 8 - 4 * 2)
    np.testing.assert_array_equal(array(cutout(X, drawn(*[[0.5, 0.5]] * 3)))[:, :4], X[:, :4])


def test_gradients_go_where_pixels_came_from():
    weights = RNG.standard_normal(X.shape).astype("float32")
    places = drawn([0.0, 0.5], [0.99, 0.0], [0.65, 1.0])
    found = gradient(lambda x: weights * translation(x, places), X)
    for image, weight, (down, right) in zip(found, weights, [(-2, 0), (2, -1), (1, 1)], strict=True):
        np.testing.assert_array_equal(image, translated(weight, -down, -right))
    hole = array(cutout(np.ones_like(X), places))
    np.testing.assert_array_equal(gradient(lambda x: weights * cutout(x, places), X), weights * hole)
    np.testing.assert_allclose(gradient(lambda x: color(x, drawn(*[[0.1, 0.5, 0.5]] * 3)), X), 1.0, atol=1e-5)


def test_each_image_is_changed_in_its_own_way():
    augmentation, same = DiffAugment(ALL), np.repeat(X[:1], 64, axis=0)
    generator = seeds()
    one, other = (array(augmented(augmentation, same, generator)) for _ in range(2))
    assert one.shape == same.shape and one.dtype == "float32"
    assert len({image.tobytes() for image in [*one, *other]}) == 128
    assert augmentation.weights == []


def test_the_same_numbers_do_the_same():
    augmentation = DiffAugment(ALL)
    numbers = augmentation.draw(X, seeds())
    np.testing.assert_array_equal(array(augmentation(X, numbers)), array(augmentation(X, numbers)))


def test_operations_come_in_their_order():
    shifted = array(augmented(DiffAugment(("translation",)), np.ones((256, 16, 16, 1), "float32"), seeds()))
    assert set(np.unique(shifted)) == {0.0, 1.0}
    rows = (shifted.max(axis=(2, 3)) > 0).sum(axis=1)
    assert set(rows) == {14, 15, 16}  # as many are moved by -2 to 2
    assert 0.1 < (rows == 16).mean() < 0.3


def test_its_config():
    assert DiffAugment.from_config(DiffAugment(("cutout",)).get_config()).operations == ("cutout",)


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"no operation 'colour'; did you mean 'color'"):
        DiffAugment(("colour",))
