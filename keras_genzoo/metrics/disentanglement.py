"""Disentanglement: scores of how far each latent stands for a single factor, and the correlation of latents.

All are functions of latents (n, d), such as the posteriors' means, and of the true factors (n, f) of the same images. A
factor with at most 20 values, all of them integers, is a choice of classes, any other a number. Factors and latents
that do not vary carry no information: such a factor is left out, with a warning; such a latent scores as chance does.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_genzoo.bounds import SEEDS, integer_in

BINS = 20
"""Bins of a histogram (Locatello et al. 2019, appendix C); a factor with at most as many integer values is a choice."""
TREES, LEAF = 100, 5
"""Trees of a random forest, and the fewest images in a leaf."""


class Score(NamedTuple):
    """A score, and the scores of the factors, whose mean it is.

    Args:
        value: float, the mean over factors.
        of_factor: float array (f,); NaN for a factor that is left out.
    """

    value: float
    of_factor: np.ndarray


class DCI(NamedTuple):
    """Disentanglement, completeness and informativeness, each in [0, 1] (the last may be less for numbers).

    Args:
        disentanglement: float, 1 if each latent predicts a single factor.
        completeness: float, 1 if each factor is predicted by a single latent.
        informativeness: float, the score of forests on images they were not fitted to: the accuracy of classes, R^2 of
            numbers, in the mean over factors.
        importance: float array (d, f), the share of each latent in predicting each factor; NaN for a factor that is
            left out.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importance: np.ndarray


def mutual_information_gap(latents: np.ndarray, factors: np.ndarray, bins: int = BINS) -> Score:
    """MIG: the gap of the two latents with the most information on a factor, as a fraction of the factor's entropy.

    Use it to compare models of the same data: it is 1 if each factor has a latent of its own that determines it, and 0
    if two latents carry equal information on it, as they do after a rotation.

    Reference: Chen et al. 2018, arXiv:1802.04942, section 4.1; by histograms: Locatello et al. 2019, arXiv:1811.12359,
        appendix C.

    Differs from the paper: the latents are the posteriors' means, as in Locatello et al.; and a histogram of few images
        finds information in noise, about (bins - 1)^2 / (2 n) nats of it.

    Args:
        latents: float array (n, d), d at least 2.
        factors: float array (n, f).
        bins: integer, of the histograms of latents and of factors that are numbers; all bins have the same width.

    Returns:
        `Score`: its value and those of the factors are in [0, 1].

    Raises:
        ValueError: arrays of other shapes, NaN or infinity, fewer than two latents, or no factor that varies.

    Example:
        >>> mutual_information_gap(model.encode(images), factors).value
    """
    integer_in(bins, 2, None, "mutual_information_gap: bins")
    latents, factors, used = _checked(latents, factors, "mutual_information_gap")
    binned = [_binned(z, bins) for z in latents.T]
    gaps = np.full(factors.shape[1], np.nan)
    for column in used:
        classes = _classes(factors[:, column])
        v = _binned(factors[:, column], bins) if classes is None else classes
        second, first = np.sort([_mutual_information(z, v) for z in binned])[-2:]
        gaps[column] = (first - second) / _mutual_information(v, v)
    return _mean(gaps)


def separated_attribute_predictability(latents: np.ndarray, factors: np.ndarray) -> Score:
    """SAP: the gap of the scores by which the best and the second latent, each alone, predict a factor.

    Use it beside MIG, for what a line and thresholds can read off a latent.

    Reference: Kumar et al. 2018, arXiv:1711.00848, section 3.

    Differs from the paper: the thresholds between classes lie halfway between their means, where the paper searches for
        the best ones.

    Args:
        latents: float array (n, d), d at least 2.
        factors: float array (n, f).

    Returns:
        `Score`: of a number R^2 of the best latent less that of the second, at most 1; of a choice between K classes
        the balanced accuracy, at most 1 - 1/K.

    Raises:
        ValueError: as for `mutual_information_gap`.

    Example:
        >>> separated_attribute_predictability(model.encode(images), factors).value
    """
    latents, factors, used = _checked(latents, factors, "separated_attribute_predictability")
    gaps = np.full(factors.shape[1], np.nan)
    for column in used:
        v = factors[:, column]
        classes = _classes(v)
        scores = [_r2(z, v) if classes is None else _balanced_accuracy(z, classes) for z in latents.T]
        second, first = np.sort(scores)[-2:]
        gaps[column] = first - second
    return _mean(gaps)


def dci(latents: np.ndarray, factors: np.ndarray, seed: int = 0) -> DCI:
    """DCI: disentanglement, completeness and informativeness, by random forests that predict each factor of latents.

    Use it where factors are spread over latents in other ways than a line sees. With hundreds of latents it takes
    minutes.

    Reference: Eastwood & Williams 2018, https://openreview.net/forum?id=By-7dz-AZ, section 2.

    Differs from the paper: informativeness is the accuracy or R^2, which are better the higher, on a third of the
        images, to which the forests were not fitted.

    Args:
        latents: float array (n, d), d at least 2.
        factors: float array (n, f).
        seed: integer in [0, 2**32), of the forests and of which images they are fitted to.

    Returns:
        `DCI`.

    Raises:
        ValueError: as for `mutual_information_gap`.

    Example:
        >>> dci(model.encode(images), factors).disentanglement
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # type: ignore[import-untyped]

    integer_in(seed, 0, SEEDS, "dci: seed")
    latents, factors, used = _checked(latents, factors, "dci")
    order = np.random.default_rng(seed).permutation(len(latents))
    test, train = np.split(order, [len(latents) // 3])
    importance = np.full((latents.shape[1], factors.shape[1]), np.nan)
    scores = []
    for column in used:
        classes = _classes(factors[:, column])
        forest: Callable = RandomForestRegressor if classes is None else RandomForestClassifier
        v = factors[:, column] if classes is None else classes
        # Every split may use every latent: else latents without information would be used as well.
        fitted = forest(TREES, min_samples_leaf=LEAF, max_features=None, random_state=seed, n_jobs=-1)
        fitted.fit(latents[train], v[train])
        importance[:, column] = fitted.feature_importances_
        fitted.n_jobs = 1  # threads would add the trees' predictions up in any order, whose last bits differ
        scores.append(fitted.score(latents[test], v[test]))
    matrix = importance[:, used]
    of_latents = matrix.sum(axis=1)
    weights = of_latents / (of_latents.sum() or 1.0)
    return DCI(
        float(np.sum(weights * _concentration(matrix))),
        float(np.mean(_concentration(matrix.T))),
        float(np.mean(scores)),
        importance,
    )


def latent_correlation(latents: np.ndarray, least_variance: float = 0.01) -> float:
    """Returns the mean absolute correlation of two latents: 0 if none predicts another linearly.

    Use it where no factors are known.

    Reference: Kumar et al. 2018, arXiv:1711.00848, section 2, whose penalty makes it small; which latents count: Burda
        et al. 2016, arXiv:1509.00519, section 5.

    Args:
        latents: float array (n, d), n at least 2.
        least_variance: float, the variance that a latent must exceed to count; latents below it are not in use.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: another shape, NaN or infinity, or fewer than two latents in use.

    Example:
        >>> latent_correlation(model.encode(images))
    """
    latents = _finite(latents, "latents", "latent_correlation")
    active = latents[:, latents.var(axis=0) > least_variance]
    count = active.shape[1]
    if count < 2 or len(active) < 2:
        raise ValueError(
            f"latent_correlation: of {latents.shape[1]} latents of {len(latents)} images {count} have a variance above "
            f"{least_variance:g}, but a correlation takes two: the posterior has collapsed, or images are too few."
        )
    correlation = np.abs(np.corrcoef(active, rowvar=False))
    return float((correlation.sum() - count) / (count * (count - 1)))


def _finite(array: np.ndarray, name: str, where: str) -> np.ndarray:
    found = np.asarray(array, "float64")
    if found.ndim != 2 or not np.isfinite(found).all():
        what = f"of shape {found.shape}" if found.ndim != 2 else "with NaN or infinity"
        raise ValueError(f"{where}: got {name} {what}, but finite numbers of shape (images, {name}) are expected.")
    return found


def _checked(latents: np.ndarray, factors: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latents, factors, and the columns of the factors that vary."""
    latents, factors = _finite(latents, "latents", where), _finite(factors, "factors", where)
    if len(latents) != len(factors):
        raise ValueError(f"{where}: got latents of {len(latents)} images, but factors of {len(factors)}.")
    if latents.shape[1] < 2 or len(latents) < BINS:
        raise ValueError(
            f"{where}: got {latents.shape[1]} latents of {len(latents)} images, but a gap between latents takes at "
            f"least 2 of them, and {BINS} images."
        )
    varies = np.ptp(factors, axis=0) > 0
    if not varies.any():
        raise ValueError(f"{where}: none of the {factors.shape[1]} factors varies among these images: give others.")
    if not varies.all():
        columns = ", ".join(map(str, np.flatnonzero(~varies)))
        warnings.warn(f"{where}: factors that do not vary are left out: columns {columns}.", stacklevel=3)
    return latents, factors, np.flatnonzero(varies)


def _classes(v: np.ndarray) -> np.ndarray | None:
    """The values of a factor as 0, 1, ... in their order; None if it is a number."""
    values, classes = np.unique(v, return_inverse=True)
    return classes if len(values) <= BINS and (values == np.round(values)).all() else None


def _binned(v: np.ndarray, bins: int) -> np.ndarray:
    """The numbers of the bins, all of one width, that values fall into."""
    return np.digitize(v, np.linspace(v.min(), v.max(), bins + 1)[1:-1])


def _mutual_information(a: np.ndarray, b: np.ndarray) -> float:
    """In nats, of integers >= 0; of `a` with itself it is the entropy."""
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1.0 / len(a))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    occurring = joint > 0
    return float(np.sum(joint[occurring] * np.log(joint[occurring] / independent[occurring])))


def _r2(z: np.ndarray, v: np.ndarray) -> float:
    variances = z.var() * v.var()
    return float(np.mean((z - z.mean()) * (v - v.mean())) ** 2 / variances) if variances > 0 else 0.0


def _balanced_accuracy(z: np.ndarray, classes: np.ndarray) -> float:
    """The accuracy, in the mean over classes, of choosing the class whose mean is nearest."""
    counts = np.bincount(classes)
    means = np.bincount(classes, z) / counts
    right = np.argmin(np.abs(z[:, None] - means), axis=1) == classes
    return float(np.mean(np.bincount(classes, right) / counts))


def _concentration(matrix: np.ndarray) -> np.ndarray:
    """Of each row: 1 less its entropy as a fraction of the largest possible; 0 for a row of zeros."""
    width = matrix.shape[1]
    if width == 1:
        return np.ones(len(matrix))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1e-300)
    entropy = -np.sum(shares * np.log(np.where(shares > 0, shares, 1.0)), axis=1)
    return np.where(matrix.sum(axis=1) > 0, 1.0 - entropy / np.log(width), 0.0)


def _mean(of_factor: np.ndarray) -> Score:
    return Score(float(np.nanmean(of_factor)), of_factor)
