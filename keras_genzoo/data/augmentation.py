"""Augmentations: what is done to images on their way into a batch, as functions of the images and of random numbers."""

from collections.abc import Callable

import numpy as np

from keras_genzoo.registry import Registry

AUGMENTATIONS: Registry[Callable[..., np.ndarray]] = Registry("augmentation")
"""Functions (images, numbers) -> images of float32 (n, height, width, channels) and uniform numbers (n, 4)."""


@AUGMENTATIONS.register("flip")
def flip(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Mirrors half of the images, left to right."""
    return np.where(numbers[:, 0, None, None, None] < 0.5, images[:, :, ::-1], images)


@AUGMENTATIONS.register("shift")
def shift(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Moves each image by whole pixels, up to 1/16 of its size either way; the border is mirrored."""
    moved = images
    for axis in (1, 2):
        size = images.shape[axis]
        reach = max(1, size // 16)
        offset = np.floor(numbers[:, axis] * (2 * reach + 1)).astype(int) - reach
        place = np.abs(np.arange(size) + offset[:, None])
        place = np.where(place >= size, 2 * (size - 1) - place, place)
        shape = [len(images), 1, 1, 1]
        shape[axis] = size
        moved = np.take_along_axis(moved, place.reshape(shape), axis=axis)
    return moved


@AUGMENTATIONS.register("brightness_contrast")
def brightness_contrast(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Changes brightness and contrast, each by up to a tenth of the range."""
    brightness, contrast = 0.2 * (numbers[:, :2, None, None, None] - 0.5).swapaxes(0, 1)
    return np.clip(images * (1.0 + contrast) + brightness, -1.0, 1.0).astype("float32")


@AUGMENTATIONS.register("jitter")
def jitter(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Enlarges each image by 286/256, at least by a pixel, and crops it at random to its size before.

    Reference: Isola et al. 2017 (pix2pix), arXiv:1611.07004, appendix 6.2: 256 x 256 resized to 286 x 286 and cropped.
    """
    rows = np.arange(len(images))[:, None]
    for axis in (1, 2):
        size = images.shape[axis]
        large = max(size + 1, round(size * 286 / 256))
        offset = np.floor(numbers[:, axis, None] * (large - size + 1))
        # Bilinear, by the centers of pixels; what the crop leaves out is never computed.
        place = np.clip((offset + np.arange(size) + 0.5) * (size / large) - 0.5, 0, size - 1)
        low = place.astype(int)
        high = np.minimum(low + 1, size - 1)
        fraction = (place - low).astype("float32")
        if axis == 1:
            first, second, fraction = images[rows, low], images[rows, high], fraction[:, :, None, None]
        else:
            lines = np.arange(images.shape[1])[:, None]
            first, second = (images[rows[..., None], lines, column[:, None]] for column in (low, high))
            fraction = fraction[:, None, :, None]
        second -= first  # both are copies
        second *= fraction
        second += first
        images = second
    return images


GEOMETRIC = ("flip", "shift", "jitter")
"""The augmentations that a paired image must undergo too, by the same numbers."""
