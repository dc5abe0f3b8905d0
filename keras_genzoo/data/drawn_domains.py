"""Faces drawn by code in two domains: pairs of a line drawing and its face, and serious and smiling faces, unpaired.

Both need no download, and of every image all is known, so that what a model translates can be measured.
"""

import functools
from typing import Any, Literal

import numpy as np

from keras_genzoo.data.drawing import Array, OutlineCanvas
from keras_genzoo.data.drawn_faces import FACTORS, DrawnFaces, check_counts, check_shape, draw_faces
from keras_genzoo.data.source import HeldOutCount, Split, digest
from keras_genzoo.registry import DATASETS, read_as
from keras_genzoo.types import Count, Seed, Size

_USUAL = {name: factor.shares for name, factor in FACTORS.items()}
_SERIOUS, _SMILING = (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)  # of the quarters of the range from -1 to 1


@functools.cache
def _fingerprint() -> str:
    """The SHA-256 of a few small line drawings: it changes if the way they are drawn does."""
    factors = DrawnFaces(32, 3, range(64), 0, _USUAL).factors(np.arange(64))
    return digest(draw_faces(factors, 32, 1, OutlineCanvas))


class DrawnOutlines:
    """A source of line drawings, with the faces they are of as targets; made by `drawn_outlines`.

    Args:
        faces: the faces.
        channels: integer, those of the line drawings.
    """

    name = "drawn_outlines"
    class_names = DrawnFaces.class_names
    factor_names = DrawnFaces.factor_names
    other = None

    def __init__(self, faces: DrawnFaces, channels: int):
        self.faces = faces
        self.image_shape = (*faces.image_shape[:2], channels)

    @property
    def labels(self) -> Array:
        """The hair style of each face."""
        return self.faces.labels

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, indices: Array) -> dict[str, Array]:
        record = self.faces[indices]
        outlines = draw_faces(record["factors"], self.image_shape[0], self.image_shape[2], OutlineCanvas)
        return {**record, "image": outlines, "target": record["image"]}

    def manifest(self) -> dict[str, Any]:
        """The identity of the content, as that of drawn faces."""
        shapes = {"image_shape": list(self.image_shape), "target_shape": list(self.faces.image_shape)}
        return {**self.faces.manifest(), "kind": self.name, **shapes, "outlines_sha256": _fingerprint()}


@DATASETS.register("drawn_outlines")
@read_as("pairs")
def drawn_outlines(
    size: Size = 64,
    channels: Literal[1, 3] = 3,
    target_channels: Literal[1, 3] | None = None,
    num_images: Count = 20_000,
    held_out: HeldOutCount = 1_000,
    seed: Seed = 0,
) -> Split:
    """Loads pairs drawn by code, for a first run of a paired model: line drawings of faces, and the faces.

    Head, hair, eyes, mouth, glasses, hat and body are black lines on white; colors are for the model to invent. The
    faces are those of `drawn_faces` with the same seed. Given a folder, models of these pairs train on `pairs`.

    Args:
        size: integer from 16 to 1024, pixels along each side; lines are clear from 64 on.
        channels: 3 or 1, of the line drawings.
        target_channels: 3 for RGB or 1 for luminance, of the faces; by default as `channels`.
        num_images, held_out, seed: as for `drawn_faces`.

    Returns:
        A `Split` of two sources with `image`, `target`, `label` and `factors`.

    Raises:
        DataError: a size or a number out of range.

    Example:
        >>> train, held_out = drawn_outlines(size=64, channels=1, target_channels=3)
        >>> record = train[np.arange(16)]
        >>> record["image"].shape, record["target"].shape
        ((16, 64, 64, 1), (16, 64, 64, 3))
    """
    for depth in (channels, target_channels or channels):
        check_shape(size, depth, "drawn_outlines")
    check_counts(num_images, held_out, "drawn_outlines")

    def part(first: int, count: int) -> DrawnOutlines:
        positions = range(first, first + count)
        return DrawnOutlines(DrawnFaces(size, target_channels or channels, positions, seed, _USUAL), channels)

    return Split(part(0, num_images), part(num_images, held_out))


@DATASETS.register("drawn_smiles")
@read_as("unpaired")
def drawn_smiles(
    size: Size = 64,
    channels: Literal[1, 3] = 3,
    direction: Literal["ab", "ba"] = "ab",
    num_images: Count = 10_000,
    held_out: HeldOutCount = 500,
    seed: Seed = 0,
) -> Split:
    """Loads unpaired images drawn by code, for a first run of an unpaired model: serious faces A, smiling faces B.

    The factor `smile` of the serious ones lies in [-0.5, 0], that of the smiling ones in [0.5, 1]; all others are drawn
    alike in both domains. No face is in both: they are of other numbers. Given a folder, models train on `unpaired`.

    Args:
        size: integer from 16 to 1024, pixels along each side.
        channels: 3 for RGB, 1 for luminance.
        direction: `"ab"`: the images are serious, and those of the second domain smile; `"ba"` swaps them.
        num_images: integer, images to train on, of each domain.
        held_out: integer, images held out, of each domain; 0 for none.
        seed: integer.

    Returns:
        A `Split` of two sources with `image`, `label` and `factors`, and as `other` a source of the second domain.

    Raises:
        DataError: a size or a number out of range.

    Example:
        >>> train, held_out = drawn_smiles(size=64)
        >>> smile = train.factor_names.index("smile")
        >>> train[np.arange(16)]["factors"][:, smile].max() <= 0 < train.other[np.arange(16)]["factors"][:, smile].min()
        True
    """
    check_shape(size, channels, "drawn_smiles")
    check_counts(num_images, held_out, "drawn_smiles")

    def part(first: int, count: int) -> DrawnFaces:
        ranges = [range(start, start + count) for start in (first, first + count)]
        (a, a_is), (b, b_is) = zip(ranges, ("serious", "smiling"), strict=True)
        if direction == "ba":
            (a, a_is), (b, b_is) = (b, b_is), (a, a_is)
        return _domain(a, a_is, _domain(b, b_is))

    def _domain(positions: range, which: str, other: DrawnFaces | None = None) -> DrawnFaces:
        shares = {**_USUAL, "smile": _SERIOUS if which == "serious" else _SMILING}
        return DrawnFaces(size, channels, positions, seed, shares, f"drawn_smiles ({which})", other)

    return Split(part(0, num_images), part(2 * num_images, held_out))
