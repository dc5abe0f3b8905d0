"""Faces drawn by code: a dataset of any size that needs no download, and whose every property is known.

A face is drawn from its factors and nothing else; the factors of image number i follow from the seed and from i alone.
"""

import functools
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.drawing import Array, Canvas
from keras_genzoo.data.face_parts import KINDS, canvas_for
from keras_genzoo.data.face_styles import BACKGROUNDS, EYE_COLORS, HAIR_COLORS, HAIR_STYLES, HATS, OUTFITS, Face
from keras_genzoo.data.source import DataError, HeldOutCount, Source, Split, digest, with_other
from keras_genzoo.registry import DATASETS, did_you_mean
from keras_genzoo.types import Count, Seed, Share, Size

Shares = tuple[float, ...]


class Factor(NamedTuple):
    """One property of a face: the index of one of `classes`, or without them a number from `low` to `high`.

    `shares` are those of the classes, or those of the lower and the upper half of the range.
    """

    about: str
    shares: Shares = (0.5, 0.5)
    classes: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0

    @property
    def largest(self) -> float:
        """The largest value; the smallest is `low`."""
        return len(self.classes) - 1 if self.classes else self.high

    def values(self, uniform: Array, shares: Shares) -> Array:
        """Turns uniform numbers in (0, 1) into values of this factor with these shares; shape (n,) both."""
        ends = np.cumsum(shares)
        ends /= ends[-1]  # else rounding may leave the last end below the largest uniform number
        part = np.searchsorted(ends, uniform, side="right")
        if self.classes:
            return part
        starts = np.append(0.0, ends)
        within = (uniform - starts[part]) / (ends - starts[:-1])[part]
        return self.low + (self.high - self.low) * (part + within) / len(shares)

    def checked(self, shares: Any, where: str) -> Shares:
        """The shares a user gave, as one number for each part.

        Raises:
            DataError: they are not shares of this factor's parts.
        """
        parts = self.classes or ("lower half", "upper half")
        if isinstance(shares, numbers.Real) and len(parts) == 2:
            shares = (1 - shares, shares)
        expected = f"{len(parts)} shares that sum to 1, for {', '.join(parts)}"
        if len(parts) == 2:
            expected = f"the fraction of {parts[1]!r}, a number from 0 to 1"
        try:
            given = tuple(float(share) for share in shares)
        except (TypeError, ValueError):
            given = ()
        if len(given) != len(parts) or not all(0 <= share <= 1 for share in given) or abs(sum(given) - 1) > 1e-3:
            raise DataError(f"{where} is {shares!r}; expected {expected}.")
        return given


def _even(table: Mapping[str, Any]) -> Shares:
    return (1 / len(table),) * len(table)


FACTORS: dict[str, Factor] = {
    "skin_tone": Factor("from 0, light, to 1, dark"),
    "hair_color": Factor("index", (0.2, 0.2, 0.15, 0.12, 0.15, 0.1, 0.08), tuple(HAIR_COLORS)),
    "eye_color": Factor("index", _even(EYE_COLORS), tuple(EYE_COLORS)),
    "hair_style": Factor("index; also the label", _even(HAIR_STYLES), tuple(HAIR_STYLES)),
    "smile": Factor("from -1, sad, over 0 to 1, laughing", (0.35, 0.65), low=-1.0, high=1.0),
    "yaw": Factor("degrees the head is turned, positive to the right of the picture", low=-35.0, high=35.0),
    "glasses": Factor("index", (0.75, 0.25), ("without", "with")),
    "hat": Factor("index", (0.64, 0.12, 0.12, 0.12), tuple(HATS)),
    "background": Factor("index", _even(BACKGROUNDS), tuple(BACKGROUNDS)),
    "outfit": Factor("index; colors of shirt and hat", _even(OUTFITS), tuple(OUTFITS)),
    "face_width": Factor("from 0, narrow, to 1, wide"),
    "outlier": Factor("index; 0 is a face", (1.0, *[0.0] * (len(KINDS) - 1)), tuple(KINDS)),
}
"""The factors of a drawn face; the columns of `factors`, in this order."""

SMALLEST, LARGEST = 16, 1024
_PIXELS_AT_ONCE = 2**18  # enough for long inner loops, few enough for a processor's cache


def check_shape(size: int, channels: int, name: str = "drawn_faces") -> None:
    """Refuses images that cannot be drawn.

    Raises:
        DataError: the size is out of range, or the number of channels none.
    """
    if not SMALLEST <= size <= LARGEST:
        raise DataError(f"{name}: size={size} is out of range; faces are drawn at {SMALLEST} to {LARGEST} pixels.")
    if channels not in (1, 3):
        raise DataError(f"{name}: channels={channels!r} cannot be drawn; expected 3 for RGB or 1 for luminance.")


def check_counts(num_images: int, held_out: int, name: str = "drawn_faces") -> None:
    """Refuses numbers of images that are none.

    Raises:
        DataError: they are none.
    """
    if num_images < 1 or held_out < 0:
        raise DataError(f"{name}: num_images={num_images} and held_out={held_out} must be at least 1 and 0.")


def draw_faces(factors: Array, size: int, channels: int = 3, canvas: type[Canvas] = Canvas) -> Array:
    """Draws the face that each row of factors describes: for studies in which one factor changes at a time.

    Args:
        factors: float32 of shape (n, factors), the columns those of `FACTORS`.
        size: integer from 16 to 1024, pixels along each side.
        channels: 3 for RGB, 1 for luminance.
        canvas: `Canvas`, or `OutlineCanvas` for line drawings of the faces.

    Returns:
        uint8 of shape (n, size, size, channels).

    Raises:
        DataError: a size, a number of channels or a value out of range, or another number of columns.

    Example:
        >>> factors = np.repeat(source.factors(np.array([7])), 5, axis=0)
        >>> factors[:, source.factor_names.index("smile")] = np.linspace(-1, 1, 5)
        >>> draw_faces(factors, size=64).shape
        (5, 64, 64, 3)
    """
    check_shape(size, channels)
    factors = np.asarray(factors, "float32")
    if factors.ndim != 2 or factors.shape[1] != len(FACTORS):
        raise DataError(f"drawn_faces: factors have shape {factors.shape}; expected (n, {len(FACTORS)}).")
    for (name, factor), column in zip(FACTORS.items(), factors.T, strict=True):
        if not np.all((column >= factor.low) & (column <= factor.largest)):
            given = f"{column.min():g} to {column.max():g}"
            raise DataError(f"drawn_faces: {name!r} is {given}; expected {factor.low:g} to {factor.largest:g}.")
    images = np.empty((len(factors), size, size, channels), "uint8")
    kind = factors[:, list(FACTORS).index("outlier")].astype(int)
    chunk = max(1, _PIXELS_AT_ONCE // size**2)
    for number, parts in enumerate(KINDS.values()):
        (rows,) = np.nonzero(kind == number)
        for start in range(0, len(rows), chunk):
            some = rows[start : start + chunk]
            face = Face(dict(zip(FACTORS, factors[some].T, strict=True)))
            drawing = canvas_for(face, size, canvas)
            for part in parts:
                part(drawing, face)
            images[some] = drawing.images(channels)
    return images


@functools.cache
def _fingerprint() -> str:
    """The SHA-256 of a few small pictures: it changes if the way they are drawn does."""
    shares = {name: factor.shares for name, factor in FACTORS.items()} | {"outlier": _even(KINDS)}
    return digest(DrawnFaces(32, 3, range(64), 0, shares)[np.arange(64)]["image"])


class DrawnFaces:
    """A source of drawn faces; made by `drawn_faces`.

    Args:
        size: integer, pixels along each side.
        channels: 3 for RGB, 1 for luminance.
        positions: range of the images' numbers.
        seed: integer.
        shares: dictionary from each factor's name to its shares, at least two; of a number, those of equal parts of
            its range.
        name: string, the name of this source in messages and records.
        other: optional source, the images of a second domain.
    """

    class_names = FACTORS["hair_style"].classes
    factor_names = tuple(FACTORS)

    def __init__(
        self,
        size: int,
        channels: int,
        positions: range,
        seed: int,
        shares: Mapping[str, Shares],
        name: str = "drawn_faces",
        other: Source | None = None,
    ):
        self.name, self.other = name, other
        self.image_shape = (size, size, channels)
        self.positions = positions
        self._numbers = np.arange(positions.start, positions.stop)  # of a range, that takes a time in each batch
        self.seed = seed
        self.shares = shares

    def __len__(self) -> int:
        return len(self.positions)

    def factors(self, indices: Array) -> Array:
        """The factors at positions `indices`, without drawing anything: float32 of shape (n, factors)."""
        uniform = counter_rng.uniform(self.seed, self._numbers[indices], len(FACTORS)).T
        columns = zip(FACTORS.items(), uniform, strict=True)
        return np.stack([factor.values(u, self.shares[name]) for (name, factor), u in columns], axis=1).astype(
            "float32"
        )

    @property
    def labels(self) -> Array:
        """The hair style of each face."""
        return self._labels_of(self.factors(np.arange(len(self))))

    def _labels_of(self, factors: Array) -> Array:
        return factors[:, self.factor_names.index("hair_style")].astype("int32")

    def __getitem__(self, indices: Array) -> dict[str, Array]:
        factors = self.factors(indices)
        label = self._labels_of(factors)
        size, _, channels = self.image_shape
        return {"image": draw_faces(factors, size, channels), "label": label, "factors": factors}

    def manifest(self) -> dict[str, Any]:
        """The identity of the content: what it is drawn from, and a fingerprint of the way it is drawn."""
        manifest = {
            "kind": self.name,
            "count": len(self),
            "first": self.positions.start,
            "image_shape": list(self.image_shape),
            "seed": self.seed,
            "shares": {name: list(shares) for name, shares in self.shares.items()},
            "drawing_sha256": _fingerprint(),
        }
        return with_other(manifest, self.other)


@DATASETS.register("drawn_faces")
def drawn_faces(
    size: Size = 32,
    channels: Literal[1, 3] = 3,
    num_images: Count = 20_000,
    held_out: HeldOutCount = 1_000,
    seed: Seed = 0,
    skew: dict[str, Share | Sequence[Share]] | None = None,
    outliers: Share = 0.0,
) -> Split:
    """Loads faces drawn by code, for a first run without a download and for studies that need to know the truth.

    The label is the hair style; `factors` are all the properties of a face (see `FACTORS`), from which alone it is
    drawn. The same image has the same factors at every size.

    Args:
        size: integer from 16 to 1024, pixels along each side.
        channels: 3 for RGB, 1 for luminance.
        num_images: integer, images to train on: numbers 0 to `num_images - 1`.
        held_out: integer, images held out: the numbers that follow; 0 for none.
        seed: integer.
        skew: dictionary from a factor's name to its shares, for bias studies. A choice takes one share for each of its
            classes, as in `{"hat": [0.1, 0.9, 0, 0]}`. A choice between two takes the share of the second, as in
            `{"glasses": 0.9}`, and a number takes the share of the upper half of its range, as in `{"skin_tone": 0.1}`.
        outliers: float in [0, 1], fraction of images that are not upright faces: upside down, faceless, cats, patterns
            and noise in equal parts. The factor `outlier` says which; their other factors are those of the face they
            replace.

    Returns:
        A `Split` of two sources.

    Raises:
        DataError: a size out of range, an unknown factor, or shares that do not fit it.

    Example:
        >>> train, held_out = drawn_faces(size=64, skew={"glasses": 0.9}, outliers=0.05)
        >>> train[np.arange(16)]["image"].shape
        (16, 64, 64, 3)
    """
    check_shape(size, channels)
    check_counts(num_images, held_out)
    if not 0 <= outliers <= 1:
        raise DataError(f"drawn_faces: outliers={outliers} must be a fraction from 0 to 1.")
    skew = dict(skew or {})
    for name in skew:
        if name not in FACTORS:
            raise DataError(
                f"drawn_faces: skew names {name!r}, which is not a factor of a face; {did_you_mean(name, FACTORS)}"
            )
    if outliers and "outlier" in skew:
        raise DataError(
            f"drawn_faces: outliers={outliers} and skew['outlier'] set the same fraction twice; give only one of them."
        )
    if outliers:
        others = len(KINDS) - 1
        skew["outlier"] = (1 - outliers, *[outliers / others] * others)
    shares = {
        name: factor.checked(skew.get(name, factor.shares), f"drawn_faces: skew[{name!r}]")
        for name, factor in FACTORS.items()
    }

    def part(first: int, count: int) -> DrawnFaces:
        return DrawnFaces(size, channels, range(first, first + count), seed, shares)

    return Split(part(0, num_images), part(num_images, held_out))
