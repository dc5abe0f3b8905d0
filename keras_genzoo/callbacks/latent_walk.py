"""Walks between latents: images of a model that generalizes change smoothly along them."""

import numpy as np

from keras_genzoo import images
from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses import at, draw, interpolate


def latent_walk(model: GenerativeModel, rows: int = 6, columns: int = 10, seed: int = 0) -> np.ndarray:
    """Returns rows of images, each on the arc between two draws of the prior: see `keras_genzoo.uses.interpolate`.

    Args:
        model: a built model with latents: an autoencoder or a GAN.
        rows: integer, walks.
        columns: integer, images of a walk, including its ends.
        seed: integer in [0, 2**32).

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    ends = draw(model, np.arange(2 * rows), seed)
    walked = interpolate(
        model, at(ends, slice(rows)), at(ends, slice(rows, None)), np.linspace(0.0, 1.0, columns), "spherical"
    )
    return images.grid(walked.reshape(-1, *walked.shape[2:]), columns=columns)
