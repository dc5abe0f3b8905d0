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


class Classes(NamedTuple):
    """Classes that samples cover.

    Args:
        covered: integer, classes that have a sample.
        divergence: float, nats: KL(classes of samples || uniform).
    """

    covered: int
    divergence: float


def class_coverage(logits: np.ndarray) -> Classes:
    """Counts samples by their most probable class.

    Use it on stacked images, whose 1,000 modes are classes: with 26,000 samples, as papers do. A classifier's errors
    find modes that are not there: give the number of real images beside it.

    Reference: Metz et al. 2017, arXiv:1611.02163, section 3.3.1; Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761,
        section 4.2.

    Args:
        logits: float array of shape (n, classes).

    Raises:
        ValueError: the array has another shape, or is empty.

    Example:
        >>> class_coverage(classifier.with_logits(samples)[1]).covered
        998
    """
    if logits.ndim != 2 or not len(logits):
        raise ValueError(f"class_coverage: logits have shape {logits.shape}, but (n, classes) is expected, with n > 0.")
    counts = np.bincount(logits.argmax(axis=1), minlength=logits.shape[1])
    shares = counts[counts > 0] / counts.sum()
    return Classes(int((counts > 0).sum()), float(np.sum(shares * np.log(shares * len(counts)))))


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
