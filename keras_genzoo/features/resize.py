"""Image resizing as the field's feature extractors do it: two matrix products, alike on every backend.

The conventions are up to 70 grey levels apart, so each extractor names its own. All of them are separable and linear,
so a height and a width each have a matrix of interpolation weights, and XLA compiles them like any product.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from keras_genzoo.registry import did_you_mean

Tensor = Any


def _box(x: np.ndarray) -> np.ndarray:
    return ((x > -0.5) & (x <= 0.5)).astype("float64")


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys 1981, doi:10.1109/TASSP.1981.1163711, equation 4, a = -1/2."""
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x * x + 1.0
    outer = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, inner, np.where(x < 2.0, outer, 0.0))


# Kernel and its radius; a kernel is widened by the factor of the reduction, which is what keeps aliases out.
_KERNELS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "box": (_box, 0.5),
    "bilinear": (_triangle, 1.0),
    "clean": (_cubic, 2.0),
}
METHODS = {
    "legacy": "bilinear without antialiasing, corners not aligned, as tf.compat.v1.image.resize_bilinear",
    "clean": "bicubic with antialiasing in float, clipped to 0..255, as clean-fid by Pillow",
    "bilinear": "bilinear with antialiasing in float, as Pillow",
    "box": "mean of the pixels under each new one, as Pillow",
}
"""The methods by name, and their words in protocols."""


@functools.lru_cache(maxsize=64)
def interpolation(method: str, size: int, target: int) -> np.ndarray:
    """The weights by which one axis is resized.

    Args:
        method: string, one of `METHODS`.
        size: integer, pixels along the axis.
        target: integer, pixels along it afterwards.

    Returns:
        float32 array of shape (target, size), read-only; each row sums to 1.

    Raises:
        ValueError: there is no such method.
    """
    if method not in METHODS:
        raise ValueError(f"there is no resize method {method!r}: {did_you_mean(method, METHODS)}")
    weights = _legacy(size, target) if method == "legacy" else _antialiased(method, size, target)
    weights.flags.writeable = False
    return weights


def _legacy(size: int, target: int) -> np.ndarray:
    """Rows of two weights at the positions `i * size / target`, in float32 as TensorFlow 1 has it."""
    position = np.arange(target, dtype="float32") * np.float32(size / target)
    low = np.minimum(position.astype("int64"), size - 1)
    fraction = position - low.astype("float32")
    weights, rows = np.zeros((target, size), "float32"), np.arange(target)
    np.add.at(weights, (rows, low), np.float32(1.0) - fraction)
    np.add.at(weights, (rows, np.minimum(low + 1, size - 1)), fraction)
    return weights


def _antialiased(method: str, size: int, target: int) -> np.ndarray:
    """Rows of the kernel at the centers of the new pixels, cut at the image's border and normalized, as in Pillow."""
    kernel, radius = _KERNELS[method]
    scale = size / target
    width = max(scale, 1.0)
    center = (np.arange(target)[:, None] + 0.5) * scale
    pixel = np.arange(size)[None, :]
    first = np.floor(np.maximum(center - radius * width + 0.5, 0.0))
    end = np.floor(np.minimum(center + radius * width + 0.5, size))
    weights = kernel((pixel + 0.5 - center) / width) * ((pixel >= first) & (pixel < end))
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")


def resize(images: Tensor, height: int, width: int, method: str) -> Tensor:
    """Resizes images for a feature extractor.

    Use it in an extractor of your own; the metrics' extractors call it already.

    Reference:
        "legacy": Heusel et al. 2017, arXiv:1706.08500, whose code resizes inside the TensorFlow 1 graph.
        "clean": Parmar et al. 2022, arXiv:2104.11222, section 3.

    Args:
        images: float32 tensor of shape (n, rows, columns, channels), whose rows and columns are known; in 0..255 for
            "clean", in any unit for the others.
        height: integer, rows afterwards.
        width: integer, columns afterwards.
        method: string, one of `METHODS`.

    Returns:
        float32 tensor of shape (n, height, width, channels).

    Raises:
        ValueError: there is no such method.

    Example:
        >>> resize(np.zeros((8, 64, 64, 3), "float32"), 299, 299, "legacy").shape
        (8, 299, 299, 3)
    """
    images = ops.cast(images, "float32")
    rows, columns = (
        ops.convert_to_tensor(interpolation(method, size, to))
        for size, to in zip(images.shape[1:3], (height, width), strict=True)
    )
    images = ops.einsum("jw,nhwc->nhjc", columns, images)
    images = ops.einsum("ih,nhjc->nijc", rows, images)
    return ops.clip(images, 0.0, 255.0) if method == "clean" else images
