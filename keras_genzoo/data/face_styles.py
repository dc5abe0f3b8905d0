"""Styles of drawn faces: tables of hair, hats and colors, and what follows from them for a batch of faces.

A style is a row of numbers, so that each part of the face is one formula for the whole batch, whatever each face wears.
Lengths are in the units of the picture, which is 1.78 wide and high; the head is about 0.9 wide, y points down.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from keras_genzoo.data.drawing import Array


class Hair(NamedTuple):
    """A hair style."""

    present: float  # 0 is bald
    volume: float  # how far it stands off the skull
    length: float  # y where the hair at the sides ends
    width: float  # half the width of the hair at the sides
    hairline: float  # y where the forehead begins
    parting: float  # x of the hairline's highest point
    locks: float  # y down to which it frames the face
    curls: float  # height of the curls along the outline
    spikes: float  # height of the spikes
    bun: float  # radius of the bun


HAIR_STYLES = {
    "bald": Hair(0, 0.00, 0.00, 0.30, -0.30, 0.00, 0.00, 0.00, 0.00, 0.00),
    "short": Hair(1, 0.06, -0.02, 0.30, -0.29, 0.09, 0.00, 0.00, 0.00, 0.00),
    "spiky": Hair(1, 0.04, -0.06, 0.30, -0.30, 0.00, -0.05, 0.00, 0.22, 0.00),
    "curly": Hair(1, 0.19, 0.28, 0.46, -0.22, 0.00, 0.22, 0.07, 0.00, 0.00),
    "bob": Hair(1, 0.09, 0.48, 0.56, -0.18, 0.00, 0.44, 0.00, 0.00, 0.00),
    "long": Hair(1, 0.08, 1.10, 0.60, -0.34, -0.10, 0.90, 0.00, 0.00, 0.00),
    "bun": Hair(1, 0.03, 0.00, 0.30, -0.34, 0.00, -0.02, 0.00, 0.00, 0.18),
}


class Hat(NamedTuple):
    """A hat."""

    present: float  # 0 is none
    width: float  # half the width of the crown
    top: float  # y of the crown's top
    corner: float  # how round the crown is
    brim: float  # y of the brim
    brim_width: float  # half the width of the brim
    brim_height: float  # half its height
    visor: float  # how far the brim moves when the head turns
    ribbon: float  # height of the ribbon above the brim
    pompom: float  # radius
    badge: float  # radius


HATS = {
    "none": Hat(0, 0.50, -0.70, 0.40, -0.27, 0.50, 0.05, 0.00, 0.00, 0.00, 0.00),
    "cap": Hat(1, 0.50, -0.72, 0.44, -0.24, 0.42, 0.08, 0.45, 0.00, 0.04, 0.11),
    "beanie": Hat(1, 0.50, -0.72, 0.46, -0.27, 0.54, 0.09, 0.00, 0.00, 0.12, 0.00),
    "top hat": Hat(1, 0.40, -0.86, 0.05, -0.27, 0.70, 0.05, 0.00, 0.13, 0.00, 0.00),
}

SKIN = ("ffe2cf", "f6cba8", "e3a878", "bf8050", "8f5a38", "5f3a27")  # from light to dark
HAIR_COLORS = {
    "black": ("2b2430",),
    "brown": ("5b3826",),
    "chestnut": ("8d5030",),
    "ginger": ("cf6a2c",),
    "blond": ("eac46c",),
    "silver": ("c3c1c9",),
    "pink": ("e27fa0",),
}
EYE_COLORS = {"brown": ("6a3d1f",), "amber": ("b9812b",), "green": ("3f8f52",), "blue": ("3b80cc",)}
BACKGROUNDS = {  # above, below
    "sky": ("8ec9f0", "e4f4fb"),
    "mint": ("86d3b4", "e6f7e6"),
    "peach": ("f7b191", "fdeadb"),
    "lavender": ("b3a2e6", "efe6fb"),
    "sand": ("dcbf86", "f8eed5"),
    "rose": ("ee9db4", "fde7ea"),
    "slate": ("5f7387", "b7c5d0"),
    "dusk": ("3d3a6b", "d98e8a"),
}
OUTFITS = {  # shirt, hat, what adorns the hat
    "navy": ("2f4470", "c8443c", "f3ead8"),
    "coral": ("e8705f", "34585f", "f0c05a"),
    "forest": ("3f7d58", "d9a53f", "5a3a2a"),
    "plum": ("75477f", "3c3a52", "d86a8a"),
    "mustard": ("dfa535", "2f5d8c", "f5efe0"),
    "cream": ("f1e6d2", "7c4a3a", "e8b9a0"),
}


def _rgb(*colors: str) -> Array:
    """Colors written as "rrggbb": float32 of shape (3, colors) in [0, 1]."""
    return np.array([list(bytes.fromhex(color)) for color in colors], "float32").T / 255


def _dyes(table: Mapping[str, tuple[str, ...]]) -> list[Array]:
    """A table of colors, column by column: each of shape (3, entries)."""
    return [_rgb(*column) for column in zip(*table.values(), strict=True)]


def _rows(table: Mapping[str, Hair] | Mapping[str, Hat]) -> Array:
    """A table of numbers: float32 of shape (columns, entries)."""
    return np.array(list(table.values()), "float32").T


class Face:
    """n faces as their parts need them: what follows from the factors, each of shape (n,) or, for colors, (3, n).

    Args:
        values: dictionary from each factor's name to its float32 values of shape (n,).
    """

    def __init__(self, values: dict[str, Array]):
        chosen = {name: value.astype(int) for name, value in values.items()}
        tone = values["skin_tone"] * (len(SKIN) - 1)
        lighter = np.minimum(tone.astype(int), len(SKIN) - 2)
        tones, fraction = _rgb(*SKIN), tone - lighter.astype("float32")
        self.skin = tones[:, lighter] + (tones[:, lighter + 1] - tones[:, lighter]) * fraction
        (self.hair,) = (dye[:, chosen["hair_color"]] for dye in _dyes(HAIR_COLORS))
        (self.iris,) = (dye[:, chosen["eye_color"]] for dye in _dyes(EYE_COLORS))
        self.above, self.below = (dye[:, chosen["background"]] for dye in _dyes(BACKGROUNDS))
        self.shirt, self.felt, self.trim = (dye[:, chosen["outfit"]] for dye in _dyes(OUTFITS))
        self.style = Hair(*_rows(HAIR_STYLES)[:, chosen["hair_style"]])
        self.hat = Hat(*_rows(HATS)[:, chosen["hat"]])
        self.glasses = values["glasses"]
        self.smile = values["smile"]
        self.width = 0.92 + 0.16 * values["face_width"]
        yaw = values["yaw"] * (math.pi / 180)
        self.turn = yaw * (1 - yaw * yaw / 6)  # sine and cosine by their series: NumPy's differ between machines
        self.toward = 1 - yaw * yaw / 2

    def across(self, lateral: float, depth: float) -> Array:
        """x of a point on the head, `lateral` from its middle and `depth` in front of its axis."""
        return self.width * (lateral * self.toward + depth * self.turn)
