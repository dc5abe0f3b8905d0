"""What a model is given to learn from: whether its numbers lie where it expects them."""

import numpy as np


def range_of(images: np.ndarray) -> dict[str, float]:
    """The facts about a batch of images from which the rules about input tell an illness.

    Args:
        images: array of shape (n, height, width, channels), as the model is given them.

    Returns:
        `input.low` and `input.high` of what is finite (0 if nothing is), `input.not_finite`, the share of numbers that
        are not, and `input.variation`, the largest deviation of a pixel over the images.
    """
    images = np.asarray(images, "float64")
    finite = np.isfinite(images)
    seen = np.where(finite, images, 0.0)
    return {
        "input.low": float(images[finite].min()) if finite.any() else 0.0,
        "input.high": float(images[finite].max()) if finite.any() else 0.0,
        "input.not_finite": float(1.0 - finite.mean()),
        "input.variation": float(seen.std(axis=0).max()),
    }
