"""Jitter, against a plain reference; what all augmentations have in common is in test_stream."""

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.data.augmentation import jitter
from keras_genzoo.images import from_pixels


def enlarged(image, large):
    """Pillow's bilinear filter, which enlarges by the centers of pixels."""
    planes = [Image.fromarray(image[..., channel]).resize(large[::-1], 2) for channel in range(image.shape[-1])]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


@pytest.mark.parametrize(
    ("shape", "large"), [((256, 256, 3), (286, 286)), ((32, 64, 1), (36, 72)), ((3, 5, 2), (4, 6))]
)
def test_jitter_is_a_crop_of_the_enlarged_image(shape, large):
    rng = np.random.default_rng(0)
    images, numbers = rng.uniform(-1, 1, (4, *shape)).astype("float32"), rng.random((4, 4))
    numbers[0], numbers[1] = 0.0, 1 - 1e-9
    before = images.copy()
    found = jitter(images, numbers)
    np.testing.assert_array_equal(images, before)
    assert found.dtype == "float32" and found.shape == images.shape
    height, width = shape[:2]
    for image, number, result in zip(images, numbers, found, strict=True):
        whole = enlarged(image, large)
        top, left = int(number[1] * (large[0] - height + 1)), int(number[2] * (large[1] - width + 1))
        np.testing.assert_allclose(result, whole[top : top + height, left : left + width], atol=2e-5)


def test_jitter_of_a_single_pixel_is_that_pixel():
    point = np.full((2, 1, 1, 2), 0.25, "float32")
    np.testing.assert_array_equal(jitter(point, np.random.default_rng(0).random((2, 4))), point)


def test_all_crops_come_and_about_equally_often():
    ramp = np.broadcast_to(np.arange(32, dtype="float32")[:, None, None] / 32, (600, 32, 32, 1))
    corners = Stream(ArraySource(ramp), 600, augment=("jitter",)).batch(0)[0][:, 16, 0, 0]
    values, counts = np.unique(corners.round(5), return_counts=True)
    assert len(values) == 36 - 32 + 1 and counts.min() > 80


@pytest.mark.parametrize(
    "augment", [("jitter",), ("flip", "jitter", "shift"), ("brightness_contrast", "jitter", "flip")]
)
def test_both_images_of_a_pair_are_moved_alike(augment):
    """A target that is a function of its input is so still: here, as all is linear, half of the first channel."""
    images = np.random.default_rng(0).uniform(-1, 1, (9, 16, 24, 3)).astype("float32")
    plain = tuple(name for name in augment if name != "brightness_contrast")
    pairs = ArraySource(images, target=images[..., :1] / 2)
    for first in (0, 9):
        x, y = Stream(pairs, 9, augment=augment).batch(first, targets="target")
        moved = x if plain == augment else Stream(pairs, 9, augment=plain).batch(first)[0]
        np.testing.assert_allclose(y, moved[..., :1] / 2, atol=1e-6)
        assert np.abs(x - Stream(pairs, 9).batch(first)[0]).max() > 0.1


def test_jitter_is_a_function_of_the_position():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype="uint8")
    one, other = (Stream(ArraySource(pixels), 3, augment=("jitter", "flip")) for _ in range(2))
    forward = [one.batch(first)[0] for first in range(0, 18, 3)]
    for first in reversed(range(0, 18, 3)):
        np.testing.assert_array_equal(other.batch(first)[0], forward[first // 3])
    assert not np.array_equal(np.sort(forward[0].ravel()), np.sort(forward[2].ravel()))
    (held_out,) = Stream(ArraySource(pixels), 6, shuffle=False, augment=("jitter",)).batch(0)
    np.testing.assert_array_equal(held_out, from_pixels(pixels))
