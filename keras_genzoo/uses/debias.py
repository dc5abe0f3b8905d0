"""Debiasing: weights by which rare images are drawn more often, and the changes that they make."""

from typing import Literal

import numpy as np

from keras_genzoo.uses.properties import Property

_IN_USE = 0.01  # of the largest variance


def rarity_weights(
    latents: np.ndarray, strength: float = 0.01, bins: int = 10, combine: Literal["product", "max"] = "max"
) -> np.ndarray:
    """Returns weights of images by how rare their latents are, for `Stream(..., weights=...)`.

    Use it where some kinds of images are rare in the data and there are no labels of them. Each latent's distribution
    is a histogram; an image in a sparse region of it gets a larger weight. Latents that hardly vary, whose histograms
    are noise, are left out.

    Reference: Amini et al. 2019, doi:10.1145/3306618.3314243, equations 4 to 6 and algorithm 1; "max": the exercise to
        it, https://github.com/MITDeepLearning/introtodeeplearning (lab 2).

    Differs from the paper: weights are computed once, of a trained model, rather than in each epoch of a training; a
        bin counts by its fraction of images, so that `strength` does not depend on the latents' units.

    Args:
        latents: float array of shape (n, latent_dim), means of the posterior.
        strength: float > 0, the paper's alpha, which is added to each bin's fraction of images: the smaller, the more
            even the latents become; the larger, the more equal the weights.
        bins: integer >= 2, of each histogram, from the least to the greatest value.
        combine: how `1 / (fraction + strength)` of all latents is combined: "max", each latent's weights
            summing to 1, as the authors' exercise does; or the paper's "product", which suits few latents: of 64
            independent normal ones and 1,000 images its `effective_sample_size` is 4, that of the maximum 880.

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
        log_rarity = -np.log(_frequencies(latents[:, number], bins) + strength)
        if combine == "product":
            log_weight += log_rarity
        else:
            log_weight = np.maximum(log_weight, log_rarity - np.logaddexp.reduce(log_rarity))
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def in_use(latents: np.ndarray) -> np.ndarray:
    """Returns which latents vary, with more than a hundredth of the largest variance.

    For a VAE, whose largest variances are near 1, this is the criterion of Burda et al. 2016, arXiv:1509.00519.

    Args:
        latents: float array of shape (n, latent_dim).

    Returns:
        bool array of shape (latent_dim,).

    Raises:
        ValueError: they are not finite, or none varies.
    """
    variance = latents.var(axis=0)
    if not np.isfinite(variance).all():
        raise ValueError("debias: latents are not finite, since the training diverged: take another run.")
    if not variance.max() > 0:
        raise ValueError(
            "debias: the latents are the same for all images, so none is rare: the posterior has collapsed, or "
            "there is a single image; take another run."
        )
    return variance > _IN_USE * variance.max()


def _frequencies(latent: np.ndarray, bins: int) -> np.ndarray:
    """The fraction of images in the bin of each image."""
    counts, edges = np.histogram(latent, bins)
    return counts[np.digitize(latent, edges[1:-1])] / len(latent)


def effective_sample_size(weights: np.ndarray) -> float:
    """Returns the number of images of equal weight that are worth as much as these: `(sum w)^2 / sum w^2`, from 1 to n.

    Reference: Kish 1965, "Survey sampling", section 11.7, https://search.worldcat.org/title/1052836905.

    Args:
        weights: float array of shape (n,), numbers >= 0, not all 0.
    """
    weights = np.asarray(weights, "float64")
    return float(weights.sum() ** 2 / np.square(weights).sum())


def proportions(known: Property, weights: np.ndarray) -> dict[str, tuple[float, float]]:
    """Returns the distribution of a property without weights and with them.

    Args:
        known: property of n images; unknown ones (NaN) are left out.
        weights: float array of shape (n,).

    Returns:
        dictionary from each class to its fraction of the images, without weights and with them; of a number, from
        "mean" and "deviation" to both values.

    Example:
        >>> proportions(properties(train[indices], train)["hat"], weights)
        {'none': (0.64, 0.41), ...}
    """
    finite = np.isfinite(known.values)
    values, weights = known.values[finite], np.asarray(weights, "float64")[finite]
    if not len(values) or not weights.sum() > 0:
        return {}
    both = np.full(len(values), 1 / len(values)), weights / weights.sum()
    if known.classes:
        counts = [np.bincount(values.astype(int), part, len(known.classes)) for part in both]
        return {name: (float(a), float(b)) for name, a, b in zip(known.classes, *counts, strict=True)}
    means = [float(part @ values) for part in both]
    deviations = [float(np.sqrt(part @ (values - mean) ** 2)) for part, mean in zip(both, means, strict=True)]
    return {"mean": (means[0], means[1]), "deviation": (deviations[0], deviations[1])}
