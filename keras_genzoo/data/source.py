"""Sources: images addressed by position, and the held-out part of them.

A source answers `len(source)` and `source[indices]` and hides nothing else, so a position is the whole state of a
pass over the data. Where the pixels come from (arrays, a memory-mapped cache, a drawing function) is its own affair.
"""

import hashlib
import json
import numbers
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from annotated_types import Ge, Le, Lt
from numpy.typing import ArrayLike

from keras_genzoo.files import sha256

HeldOutCount = Annotated[int, Ge(0), Le(1_000_000)]
"""The size of the held-out part of a dataset that gives as many images as asked for; 0 for none."""

HeldOut = HeldOutCount | Annotated[float, Ge(0), Lt(1)]
"""The size of the held-out part: a number of images, or a fraction of them below 1; 0 for none."""


UNLABELED = -1
"""The label of an image that has none."""


class DataError(ValueError):
    """Raised for data that cannot be used as asked; the message says what to do."""


def setting(name: str, value: Any) -> str:
    """A dataset's option as a message advises it, at both doors."""
    return (
        f"{name}={value!r} (genzoo train: --set data.{name}={value if isinstance(value, str) else json.dumps(value)})"
    )


@runtime_checkable
class Source(Protocol):
    """The interface that streams read. Attributes that a source does not have are None."""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every image."""

    @property
    def name(self) -> str:
        """The name of this source in messages and records, such as "faces/"."""

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the values of `label`; None without labels or names."""

    @property
    def labels(self) -> np.ndarray | None:
        """The label of each image, int32 (n,), -1 where it has none; None without labels."""

    @property
    def factor_names(self) -> tuple[str, ...] | None:
        """The names of the columns of `factors`; None without factors."""

    @property
    def other(self) -> "Source | None":
        """The images of a second domain, unpaired and of a number of their own; None without one."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """The examples at positions `indices`, integers of shape (n,), in that order.

        Returns:
            A dictionary with `image`, uint8 of shape (n, height, width, channels) (or float32 in [-1, 1], where the
            user gave that), and where the source has them: `label`, int32 (n,), -1 for none; `factors`, float32 (n,
            factors); `target`, the paired image; `name`, strings (n,).
        """

    def manifest(self) -> dict[str, Any]:
        """The identity of the content as a JSON-able dictionary, for caches and records."""


class Split(NamedTuple):
    """The two parts of a dataset."""

    train: Source
    held_out: Source


class ArraySource:
    """A source made of arrays in memory, or memory-mapped ones.

    Args:
        image: uint8 of shape (n, height, width, channels), or floats in [-1, 1].
        label: optional integers of shape (n,) or (n, 1); -1 for an image without one.
        target: optional paired images, under the same rules as `image`.
        name: string, the name of this source in messages.
        class_names: optional strings, one for each value of `label`.
        factors: optional floats of shape (n, factors).
        factor_names: optional strings, one for each column of `factors`.
        names: optional strings of shape (n,), one for each image.
        other: optional `Source`, the images of a second domain.
        manifest: optional dictionary, what `manifest()` returns; without it the arrays' content is hashed.

    Raises:
        DataError: shapes, types, lengths or ranges do not fit.

    Example:
        >>> (x, y), _ = keras.datasets.cifar10.load_data()
        >>> ArraySource(x, label=y)[np.arange(4)]["image"].shape
        (4, 32, 32, 3)
    """

    def __init__(
        self,
        image: ArrayLike,
        label: ArrayLike | None = None,
        target: ArrayLike | None = None,
        name: str = "arrays",
        class_names: Sequence[str] | None = None,
        *,
        factors: ArrayLike | None = None,
        factor_names: Sequence[str] | None = None,
        names: ArrayLike | None = None,
        other: Source | None = None,
        manifest: dict[str, Any] | None = None,
    ):
        self.name = name
        self.other = other
        self.class_names = None if class_names is None else tuple(class_names)
        self.factor_names = None if factor_names is None else tuple(factor_names)
        self._columns = {"image": _pixels(image, f"{name}: image")}
        if label is not None:
            self._columns["label"] = _labels(label, self.class_names, name)
        if factors is not None:
            self._columns["factors"] = np.asarray(factors, "float32")
        if target is not None:
            self._columns["target"] = _pixels(target, f"{name}: target")
        if names is not None:
            self._columns["name"] = np.asarray(names)
        for key, column in self._columns.items():
            if len(column) != len(self):
                raise DataError(f"{name}: {len(self)} images, but {len(column)} in {key}: expected one each.")
        self._manifest = manifest

    @property
    def image_shape(self) -> tuple[int, int, int]:
        height, width, channels = self._columns["image"].shape[1:]
        return height, width, channels

    @property
    def labels(self) -> np.ndarray | None:
        return self._columns.get("label")

    def __len__(self) -> int:
        return len(self._columns["image"])

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        return {key: column[indices] for key, column in self._columns.items()}

    def manifest(self) -> dict[str, Any]:
        if self._manifest is None:
            content = {key: digest(np.ascontiguousarray(column)) for key, column in self._columns.items()}
            shape = list(self.image_shape)
            self._manifest = {"kind": "arrays", "count": len(self), "image_shape": shape, "sha256": content}
        return with_other(self._manifest, self.other)


def with_other(manifest: Mapping[str, Any], other: Source | None) -> dict[str, Any]:
    """A source's manifest, with that of its second domain, if it has one."""
    return dict(manifest) if other is None else {**manifest, "other": other.manifest()}


class Subset:
    """Some positions of another source, in the given order.

    Args:
        source: the source to take from.
        positions: integers of shape (n,).
        other: optional source, the part of `source.other` that belongs to these positions; all of it by default.
    """

    def __init__(self, source: Source, positions: ArrayLike, other: Source | None = None):
        self.source = source
        self.positions = np.asarray(positions, "int64")
        self.image_shape = source.image_shape
        self.name = source.name
        self.class_names = source.class_names
        self.factor_names = source.factor_names
        self.other = source.other if other is None else other

    @property
    def labels(self) -> np.ndarray | None:
        labels = self.source.labels
        return None if labels is None else labels[self.positions]

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        return self.source[self.positions[indices]]

    def manifest(self) -> dict[str, Any]:
        own = {**self.source.manifest(), "count": len(self), "positions_sha256": digest(self.positions)}
        return with_other(own, self.other)


class Targets:
    """The paired images of a source, as images of their own: a second domain for models that need no pairs.

    Args:
        source: a source with `target`s, and at least one image.
    """

    class_names = labels = factor_names = other = None

    def __init__(self, source: Source):
        self.source = source
        self.name = f"{source.name} (targets)"
        height, width, channels = source[np.arange(1)]["target"].shape[1:]
        self.image_shape = (height, width, channels)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        record = self.source[indices]
        return {"image": record["target"], **{key: record[key] for key in ("name",) if key in record}}

    def manifest(self) -> dict[str, Any]:
        return {**self.source.manifest(), "column": "target"}


def hold_out(
    source: Source, names: Sequence[str], held_out: HeldOut, other_names: Sequence[str] | None = None
) -> Split:
    """Splits a source by the SHA-256 of its images' names: the smallest hashes are held out.

    With a fraction, an image is held out if its hash, read as a number in [0, 1), lies below it, so new files never
    move old ones from one part to the other. (Of few images, where a part would be empty, one image is moved there; a
    single image is to train on.) The images of a second domain are split likewise: as many of them, or the same
    fraction.

    Args:
        source: the source to split.
        names: strings, one for each image; unique.
        held_out: integer >= 0, a number of images, or float in [0, 1), a fraction of them.
        other_names: strings, one for each image of `source.other`; by default their numbers.

    Returns:
        A `Split` whose parts keep the order of `source`.

    Raises:
        DataError: `held_out` is neither, or leaves no image to train on.
    """
    others: Sequence[Source | None] = (None, None)
    if source.other is not None:
        if other_names is None:
            other_names = [f"{number:07d}" for number in range(len(source.other))]
        others = hold_out(source.other, other_names, held_out)
    where, total = f"{source.name}: held_out={held_out!r}", len(names)
    hashes = [hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest() for name in names]
    order = sorted(range(total), key=hashes.__getitem__)
    if isinstance(held_out, bool) or not isinstance(held_out, numbers.Real) or held_out < 0:
        count = -1
    elif isinstance(held_out, numbers.Integral) or held_out == 0:
        count = int(held_out)
    elif held_out < 1:
        below = sum(int.from_bytes(value[:8]) < held_out * 2.0**64 for value in hashes)
        count = min(max(1, below), total - 1)
    else:
        count = -1
    if count < 0:
        raise DataError(f"{where} must be a number of images, 0 or more, or a fraction of them below 1.")
    if count >= total:
        raise DataError(
            f"{where} leaves none of the {total} images to train on: hold out fewer (genzoo train: --held-out N)."
        )
    parts = (sorted(order[count:]), sorted(order[:count]))
    return Split(*(Subset(source, part, other) for part, other in zip(parts, others, strict=True)))


def digest(array: np.ndarray) -> str:
    """Returns the SHA-256 of an array's bytes, in hexadecimal digits."""
    return sha256(np.ascontiguousarray(array).view(np.uint8).data)


def _pixels(image: ArrayLike, where: str) -> np.ndarray:
    array = np.asarray(image)
    if array.ndim != 4 or not 1 <= array.shape[-1] <= 4:
        mend = "add the channel with x[..., None]" if array.ndim == 3 else "put the channels last"
        raise DataError(f"{where} has shape {array.shape}, expected (n, height, width, 1 to 4 channels): {mend}.")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise DataError(f"{where} is {array.dtype}, expected uint8, or floats in [-1, 1]: use x.astype('uint8').")
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if not (low >= -1 and high <= 1):  # written so that NaN fails
        raise DataError(
            f"{where} lies in [{low:g}, {high:g}], expected floats in [-1, 1], or uint8: use x / 127.5 - 1 if it "
            "counts to 255, 2 * x - 1 if it counts to 1."
        )
    return array.astype("float32", copy=False)


def _labels(label: ArrayLike, class_names: tuple[str, ...] | None, name: str) -> np.ndarray:
    array = np.asarray(label)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise DataError(f"{name}: label is {array.dtype} of shape {array.shape}, expected integers of shape (n,).")
    classes = len(class_names) if class_names is not None else 2**31
    if array.size and not (array.min() >= UNLABELED and array.max() < classes):
        raise DataError(
            f"{name}: label lies in [{array.min()}, {array.max()}], expected 0 to {classes - 1}, or {UNLABELED} for an "
            "image without one."
        )
    return array.astype("int32")
