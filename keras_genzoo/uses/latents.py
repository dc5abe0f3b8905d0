"""Latents of any model, drawn, encoded and decoded in one way, and which of them carry most."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_genzoo import images
from keras_genzoo.capabilities import Encodes, HasLatentStatistics
from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses.spaces import LatentSpace, PrincipalStyles, space_of

_DRAWS = 1_000  # of a prior without closed moments


def draw(model: GenerativeModel | LatentSpace, numbers: np.ndarray, seed: int = 0) -> Any:
    """Latents of samples: `decode` makes of them what `model.generate` gives for these numbers of the seed.

    Args:
        model: a built model that has latents, an autoencoder or a GAN; or a space of them.
        numbers: integers of shape (n,), the samples' numbers.
        seed: integer in [0, 2**32).

    Returns:
        float32 array of shape (n, latent_dim); of a conditional model a pair of it and of the labels' codes
        (n, num_classes).

    Raises:
        ValueError: the model has no latents.
    """
    return space_of(model, "draw").draw(numbers, seed)


def encode(model: GenerativeModel, x: np.ndarray) -> Any:
    """Latents of images, as `draw` gives them; `x` as for `model.encode`.

    Raises:
        ValueError: the model has no encoder, or these are no images for it.
    """
    if not isinstance(model, Encodes):
        raise ValueError(
            f"encode: {type(model).__name__} has no encoder, so images have no latents: take drawn ones (a seed), or "
            "an autoencoder; for an attribute label samples, by --classifier."
        )
    return model.encode(x)


def decode(model: GenerativeModel | LatentSpace, z: Any) -> np.ndarray:
    """uint8 images (..., height, width, channels) of latents (..., latent_dim), or of a pair of them and codes."""
    space = space_of(model, "decode")
    leading = vectors(z).shape[:-1]
    flat = keras.tree.map_structure(lambda part: np.asarray(part, "float32").reshape(-1, np.shape(part)[-1]), z)
    made = images.to_pixels(space.images(flat))
    return made.reshape(*leading, *made.shape[1:])


def vectors(z: Any) -> np.ndarray:
    """The vectors (..., latent_dim) of latents, without the codes of labels."""
    return np.asarray(z[0] if isinstance(z, tuple) else z)


def with_vectors(z: Any, changed: np.ndarray) -> Any:
    """Latents with other vectors, each with the label that it had.

    Args:
        z: latents, as `draw` and `encode` give them.
        changed: vectors (..., variants, latent_dim): several for each of `z`.
    """
    if not isinstance(z, tuple):
        return changed
    codes = np.asarray(z[1])[..., None, :]
    return changed, np.broadcast_to(codes, (*changed.shape[:-1], codes.shape[-1]))


def at(z: Any, index: Any) -> Any:
    """The latents at some places of the first axis: `z[index]`, also of a pair."""
    return keras.tree.map_structure(lambda part: np.asarray(part)[index], z)


def joined(parts: Sequence[Any]) -> Any:
    """Latents of several sets of images behind one another."""
    return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def prior_moments(model: GenerativeModel | LatentSpace) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each latent under the prior, (latent_dim,) both; from 1,000 draws if need be."""
    space = space_of(model, "prior_moments")
    if space.is_standard_normal or isinstance(space, PrincipalStyles):
        return np.zeros(space.latent_dim, "float32"), np.ones(space.latent_dim, "float32")
    z = vectors(space.draw(np.arange(_DRAWS)))
    return z.mean(axis=0), z.std(axis=0)


class Ranking(NamedTuple):
    """Latents in the order of what they carry.

    Args:
        by: "kl", in nats; "variance", of the latent over images; or "index", where neither can be had.
        values: float array (latent_dim,), what they are ranked by.
        order: integer array (latent_dim,), the latent that carries most first.
    """

    by: str
    values: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, by: str, values: Any) -> "Ranking":
        """Ranks by values; of equal ones the first comes first."""
        found = np.asarray(values, "float64")
        return cls(by, found, np.argsort(-found, kind="stable"))

    def in_words(self, latent: int) -> str:
        """What a latent is ranked by, such as "3.21 nats"; empty if it is ranked by its number."""
        value = self.values[latent]
        return {"kl": f"{value:.2f} nats", "variance": f"variance {value:.3g}"}.get(self.by, "")


def rank_latents(model: GenerativeModel | LatentSpace, x: np.ndarray | None = None) -> Ranking:
    """Which latents carry most, over some images.

    A latent that carries nothing can be changed without a change of the image, so look at the first ones.

    Reference: latents by KL: Higgins et al. 2017 (beta-VAE), https://openreview.net/forum?id=Sy2fzU9gl; by variance:
        Burda et al. 2016, arXiv:1509.00519, section 5.

    Args:
        model: a built model with latents, or a space of them; principal styles are ranked by the variance of w.
        x: held-out images (n, height, width, channels), n at least 2, as for `model.encode`; a model without encoder
            needs none.

    Returns:
        By KL in nats an image, where it has a closed form; else by the variance of what images are encoded to; without
        an encoder by the latents' numbers.

    Raises:
        ValueError: the model has no latents, or it has an encoder, and there are fewer than two images.

    Example:
        >>> rank_latents(model, held_out[np.arange(500)]["image"]).order[:10]
    """
    space = space_of(model, "rank_latents")
    if isinstance(space, PrincipalStyles):
        return Ranking.of("variance", space.deviations**2)
    if not isinstance(model, Encodes):
        return Ranking("index", np.zeros(space.latent_dim), np.arange(space.latent_dim))
    if x is None or len(x) < 2:
        given = 0 if x is None else len(x)
        raise ValueError(f"rank_latents: got {given} images, but what latents carry shows over 2 images or more.")
    if isinstance(model, HasLatentStatistics):
        floats = images.as_floats(x, model.image_shape, "rank_latents")
        found = model.in_batches("latent_statistics", floats).astype("float64")
        if found.shape[1] > 1:
            return Ranking.of("kl", found[:, 1].mean(axis=0))
        return Ranking.of("variance", found[:, 0].var(axis=0))
    return Ranking.of("variance", vectors(encode(model, x)).var(axis=0, dtype="float64"))
