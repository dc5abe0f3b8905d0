"""Traversals: images in which a single latent varies."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses.latents import at, decode, prior_moments, vectors, with_vectors
from keras_genzoo.uses.spaces import LatentSpace, space_of


def traverse(
    model: GenerativeModel | LatentSpace,
    z: Any,
    latents: Sequence[int] | np.ndarray,
    values: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """Returns images of a latent vector in which a single latent takes each of some values, and the others stay.

    Use it to see what a model has learned to vary, and whether a latent means a single thing. The label of a
    conditional model stays.

    Reference: Higgins et al. 2017 (beta-VAE), https://openreview.net/forum?id=Sy2fzU9gl, figure 1.

    Args:
        model: a built model with latents, or a space of them (`PrincipalStyles`).
        z: a single latent vector (latent_dim,), or a pair of it and a code: `at(z, 0)` of the latents that `encode` and
            `draw` give.
        latents: integers in [0, latent_dim), the latents to vary; `rank_latents` finds those that matter.
        values: floats, in standard deviations of the prior from its mean; papers take -3 to 3.

    Returns:
        uint8 array of shape (latents, values, height, width, channels).

    Raises:
        ValueError: the model has no latents, a latent is out of range, or the vector has another size.

    Example:
        >>> z = at(draw(model, np.arange(1)), 0)
        >>> rows = traverse(model, z, rank_latents(model, x).order[:10], np.linspace(-3, 3, 9))
    """
    space = space_of(model, "traverse")
    mean, deviation = prior_moments(space)
    vector, chosen = vectors(z).astype("float32"), np.asarray(latents, "int64")
    if vector.shape != (space.latent_dim,):
        raise ValueError(
            f"traverse: z has shape {vector.shape}, but a single latent vector is expected: give at(z, 0)."
        )
    if chosen.size and not 0 <= chosen.min() <= chosen.max() < space.latent_dim:
        raise ValueError(
            f"traverse: latents lie in [{chosen.min()}, {chosen.max()}], but this model has {space.latent_dim}: 0 to "
            f"{space.latent_dim - 1}."
        )
    varied = np.tile(vector, (len(chosen), len(values), 1))
    for row, latent in enumerate(chosen):
        varied[row, :, latent] = mean[latent] + np.asarray(values) * deviation[latent]
    return decode(space, with_vectors(at(z, None), varied))
