"""Faces drawn by code: a dataset of any size that needs no download, whose every property is known."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from keras_genzoo import noise
from keras_genzoo.data import face_parts
from keras_genzoo.data.drawing import Array, Canvas
from keras_genzoo.data.face_parts import BACKGROUNDS, EYE_COLORS, HAIR_COLORS, HAIR_STYLES, HATS, KINDS, OUTFITS

Shares = float | Sequence[float]


class Factor(NamedTuple):
    """One property of a face: a choice among `classes` (its value is their index), or a number in `span`."""

    about: str
    classes: tuple[str, ...] = ()
    shares: Shares = 0.5
    span: tuple[float, float] = (0.0, 1.0)

    def values(self, numbers: Array, shares: Shares) -> Array:
        """What uniform `numbers` in (0, 1) of shape (n,) amount to, under `shares` (see `drawn_faces`)."""
        if not self.classes:
            low, high = self.span
            upper = numbers >= 1 - shares
            half = np.where(upper, 1 - (1 - numbers) / max(2 * shares, 1e-9), numbers / max(2 * (1 - shares), 1e-9))
            return low + (high - low) * half
        if isinstance(shares, float):
            shares = (1 - shares, shares)
        steps = np.cumsum(shares)
        return np.searchsorted(steps / steps[-1], numbers, side="right")

FACTORS: dict[str, Factor] = {
    "skin_tone": Factor("0 light to 1 dark"),
    "hair_color": Factor("index", tuple(HAIR_COLORS), (0.2, 0.2, 0.15, 0.12, 0.15, 0.1, 0.08)),
    "eye_color": Factor("index", tuple(EYE_COLORS), (0.25,) * 4),
    "hair_style": Factor("index", tuple(HAIR_STYLES), (1 / 7,) * 7),
    "smile": Factor("-1 sad to 1 laughing", span=(-1.0, 1.0), shares=0.65),
    "yaw": Factor("degrees, positive to the right of the picture", span=(-35.0, 35.0)),
    "glasses": Factor("0 or 1", ("without", "with"), 0.25),
    "hat": Factor("index", tuple(HATS), (0.64, 0.12, 0.12, 0.12)),
    "background": Factor("index", tuple(BACKGROUNDS), (0.125,) * 8),
    "outfit": Factor("index, colors of shirt and hat", tuple(OUTFITS), (1 / 6,) * 6),
    "face_width": Factor("0 narrow to 1 wide"),
    "outlier": Factor("index, 0 is a face", tuple(KINDS), (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
}
def sample(seed, indices):
    u = noise.uniform(seed, indices, len(FACTORS))
    return np.stack([f.values(u[:, j], f.shares) for j, f in enumerate(FACTORS.values())], 1).astype("float32")

def draw(factors, size, channels=3, chunk=None):
    chunk = chunk or max(1, min(256, 2**20//size**2))
    out=np.empty((len(factors), size, size, channels),"uint8")
    kind = factors[:, -1]
    for k, parts in enumerate(face_parts.KINDS.values()):
        where, = np.nonzero(kind == k)
        for i in range(0, len(where), chunk):
            w = where[i:i+chunk]
            face = face_parts.Face(dict(zip(FACTORS, factors[w].T)))
            canvas = Canvas(len(w), size, (0.0, -0.02), 0.89)
            for part in parts: part(canvas, face)
            out[w] = canvas.images(channels)
    return out
