"""Interpolation: images between latents."""

from typing import Any, Literal

import numpy as np

from keras_genzoo.distributions.arcs import slerp
from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses.latents import decode, vectors, with_vectors
from keras_genzoo.uses.spaces import LatentSpace, space_of

Kind = Literal["linear", "spherical"]


def interpolate(
    model: GenerativeModel | LatentSpace,
    a: Any,
    b: Any,
    fractions: np.ndarray,
    kind: Kind | None = None,
) -> np.ndarray:
    """Returns images on the way from latents `a` to latents `b`.

    Use it to see whether a model generalizes: then images change smoothly on the way. Under N(0, I)
    in many dimensions a straight line passes nearer to the origin than samples ever are; the arc keeps their distance.
    The label of a conditional model stays that of `a`.

    Reference: White 2016, "Sampling generative networks", arXiv:1609.04468, section 2.1.

    Args:
        model: a built model with latents, or a space of them (`StyleSpace`).
        a: latents (n, latent_dim), as `uses.encode` and `uses.draw` give them.
        b: as many latents.
        fractions: floats of shape (steps,) in [0, 1], of the way from `a` to `b`.
        kind: "linear" or "spherical"; by default spherical if the prior is N(0, I).

    Returns:
        uint8 array of shape (n, steps, height, width, channels).

    Raises:
        ValueError: the model has no latents, `a` and `b` have different shapes, or there is no such kind.

    Example:
        >>> a, b = encode(model, faces[:4]), encode(model, faces[4:8])
        >>> rows = interpolate(model, a, b, np.linspace(0, 1, 10))
    """
    space = space_of(model, "interpolate")
    start, end = (vectors(z).astype("float32")[:, None] for z in (a, b))
    if start.ndim != 3 or start.shape != end.shape:
        shapes = f"{vectors(a).shape} and {vectors(b).shape}"
        raise ValueError(
            f"interpolate: latents have shapes {shapes}, but (n, latent_dim) is expected, the same for both."
        )
    kind = kind or kind_for(space)
    if kind not in ("linear", "spherical"):
        raise ValueError(f"interpolate: kind={kind!r}, but 'linear' or 'spherical' is expected.")
    fraction = np.asarray(fractions, "float64")[None, :, None]
    way = slerp(start, end, fraction) if kind == "spherical" else (1.0 - fraction) * start + fraction * end
    return decode(space, with_vectors(a, way))


def kind_for(model: GenerativeModel | LatentSpace) -> Kind:
    """Returns the default kind of `interpolate`: the arc is for N(0, I), whose samples lie about a sphere."""
    return "spherical" if space_of(model, "interpolate").is_standard_normal else "linear"
