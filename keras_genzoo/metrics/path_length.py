"""Perceptual path length: how fast images change on the way between latents."""

import numpy as np

STEP = 1e-4
"""The part of the way over which the change is measured: Karras et al. 2019, section 4.1."""
_REJECTED = 1  # percent of the longest and of the shortest, which the authors' code leaves out


def perceptual_path_length(before: np.ndarray, after: np.ndarray, step: float = STEP) -> float:
    """Returns the mean squared speed of features on the way between latents: the less, the smoother.

    Use it to see whether latents that lie side by side make images that are alike; with the same features, other models
    and spaces can be compared. Features are scaled to length 1; a hundredth of the steps at each end is left out.

    Reference: Karras et al. 2019, arXiv:1812.04948, section 4.1.

    Differs from the paper: it measures by LPIPS, the distances of features of several layers of VGG.

    Args:
        before: float array (n, size), features of images at random places on the ways.
        after: float array (n, size), those of images that lie `step` further on.
        step: float, a part of the way.

    Returns:
        The mean of |f(after) - f(before)|^2 / step^2.

    Raises:
        ValueError: the arrays have different shapes, or are empty.

    Example:
        >>> perceptual_path_length(features(images_at(t)), features(images_at(t + 1e-4)))
    """
    if before.shape != after.shape or before.ndim != 2 or not len(before):
        raise ValueError(
            f"perceptual_path_length: features have shapes {before.shape} and {after.shape}, but (n, size) is "
            "expected, the same for both."
        )
    first, second = (_of_length_one(np.asarray(part, "float64")) for part in (before, after))
    lengths = np.sum((second - first) ** 2, axis=1) / step**2
    low = np.percentile(lengths, _REJECTED, method="lower")
    high = np.percentile(lengths, 100 - _REJECTED, method="higher")
    return float(lengths[(low <= lengths) & (lengths <= high)].mean())


def _of_length_one(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
