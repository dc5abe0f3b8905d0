"""Debiasing: weights by which rare images are drawn more often, and what they change."""

from typing import Literal

import numpy as np

from keras_genzoo.uses.properties import Property

_IN_USE = 0.01  # of the largest variance


def rarity_weights(
    latents: np.ndarray, strength: float = 0.01, bins: int = 10, combine: Literal["product", "max"] = "max"
) -> np.ndarray:
    """Weights of images by how rare their latents are, for `Stream(..., weights=...)`.

    Use it where some kinds of images are rare in the data and nobody has labeled which. Each latent's distribution is
    a histogram; an image in an empty region of it weighs more. Latents that hardly vary, whose histograms are noise,
    are left out.

    Reference: Amini et al. 2019, doi:10.1145/3306618.3314243, equations 4 to 6 and algorithm 1; "max": the exercise to
        it, https://github.com/MITDeepLearning/introtodeeplearning (lab 2).

    Differs from the paper: weights are taken once, of a trained model, rather than in each epoch of one training; a bin
        counts by its share of images, so that `strength` does not depend on the latents' units.

    Args:
        latents: float array of shape (n, latent_dim), means of the posterior.
        strength: float > 0, the paper's alpha, which is added to each bin's share of images: the smaller, the more even
            the latents become; the larger, the nearer weights come to all alike.
        bins: integer >= 2, of each histogram, from the least to the greatest value.
        combine: what is taken of `1 / (share + strength)` over latents: their "max", each latent's weights summing to
            1, as the authors' exercise does; or the paper's "product", which is for few latents: of 64 independent
            normal ones it leaves 4 of 1,000 images that count (`effective_sample_size`), the maximum 880.

    Returns:
        float64 array of shape (n,), with sum 1.

    Raises:
        ValueError: numbers out of range, latents that are not finite, or that are the same for all images.

    Example:
        >>> weights = rarity_weights(model.encode(train[np.arange(len(train))]["image"]))
        >>> stream = Stream(train, batch_size=64, weights=weights)
    """
    latents = np.asarray(latents)
    if latents.ndim != 2 or not len(latents):
        raise ValueError(f"debias: latents have shape {latents.shape}, but (n, latent_dim) is expected, n at least 1.")
    if not 0 < strength < np.inf:
        raise ValueError(f"debias: strength={strength} must be a number above 0.")
    if bins < 2:
        raise ValueError(f"debias: bins={bins} must be at least 2.")
    if combine not in ("product", "max"):
        raise ValueError(f"debias: combine is {combine!r}, but 'product' or 'max' is expected.")
    log_weight = np.full(len(latents), 0.0 if combine == "product" else -np.inf)
    for number in np.flatnonzero(in_use(latents)):  # one at a time: there may be a million of them
        log_rarity = -np.log(_shares(latents[:, number], bins) + strength)
        if combine == "product":
            log_weight += log_rarity
        else:
            log_weight = np.maximum(log_weight, log_rarity - np.logaddexp.reduce(log_rarity))
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def in_use(latents: np.ndarray) -> np.ndarray:
    """Which latents vary: those with more than a hundredth of the variance of the one that varies most.

    For a VAE, whose variances are near 1 at most, it is the criterion of Burda et al. 2016, arXiv:1509.00519.

    Args:
        latents: float array of shape (n, latent_dim).

    Returns:
        bool array of shape (latent_dim,).

    Raises:
        ValueError: they are not finite, or none varies.
    """
    variance = latents.var(axis=0)
    if not np.isfinite(variance).all():
        raise ValueError("debias: latents are not finite: the training diverged, take another run.")
    if not variance.max() > 0:
        raise ValueError(
            "debias: the latents are the same for all images, so none is rare: the posterior has collapsed, or "
            "there is one image; take another run."
        )
    return variance > _IN_USE * variance.max()


def _shares(latent: np.ndarray, bins: int) -> np.ndarray:
    """The share of images in the bin of each."""
    counts, edges = np.histogram(latent, bins)
    return counts[np.digitize(latent, edges[1:-1])] / len(latent)


def effective_sample_size(weights: np.ndarray) -> float:
    """How many images of equal weight tell as much as these: `(sum w)^2 / sum w^2`, from 1 to n.

    Reference: Kish 1965, "Survey sampling", section 11.7, https://search.worldcat.org/title/1052836905.

    Args:
        weights: float array of shape (n,), numbers >= 0, not all 0.
    """
    weights = np.asarray(weights, "float64")
    return float(weights.sum() ** 2 / np.square(weights).sum())


def shares_of(found: Property, weights: np.ndarray) -> dict[str, tuple[float, float]]:
    """What of a property changes by weights: the share of each class, or mean and deviation of a number.

    Args:
        found: values of n images; unknown ones (NaN) are left out.
        weights: float array of shape (n,).

    Returns:
        dictionary from the class, or "mean" and "deviation", to the values before and after.

    Example:
        >>> shares_of(properties(train[indices], train)["hat"], weights)
        {'none': (0.64, 0.41), ...}
    """
    known = np.isfinite(found.values)
    values, weights = found.values[known], np.asarray(weights, "float64")[known]
    if not len(values) or not weights.sum() > 0:
        return {}
    both = np.full(len(values), 1 / len(values)), weights / weights.sum()
    if found.classes:
        counts = [np.bincount(values.astype(int), share, len(found.classes)) for share in both]
        return {name: (float(a), float(b)) for name, a, b in zip(found.classes, *counts, strict=True)}
    means = [float(share @ values) for share in both]
    deviations = [float(np.sqrt(share @ (values - mean) ** 2)) for share, mean in zip(both, means, strict=True)]
    return {"mean": (means[0], means[1]), "deviation": (deviations[0], deviations[1])}
