"""Walks: films that go through latents and come back to where they began."""

from typing import Any

import numpy as np

from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses.latents import at, decode, vectors, with_vectors
from keras_genzoo.uses.spaces import LatentSpace, space_of


def walk(model: GenerativeModel | LatentSpace, z: Any, frames: int) -> np.ndarray:
    """Returns images on a smooth closed way through latents, in their order: a film that loops without a jump.

    The way is a periodic cubic spline. Of latents that are drawn from N(0, I), its points get the length that samples
    have, as an arc between two of them would. The label of a conditional model stays that of the first.

    Args:
        model: a built model with latents, or a space of them: in `StyleSpace` images change more evenly.
        z: latents (n, latent_dim), at least two, as `uses.draw` gives them.
        frames: integer, how many images: as many between each two of `z`, if n divides it.

    Returns:
        uint8 array of shape (frames, height, width, channels); the first shows `z[0]`, to which the last leads.

    Raises:
        ValueError: the model has no latents, or there are fewer than two.

    Example:
        >>> space = StyleSpace(model)
        >>> write_gif("walk.gif", walk(space, draw(space, np.arange(6)), 144))
    """
    space, points = space_of(model, "walk"), vectors(z).astype("float64")
    if points.ndim != 2 or len(points) < 2:
        raise ValueError(f"walk: latents have shape {points.shape}, but (n, latent_dim), n at least 2, is expected.")
    way = loop(points, frames, keep_length=space.is_standard_normal).astype("float32")
    return decode(space, with_vectors(at(z, slice(0, 1)), way[None]))[0]


def loop(points: np.ndarray, frames: int, keep_length: bool) -> np.ndarray:
    """Points (frames, size) of a closed spline through `points` (n, size), the first of them first.

    Args:
        points: float array.
        frames: integer.
        keep_length: bool, whether the points' lengths go from one to the next in a line.
    """
    from scipy.interpolate import CubicSpline

    closed, knots = np.concatenate([points, points[:1]]), np.arange(len(points) + 1)
    times = np.arange(frames) / frames * len(points)
    way = CubicSpline(knots, closed, bc_type="periodic")(times)
    if not keep_length:
        return way
    lengths = np.interp(times, knots, np.linalg.norm(closed, axis=1))[:, None]
    return way * lengths / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
