"""Any folder of images as a dataset: found, labeled by sub-folder, prepared once, a part of it held out."""

import warnings
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from keras_genzoo.data.decode import PREPARATION, decode, examine_all, least_side
from keras_genzoo.data.listing import Listing, classes_of, images_in, list_folder, some
from keras_genzoo.data.listing import find_images as find_images
from keras_genzoo.data.prepared import prepare, prepared_before
from keras_genzoo.data.source import ArraySource, DataError, HeldOut, Source, Split, digest, hold_out, setting
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import Share, Size

Read = Literal["images", "headers", "names"]
"""What is read of a folder's files: all of them, decoded and kept; or only headers, or only names, and nothing kept."""

MOST_TINY = 0.5
"""The fraction of images that are too small up to which these are left out; above it, the size is wrong."""

_BESIDE = {
    ".csv",
    ".tsv",
    ".txt",
    ".md",
    ".json",
    ".jsonl",
    ".html",
    ".xml",
    ".yaml",
    ".yml",
    ".toml",
    ".log",
    ".py",
    "",
}
"""Suffixes of what lies beside images: files that nobody takes for images that are missing."""


@DATASETS.register("image_folder")
def image_folder(
    path: str | None = None,
    size: Size = 64,
    channels: Literal[1, 3] = 3,
    held_out: HeldOut = 0.1,
    labels: Literal["auto", "folders", "none"] = "auto",
    max_broken: Share = 0.05,
    allow_upscaling: bool = False,
    follow_links: bool = False,
    cache: str | None = None,
    read: Read = "images",
) -> Split:
    """Loads a folder of PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP images, of any sizes and modes, flat or nested.

    Images are cropped to their central square and resized with antialias; decoding is paid once and kept in a cache
    (see `keras_genzoo.data.prepared`). Of a file with several pictures the first is taken; 16 bits become 8 over their
    whole range. Hidden files, and what systems leave (`__MACOSX`, `Thumbs.db`), are ignored.

    Small images: where the shorter side is at least half of `size`, they are enlarged (28 pixels for a size of 32);
    smaller ones are left out. If more than half of the images are so small, loading stops. A warning of one line says
    how many images were enlarged or left out, how many files have other suffixes, and how many links were not followed.

    Args:
        path: the folder.
        size: integer, pixels along each side of the images that come out.
        channels: 1 (grey) or 3 (RGB).
        held_out: integer, a number of images, or float below 1, a fraction of them; the smallest hashes of the files'
            names, so that with a fraction new files never move old ones to the other part. With 0 all are to train on.
        labels: `"folders"`: the first sub-folder of each image is its class; `"none"`: no labels; `"auto"`: as
            `"folders"` if every image lies in a sub-folder, one level deep, and there are at least two of these,
            else as `"none"`. Classes are in the order of their names.
        max_broken: float in [0, 1], the fraction of broken, empty or misnamed files up to which these are named in a
            warning and left out; above it, loading stops.
        allow_upscaling: bool, whether images are enlarged however small they are.
        follow_links: bool, whether links out of the folder are followed.
        cache: optional path of the cache directory; by default `$GENZOO_CACHE` or the user's cache directory.
        read: `"images"`; or `"headers"`, to check a folder quickly: what is left out goes by the headers of the files,
            an image is decoded each time that it is asked for, and nothing is kept; or `"names"`, the same for all
            files, whose headers are not read.

    Returns:
        A `Split`; its sources have `image`, `name` (relative to the folder) and, with labels, `label`.

    Raises:
        DataError: the folder is missing or has no images, too many are broken or too small, an image to be labeled
            lies at the top, or `held_out` leaves none to train on.

    Example:
        >>> train, held_out = image_folder("faces/", size=64, held_out=1000)
        >>> train[np.arange(16)]["image"].shape
        (16, 64, 64, 3)
    """
    if path is None:
        raise DataError("image_folder: expected a folder of images: give --data FOLDER, or path=FOLDER in Python.")
    source, names = open_folder(
        Path(path).expanduser(),
        size,
        channels,
        labels,
        max_broken,
        allow_upscaling,
        cache,
        kind="image_folder",
        follow_links=follow_links,
        read=read,
    )
    return hold_out(source, names, held_out)


def open_folder(
    root: Path,
    size: int,
    channels: int,
    labels: str,
    max_broken: float,
    allow_upscaling: bool,
    cache: str | None,
    kind: str,
    follow_links: bool = False,
    read: Read = "images",
) -> tuple[Source, list[str]]:
    """Returns the images of use of a folder as a source, and their names; arguments as for `image_folder`."""
    if size < 1 or channels not in (1, 3):
        raise DataError(f"{root}: size={size}, channels={channels}: expected size >= 1 and channels 1 or 3.")
    listing = list_folder(root, follow_links)
    name, found = f"{root.name or root}/", images_in(root, listing)
    classes = classes_of(name, found, labels)  # of all files: those left out do not change the numbers of the others
    least = least_side(size, allow_upscaling)
    prepared = (prepare if read == "images" else prepared_before)(root, found, size, channels, cache, least)
    record = prepared.record if prepared else _by_header(root, found, size, least, read)
    if prepared or read == "headers":
        _check_quality(name, len(found), record, size, least, max_broken)
        _say_what_is_passed_over(name, listing)
    names = [file for file in found if file not in record["broken"] and file not in record["tiny"]]
    known: dict[str, Any] = {key: record[key] for key in ("sha256", "preparation", "pillow") if key in record}
    manifest = {
        "kind": kind,
        "name": name,
        "count": len(names),
        "left_out": len(record["broken"]) + len(record["tiny"]),
        "image_shape": [size, size, channels],
        "class_names": classes,
        "names_sha256": digest(np.frombuffer("\n".join(names).encode("utf-8", "surrogateescape"), np.uint8)),
        **known,
    }
    number = {text: index for index, text in enumerate(classes or ())}
    label = None if classes is None else [number[PurePosixPath(file).parts[0]] for file in names]
    if prepared:
        return ArraySource(prepared.images, label, None, name, classes, names=names, manifest=manifest), names
    return Undecoded(root, names, (size, size, channels), label, name, classes, manifest), names


class Undecoded:
    """A source of the images of a folder that are not decoded before they are asked for.

    Args:
        root: the folder.
        names: the files, relative to it.
        image_shape: (size, size, channels).
        label: optional, an integer for each file.
        name: string, the name of this source in messages.
        class_names: optional names of the values of `label`.
        manifest: dictionary; it lacks what only decoding finds.
    """

    factor_names = other = None

    def __init__(
        self,
        root: Path,
        names: list[str],
        image_shape: tuple[int, int, int],
        label: list[int] | None,
        name: str,
        class_names: list[str] | None,
        manifest: dict[str, Any],
    ):
        self.root, self.image_shape, self.name = root, image_shape, name
        self.class_names = None if class_names is None else tuple(class_names)
        self._names = np.asarray(names)
        self._label = None if label is None else np.asarray(label, "int32")
        self._manifest = manifest

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        images = np.zeros((len(indices), *self.image_shape), "uint8")
        for row, file in enumerate(self._names[indices]):
            found = decode(self.root / str(file), self.image_shape[0], self.image_shape[2]).image
            if found is not None:  # else its header was sound, and a training leaves it out
                images[row] = found
        record = {"image": images, "name": self._names[indices]}
        return record if self._label is None else {**record, "label": self._label[indices]}

    def manifest(self) -> dict[str, Any]:
        """The identity of the content, as far as it is known."""
        return dict(self._manifest)


def _by_header(root: Path, names: list[str], size: int, least: int, read: Read) -> dict[str, Any]:
    """The record that `prepare` gives, as far as headers tell; of names alone it is empty."""
    record: dict[str, Any] = {"broken": {}, "tiny": {}, "small": {}, "several": [], "preparation": PREPARATION}
    for name, header in zip(names, examine_all(root, names), strict=True) if read == "headers" else ():
        if header.broken:
            record["broken"][name] = header.broken
        elif min(header.sides) < size:
            record["tiny" if min(header.sides) < least else "small"][name] = header.sides
    return record


def _check_quality(name: str, total: int, record: dict[str, Any], size: int, least: int, max_broken: float) -> None:
    """Warns of files that are left out or changed, or stops at too many of them."""
    broken, tiny, small, several = (record[key] for key in ("broken", "tiny", "small", "several"))
    if broken:
        which = some(f"{file} {reason}" for file, reason in broken.items())
        what = f"{name}: {len(broken):,} of {total:,} image files cannot be used: {which}"
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


def _say_what_is_passed_over(name: str, listing: Listing) -> None:
    counts = Counter(PurePosixPath(file).suffix.lower() for file in listing.others)
    strange = [f"{suffix} {count:,}" for suffix, count in counts.most_common() if suffix not in _BESIDE]
    if strange:
        number = sum(count for suffix, count in counts.items() if suffix not in _BESIDE)
        warnings.warn(f"{name}: {number:,} files are no images that can be read: {some(strange)}.", stacklevel=4)
    if listing.links:
        warnings.warn(
            f"{name}: {len(listing.links):,} links lead out of the folder and are not followed: {some(listing.links)}; "
            f"{setting('follow_links', True)} follows them.",
            stacklevel=4,
        )


def _with_sides(sides: dict[str, tuple[int, int]]) -> str:
    return some(f"{file} ({width}x{height})" for file, (width, height) in sides.items())
