"""The kernel distance of two sets of features; KID, if Inception took them."""

import numpy as np

from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.metrics.moments import check_pair

_ROWS = 2048
"""Rows of one block of the kernel matrix, which is never in memory as a whole."""


def kernel_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Returns the unbiased squared maximum mean discrepancy of two sets of features, by the kernel `(x.y / d + 1)^3`.

    Use it beside the Fréchet distance where images are few: its mean does not depend on their number.

    Reference:
        Bińkowski et al. 2018, "Demystifying MMD GANs", section 4, arXiv:1801.01401.

    Args:
        real: float array of shape (n, d), n at least 2.
        generated: float array of shape (m, d), m at least 2.

    Returns:
        The distance; below zero as often as above it when the distributions are the same. Papers report it times 1000.

    Raises:
        ValueError: NaN or infinity, fewer than two rows, or vectors of two lengths.

    Example:
        >>> 1000 * kernel_distance(extractor(images), extractor(model.generate(10_000)))
    """
    real, generated = check_pair(real, generated, "kernel_distance", rows=2)
    return _distance(real, generated)


def kernel_distance_of_subsets(
    real: np.ndarray, generated: np.ndarray, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Mean and standard deviation of `kernel_distance` over random subsets, as KID is commonly reported.

    Reference:
        Bińkowski et al. 2018, "Demystifying MMD GANs", section 4, arXiv:1801.01401.

    Args:
        real: float array of shape (n, d).
        generated: float array of shape (m, d).
        subsets: integer, how many are drawn.
        subset_size: integer, rows of each, drawn without replacement; at most n and m.
        seed: integer, of the draws.

    Returns:
        (mean, standard deviation) of the subsets' distances.

    Raises:
        ValueError: as `kernel_distance`, or fewer rows than `subset_size`.
    """
    where = "kernel_distance_of_subsets"
    for name, value, low, high in (
        ("subsets", subsets, 1, None),
        ("subset_size", subset_size, 2, None),
        ("seed", seed, 0, SEEDS),
    ):
        integer_in(value, low, high, f"{where}: {name}")
    real, generated = check_pair(real, generated, where, rows=subset_size)
    rng = np.random.default_rng(seed)

    def drawn(features: np.ndarray) -> np.ndarray:
        return features[rng.choice(len(features), subset_size, replace=False)]

    distances = [_distance(drawn(real), drawn(generated)) for _ in range(subsets)]
    return float(np.mean(distances)), float(np.std(distances))


def _distance(real: np.ndarray, generated: np.ndarray) -> float:
    cross = sum(_kernel(rows, columns).sum() for rows in _blocks(real) for columns in _blocks(generated))
    cross /= len(real) * len(generated)
    return float(_mean_of_pairs(real) + _mean_of_pairs(generated) - 2.0 * cross)


def _mean_of_pairs(features: np.ndarray) -> float:
    """The mean of the kernel over pairs of two rows; the matrix is symmetric, so half of it is enough."""
    blocks = list(_blocks(features))
    total = 0.0
    for index, rows in enumerate(blocks):
        own = _kernel(rows, rows)
        total += own.sum() - np.trace(own)
        total += 2.0 * sum(_kernel(rows, columns).sum() for columns in blocks[index + 1 :])
    return total / (len(features) * (len(features) - 1))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    values = x.astype("float64") @ y.astype("float64").T
    values /= x.shape[1]
    values += 1.0
    return values * values * values


def _blocks(features: np.ndarray) -> list[np.ndarray]:
    return [features[start : start + _ROWS] for start in range(0, len(features), _ROWS)]
