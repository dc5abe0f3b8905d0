"""Modes of a known mixture: the number that samples cover, and the fraction of samples near a mode."""

from typing import NamedTuple

import numpy as np

DEVIATIONS = 3.0
"""Standard deviations within which a sample is good."""


class Modes(NamedTuple):
    """Modes that samples of a mixture cover.

    Args:
        covered: integer, modes that have a good sample.
        good: float, the fraction of samples that are good.
        divergence: float, nats: KL(modes among good samples || uniform); infinite without good samples.
    """

    covered: int
    good: float
    divergence: float


def mode_coverage(points: np.ndarray, centers: np.ndarray, deviation: float) -> Modes:
    """Counts samples at the nearest mode; a sample is good within three standard deviations of it.

    Use it on mixtures drawn by code, where collapse can be counted: with 2,500 samples of 25 modes, as papers do.

    Reference: Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761, section 4.1; the divergence: Lin et al. 2018 (PacGAN),
        arXiv:1712.04086, section 4.1.

    Args:
        points: float array of shape (n, d).
        centers: float array of shape (modes, d).
        deviation: float, the standard deviation of each mode along each axis.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> mode_coverage(points, gaussians.CENTERS, gaussians.DEVIATION).covered
        25
    """
    points, centers = np.asarray(points, "float64"), np.asarray(centers, "float64")
    if points.ndim != 2 or not len(points) or points.shape[1:] != centers.shape[1:]:
        raise ValueError(
            f"mode_coverage: points have shape {points.shape}, but (n, {centers.shape[1]}) is expected, with n > 0."
        )
    if not np.isfinite(points).all() or not deviation > 0:
        what = f"deviation={deviation!r}" if not deviation > 0 else "points with NaN or infinity"
        raise ValueError(f"mode_coverage: got {what}, but finite points and a deviation above 0 are expected.")
    distances = np.linalg.norm(points[:, None] - centers[None], axis=-1)
    nearest, good = distances.argmin(axis=1), distances.min(axis=1) <= DEVIATIONS * deviation
    counts = np.bincount(nearest[good], minlength=len(centers))
    fractions = counts[counts > 0] / max(1, counts.sum())
    divergence = float(np.sum(fractions * np.log(fractions * len(centers)))) if len(fractions) else float("inf")
    return Modes(int((counts > 0).sum()), float(good.mean()), divergence)
