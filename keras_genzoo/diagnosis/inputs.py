"""The range of training images: whether it is the one that models expect."""

import numpy as np


def range_of(images: np.ndarray) -> dict[str, float]:
    """Returns the measures of a batch of images that the rules about input test.

    Args:
        images: array of shape (n, height, width, channels), as the model gets them.

    Returns:
        `input.low` and `input.high` of what is finite (0 if nothing is), `input.not_finite`, the fraction of pixels
        that are not, and `input.variation`, the largest deviation of a pixel over the images.
    """
    images = np.asarray(images, "float64")
    finite = np.isfinite(images)
    kept = np.where(finite, images, 0.0)
    return {
        "input.low": float(images[finite].min()) if finite.any() else 0.0,
        "input.high": float(images[finite].max()) if finite.any() else 0.0,
        "input.not_finite": float(1.0 - finite.mean()),
        "input.variation": float(kept.std(axis=0).max()),
    }
