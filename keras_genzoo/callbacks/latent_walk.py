"""Walks between latents: a model that has learned, rather than stored, changes smoothly on the way."""

import numpy as np

from keras_genzoo import images, noise
from keras_genzoo.model import GenerativeModel


def latent_walk(model: GenerativeModel, rows: int = 6, columns: int = 10, seed: int = 0) -> np.ndarray:
    """Rows of images, each on the way from one sample of the prior to another.

    The way is the arc between the two latents, on which points are as far from the origin as samples are; a straight
    line passes nearer to it than any sample.

    Reference: White 2016, "Sampling generative networks", arXiv:1609.04468, section 2.1.

    Args:
        model: a built model with latents: an autoencoder, or one whose `call` takes them as N(0, I) draws them.
        rows: integer, walks.
        columns: integer, images in a walk, its ends among them.
        seed: integer in [0, 2**32).

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    numbers = np.arange(2 * rows)
    if hasattr(model, "sample_latents"):
        ends = model.in_batches("sample_latents", numbers, 64, np.uint32(seed))
    else:
        ends = noise.normal(seed, numbers, model.latent_dim)
    label = ends[:rows, None, model.latent_dim :]  # behind the latent, in models that have one: it stays
    way = slerp(
        ends[:rows, None, : model.latent_dim],
        ends[rows:, None, : model.latent_dim],
        np.linspace(0.0, 1.0, columns)[None, :, None],
    )
    z = np.concatenate([way, np.broadcast_to(label, (rows, columns, label.shape[-1]))], axis=-1)
    method = "images_of" if hasattr(model, "images_of") else "call"  # an autoencoder's call takes images
    walked = model.in_batches(method, z.reshape(rows * columns, -1).astype("float32"))
    return images.grid(images.to_pixels(walked), columns=columns)


def slerp(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The point at `share` of the arc from `a` to `b`; the last axis is that of the vectors.

    Args:
        a: float array (..., size).
        b: float array (..., size).
        share: float array (..., 1) in [0, 1].
    """
    cosine = np.sum(a * b, axis=-1, keepdims=True)
    cosine = cosine / (np.linalg.norm(a, axis=-1, keepdims=True) * np.linalg.norm(b, axis=-1, keepdims=True))
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    # Vectors that point the same way or opposite ways have no arc between them: go straight.
    straight = np.sin(angle) < 1e-4
    sine = np.where(straight, 1.0, np.sin(angle))
    arc = (np.sin((1.0 - share) * angle) * a + np.sin(share * angle) * b) / sine
    return np.where(straight, (1.0 - share) * a + share * b, arc)
