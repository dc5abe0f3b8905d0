"""The Fréchet distance of two sets of features; FID, if Inception took them."""

from typing import Any

import numpy as np
from scipy import linalg

from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.metrics.moments import Moments, check_features, check_pair

_TOLERANCE = 1e-9
"""The fraction of the traces that the trace of the root may lose by rounding before the exact method is used."""


def frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Returns the Fréchet distance of the Gaussians that have the mean and covariance of two sets of features.

    Use it to compare distributions of images; the usual number is taken on 50,000 generated ones. It falls with the
    number of features, so only values of equal numbers compare. It is exact also for fewer features than they are
    long, where it never forms a covariance.

    Reference:
        Heusel et al. 2017, "GANs trained by a two time-scale update rule", equation 6, arXiv:1706.08500.

    Args:
        real: float array of shape (n, d), n at least 2.
        generated: float array of shape (m, d), m at least 2.

    Returns:
        The squared distance `|mean - mean'|^2 + Tr(S + S' - 2 (S S')^(1/2))`, covariances divided by n - 1. Rounding
        can take a distance of 0 some 1e-12 of the traces below it; 0 is returned then.

    Raises:
        ValueError: NaN or infinity, fewer than two rows, or vectors of two lengths.

    Example:
        >>> frechet_distance(extractor(images), extractor(model.generate(50_000)))
    """
    real, generated = check_pair(real, generated, "frechet_distance", rows=2)
    if min(len(real), len(generated)) > real.shape[1]:
        return frechet_distance_of_moments(Moments.of(real), Moments.of(generated))
    factors = [_factor_of_features(features) for features in (real, generated)]
    step = real.mean(axis=0, dtype="float64") - generated.mean(axis=0, dtype="float64")
    traces = sum(float(np.vdot(factor, factor)) for factor in factors)
    return _distance(step, traces, _nuclear_norm(*factors))


def frechet_distance_of_moments(real: Moments, generated: Moments) -> float:
    """`frechet_distance`, where only the moments of the features are known.

    Well-conditioned covariances take one Cholesky factor and the eigenvalues of a symmetric matrix; others, such as
    those of few features, the singular values of the product of two pivoted factors, which are exact for any rank.

    Args:
        real: the moments of real features.
        generated: the moments of generated features.

    Returns:
        As `frechet_distance`.

    Raises:
        ValueError: fewer than two features on a side, or vectors of two lengths.
    """
    if real.shift.shape != generated.shift.shape:
        raise ValueError(
            f"frechet_distance: got moments of length {len(real.shift)} and {len(generated.shift)}: take both by one "
            "extractor."
        )
    covariances = real.covariance, generated.covariance
    traces = sum(float(np.trace(covariance)) for covariance in covariances)
    root = None
    if min(real.count, generated.count) > len(real.shift):
        root = _trace_of_root(*covariances, traces)
    if root is None:
        root = _nuclear_norm(*map(_factor, covariances))
    return _distance(real.mean - generated.mean, traces, root)


def frechet_infinity(real: np.ndarray, generated: np.ndarray, points: int = 15, seed: int = 0) -> float:
    """Returns the Fréchet distance in the limit of infinitely many images; FID-infinity, if of Inception's features.

    Use it to compare models whose distances have different bias. Distances of random subsets of the generated
    features, of a tenth to all of them, are fitted against 1 / size; this is the intercept. It may fall below zero.

    Reference:
        Chong & Forsyth 2020, "Effectively unbiased FID and Inception score", section 4, arXiv:1911.07023.

    Args:
        real: float array of shape (n, d), n at least 2.
        generated: float array of shape (m, d), m at least 20; the paper takes 50,000.
        points: integer, the number of subsets, at least 2.
        seed: integer, of the subsets.

    Returns:
        The intercept.

    Raises:
        ValueError: as `frechet_distance`, fewer than 20 generated rows, or too many `points` for them.
    """
    real, generated = check_pair(real, generated, "frechet_infinity", rows=2)
    check_features(generated, "frechet_infinity", rows=20)
    sizes = np.linspace(len(generated) // 10, len(generated), points).astype(int)
    if points < 2 or len(set(sizes)) < points:
        raise ValueError(
            f"frechet_infinity: got points={points} for {len(generated)} generated features, expected 2 to "
            f"{len(generated) - len(generated) // 10 + 1}."
        )
    rng = np.random.default_rng(integer_in(seed, 0, SEEDS, "frechet_infinity: seed"))
    moments = Moments.of(real)
    subsets = (generated[np.sort(rng.choice(len(generated), size, replace=False))] for size in sizes)
    distances = [frechet_distance_of_moments(moments, Moments.of(subset)) for subset in subsets]
    _, intercept = np.polyfit(1.0 / sizes, distances, 1)
    return float(intercept)


def _distance(step: np.ndarray, traces: float, root: float) -> float:
    return max(0.0, float(step @ step) + traces - 2.0 * root)


def _trace_of_root(first: np.ndarray, second: np.ndarray, traces: float) -> float | None:
    """Tr((S S')^(1/2)) by the eigenvalues of L^T S' L, S = L L^T; None if that is not possible without loss."""
    try:
        lower = linalg.cholesky(first, lower=True)
    except linalg.LinAlgError:
        return None
    values = np.linalg.eigvalsh(lower.T @ second @ lower)
    if values[0] <= 0.0:
        return None
    roots = np.sqrt(values)
    # An eigenvalue is known to some rounding units of the largest; its root the less, the smaller it is.
    lost = 10 * np.finfo("float64").eps * values[-1] * np.sum(0.5 / roots)
    return float(roots.sum()) if lost < _TOLERANCE * traces else None


def _nuclear_norm(first: np.ndarray, second: np.ndarray) -> float:
    """Tr((S S')^(1/2)) as the sum of the singular values of F^T F', S = F F^T and S' = F' F'^T."""
    return float(np.linalg.svd(first.T @ second, compute_uv=False).sum())


def _factor(covariance: np.ndarray) -> np.ndarray:
    """F of shape (d, rank) with F F^T the covariance: pivoted Cholesky, which stops where only rounding is left."""
    factor: Any
    factor, pivots, rank, _ = linalg.lapack.dpstrf(covariance, lower=1)
    result = np.empty((len(covariance), rank))
    result[pivots - 1] = np.tril(factor)[:, :rank]
    return result


def _factor_of_features(features: np.ndarray) -> np.ndarray:
    """F with F F^T the covariance of features, as narrow as may be."""
    if len(features) > features.shape[1]:
        return _factor(Moments.of(features).covariance)
    centered = features - features.mean(axis=0, dtype="float64")
    return centered.T / np.sqrt(len(features) - 1)
