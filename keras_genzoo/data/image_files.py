"""Image files as a source: read as far as is asked for; files that cannot be used are left out, or too many of them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_genzoo.data.decode import (
    PREPARATION,
    Half,
    decode,
    examine_all,
    height_width,
    least_side,
    shorter_side,
)
from keras_genzoo.data.listing import some
from keras_genzoo.data.prepared import prepare, prepared_before
from keras_genzoo.data.source import ArraySource, DataError, Source, digest, setting, with_other

Read = Literal["images", "headers", "names"]
"""What is read of a folder's files: all of them, decoded and kept; or only headers, or only names, and nothing kept."""

MOST_TINY = 0.5
"""The fraction of images that are too small up to which these are left out; above it, the size is wrong."""


@dataclass(frozen=True)
class Images:
    """The images of some files of a folder, those of use, as far as they were read.

    Args:
        root: the folder.
        total: integer, how many files there are.
        names: the files of use, relative to the folder, in their order.
        size: pixels along each side of a square, or (height, width).
        channels: 1 or 3.
        least: integer, the shorter side of an image from which on it is of use.
        record: what was found, as `prepare` gives it; of names alone it is empty.
        pixels: uint8 of shape (names, height, width, channels); None if they are decoded as they are asked for.
        half: the half of each file that is an image.
        looked: bool, whether more was read than names.
    """

    root: Path
    total: int
    names: list[str]
    size: int | tuple[int, int]
    channels: int
    least: int
    record: dict[str, Any]
    pixels: np.ndarray | None
    half: Half = ""
    looked: bool = True

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return *height_width(self.size), self.channels

    def manifest(self, kind: str, name: str, class_names: list[str] | None = None) -> dict[str, Any]:
        """The identity of these images as those of a dataset `kind`."""
        known: dict[str, Any] = {
            key: self.record[key] for key in ("sha256", "preparation", "pillow") if key in self.record
        }
        return {
            "kind": kind,
            "name": name,
            "count": len(self.names),
            "left_out": self.total - len(self.names),
            "image_shape": list(self.image_shape),
            "class_names": class_names,
            "names_sha256": digest_of_names(self.names),
            **known,
        }

    def source(
        self,
        kind: str,
        name: str,
        label: Sequence[int] | None = None,
        class_names: list[str] | None = None,
        other: Source | None = None,
    ) -> Source:
        """These images as a source; arguments as for `ArraySource` and `manifest`."""
        manifest = self.manifest(kind, name, class_names)
        if self.pixels is None:
            return Undecoded(
                self.root, self.names, self.image_shape, label, name, class_names, manifest, self.half, other
            )
        names = self.names
        return ArraySource(self.pixels, label, None, name, class_names, names=names, other=other, manifest=manifest)


def digest_of_names(names: Sequence[str]) -> str:
    """The SHA-256 of names of files, which need not be Unicode."""
    return digest(np.frombuffer("\n".join(names).encode("utf-8", "surrogateescape"), np.uint8))


def read_images(
    root: Path,
    files: list[str],
    size: int | tuple[int, int],
    channels: int,
    allow_upscaling: bool = False,
    cache: str | None = None,
    read: Read = "images",
    half: Half = "",
    part: str = "",
) -> Images:
    """Reads image files of a folder.

    Args:
        root: the folder.
        files: their names relative to it.
        size, channels, allow_upscaling, cache, read: as for `image_folder`.
        half, part: as for `prepare`.

    Raises:
        DataError: no images of this size or these channels can be made, or the system refuses to read a file.
    """
    if min(height_width(size)) < 1 or channels not in (1, 3):
        raise DataError(f"{root}: size={size}, channels={channels}: expected size >= 1 and channels 1 or 3.")
    least = least_side(size, allow_upscaling)
    prepared = (prepare if read == "images" else prepared_before)(root, files, size, channels, cache, least, half, part)
    record = prepared.record if prepared else _by_header(root, files, size, least, read, half, part)
    left_out = {*record["broken"], *record["tiny"]}
    names = [file for file in files if file not in left_out]
    pixels, looked = prepared.images if prepared else None, prepared is not None or read == "headers"
    return Images(root, len(files), names, size, channels, least, record, pixels, half, looked)


def _by_header(
    root: Path, names: list[str], size: int | tuple[int, int], least: int, read: Read, half: Half, part: str
) -> dict[str, Any]:
    """The record that `prepare` gives, as far as headers tell; of names alone it is empty."""
    record: dict[str, Any] = {"broken": {}, "tiny": {}, "small": {}, "several": [], "preparation": PREPARATION}
    record |= {"sides": {}} if part else {}
    headers = examine_all(root, names, size, half) if read == "headers" else ()
    for name, header in zip(names, headers, strict=read == "headers"):
        shorter = shorter_side(header.sides, size)
        if header.broken:
            record["broken"][name] = header.broken
        elif shorter < min(height_width(size)):
            record["tiny" if shorter < least else "small"][name] = header.sides
        if part and not header.broken:
            record["sides"][name] = header.sides
    return record


def check_quality(name: str, images: Images, max_broken: float, noun: str = "image files") -> None:
    """Warns of files that are left out or changed, or stops at too many of them.

    Args:
        name: string, what messages call the folder.
        images: the images that were read.
        max_broken: float in [0, 1], the fraction of broken files from which on loading stops.
        noun: string, what is counted.

    Raises:
        DataError: too many are broken, or too small.
    """
    record, total, size, least = images.record, images.total, in_words(images.size), images.least
    broken, tiny, small, several = (record[key] for key in ("broken", "tiny", "small", "several"))
    if broken:
        which = some(f"{file} {reason}" for file, reason in broken.items())
        what = f"{name}: {len(broken):,} of {total:,} {noun} cannot be used: {which}"
        if len(broken) == total or len(broken) > max_broken * total:
            share = f"That is {len(broken) / total:.1%}, more than max_broken={max_broken:g} allows"
            raise DataError(
                f"{what}. {share if max_broken else 'None may be broken here'}: repair, rename or remove them, or have "
                "them left out by genzoo check-data FOLDER --quarantine."
            )
        warnings.warn(f"{what}. They are left out.", stacklevel=4)
    if tiny:
        what = f"{len(tiny):,} of {total:,} images are too small for size={size} (a shorter side below {least} pixels)"
        if len(tiny) > MOST_TINY * total or len(broken) + len(tiny) == total:
            raise DataError(
                f"{name}: {what}: {_with_sides(tiny)}: give larger images, or a smaller size; "
                f"{setting('allow_upscaling', True)} enlarges all."
            )
        warnings.warn(f"{name}: {what} and are left out: {_with_sides(tiny)}.", stacklevel=4)
    if small:
        smallest = min(small, key=lambda file: min(small[file]))
        warnings.warn(
            f"{name}: {len(small):,} of {total:,} images are smaller than size={size} and are enlarged; the smallest "
            f"is {_with_sides({smallest: small[smallest]})}.",
            stacklevel=4,
        )
    if several:
        warnings.warn(
            f"{name}: {len(several):,} files hold several pictures, of which the first is taken: {some(several)}.",
            stacklevel=4,
        )


def in_words(size: int | tuple[int, int]) -> str:
    """A size as an option takes it: 64, or [64, 128]."""
    return str(size) if isinstance(size, int) else str(list(size))


def _with_sides(sides: dict[str, tuple[int, int]]) -> str:
    return some(f"{file} ({width}x{height})" for file, (width, height) in sides.items())


class Undecoded:
    """A source of the images of a folder that are not decoded before they are asked for.

    Args:
        root: the folder.
        names: the files, relative to it.
        image_shape: (height, width, channels).
        label: optional, an integer for each file.
        name: string, the name of this source in messages.
        class_names: optional names of the values of `label`.
        manifest: dictionary; it lacks what only decoding finds.
        half: the half of each file that is an image.
        other: optional source, the images of a second domain.
    """

    factor_names = None

    def __init__(
        self,
        root: Path,
        names: list[str],
        image_shape: tuple[int, int, int],
        label: Sequence[int] | None,
        name: str,
        class_names: list[str] | None,
        manifest: dict[str, Any],
        half: Half = "",
        other: Source | None = None,
    ):
        self.root, self.image_shape, self.name = root, image_shape, name
        self.class_names = None if class_names is None else tuple(class_names)
        self.other = other
        self._half: Half = half
        self._names = np.asarray(names)
        self._label = None if label is None else np.asarray(label, "int32")
        self._manifest = manifest

    @property
    def labels(self) -> np.ndarray | None:
        """The label of each image; None without labels."""
        return self._label

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        images = np.zeros((len(indices), *self.image_shape), "uint8")
        for row, file in enumerate(self._names[indices]):
            found = decode(self.root / str(file), self.image_shape[:2], self.image_shape[2], self._half).image
            if found is not None:  # else its header was sound, and a training leaves it out
                images[row] = found
        record = {"image": images, "name": self._names[indices]}
        return record if self._label is None else {**record, "label": self._label[indices]}

    def manifest(self) -> dict[str, Any]:
        """The identity of the content, as far as it is known."""
        return with_other(self._manifest, self.other)
