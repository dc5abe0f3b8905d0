"""Walks between latents: a model that has learned, rather than stored, changes smoothly on the way."""

import numpy as np

from keras_genzoo import images
from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses import at, draw, interpolate


def latent_walk(model: GenerativeModel, rows: int = 6, columns: int = 10, seed: int = 0) -> np.ndarray:
    """Rows of images, each on the arc from one sample of the prior to another; see `keras_genzoo.uses.interpolate`.

    Args:
        model: a built model with latents: an autoencoder, or one whose `call` takes them as N(0, I) draws them.
        rows: integer, walks.
        columns: integer, images in a walk, its ends among them.
        seed: integer in [0, 2**32).

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    ends = draw(model, np.arange(2 * rows), seed)
    walked = interpolate(
        model, at(ends, slice(rows)), at(ends, slice(rows, None)), np.linspace(0.0, 1.0, columns), "spherical"
    )
    return images.grid(walked.reshape(-1, *walked.shape[2:]), columns=columns)
