"""Errors of pairs of images: mean absolute and squared error, PSNR and SSIM, a number for each pair.

All of them are taken on the scale 0..1, whatever the images come as, so their values can be compared.
"""

import numpy as np
from scipy import ndimage

from keras_genzoo import images

WINDOW = 11
"""Pixels along each side of the window of SSIM."""
SIGMA = 1.5
C1, C2 = 0.01**2, 0.03**2


def l1(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean absolute difference of each pair of images.

    Args:
        x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
        y: array of the same shape, uint8 or float in [-1, 1].

    Returns:
        float64 array of shape (n,): the mean over pixels and channels, on the scale 0..1: half of what a loss on images
        in [-1, 1] is.

    Raises:
        ValueError: the shapes differ, or floats leave [-1, 1].
    """
    x, y = _pair(x, y, "l1")
    return np.mean(np.abs(x - y), axis=(1, 2, 3))


def mse(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean squared error of each pair of images, also called reconstruction error (RE).

    Args:
        x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
        y: array of the same shape, uint8 or float in [-1, 1].

    Returns:
        float64 array of shape (n,): the mean over pixels and channels, on the scale 0..1.

    Raises:
        ValueError: the shapes differ, or floats leave [-1, 1].
    """
    x, y = _pair(x, y, "mse")
    return np.mean((x - y) ** 2, axis=(1, 2, 3))


def psnr(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each pair of images, in decibels: `-10 log10(mse)`, the peak being 1.

    The PSNR of a set is the mean of these; `keras.ops.psnr` pools the squared error of the set first, which gives
    another number. An identical pair has infinite PSNR: leave it out of a mean, and report the number of such pairs.

    Args:
        x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
        y: array of the same shape, uint8 or float in [-1, 1].

    Returns:
        float64 array of shape (n,); infinity for identical pairs.
    """
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(mse(x, y))


def ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Structural similarity of each pair of images; 1 if they are identical.

    Gaussian window of 11 pixels with sigma 1.5, population covariance, only where the window lies inside the image,
    each channel for itself, then the mean over pixels and channels.

    Reference:
        Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity", section III.B.

    Args:
        x: array of shape (n, height, width, channels), uint8 or float in [-1, 1]; at least 11 pixels each side.
        y: array of the same shape, uint8 or float in [-1, 1].

    Returns:
        float64 array of shape (n,), values in [-1, 1].

    Raises:
        ValueError: the shapes differ, the images are smaller than the window, or floats leave [-1, 1].
    """
    x, y = _pair(x, y, "ssim")
    if min(x.shape[1:3]) < WINDOW:
        raise ValueError(
            f"ssim: images have {x.shape[1]} x {x.shape[2]} pixels, but its window needs {WINDOW} each side."
        )
    mean_x, mean_y = _windowed(x), _windowed(y)
    variance_x = _windowed(x * x) - mean_x**2
    variance_y = _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    contrast_structure = (2 * covariance + C2) / (variance_x + variance_y + C2)
    return np.mean(luminance * contrast_structure, axis=(1, 2, 3))


def _windowed(x: np.ndarray) -> np.ndarray:
    """The Gaussian-weighted mean of each window that lies inside the image."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * (offsets / SIGMA) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        x = ndimage.correlate1d(x, weights, axis=axis)
    margin = WINDOW // 2
    return x[:, margin : x.shape[1] - margin, margin : x.shape[2] - margin]


def _pair(x: np.ndarray, y: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or x.ndim != 4:
        raise ValueError(f"{where}: got shapes {x.shape} and {y.shape}, expected (n, height, width, channels) twice.")
    return _unit(x, where), _unit(y, where)


def _unit(x: np.ndarray, where: str) -> np.ndarray:
    """Pixels on the scale 0..1 in float64."""
    if x.dtype == np.uint8:
        return x / 255.0
    return (images.check_range(x, where).astype("float64") + 1.0) / 2.0
