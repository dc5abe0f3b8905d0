"""Any folder of images as a dataset: found, labeled by sub-folder, prepared once, a part of it held out."""

import warnings
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Literal

from keras_genzoo.data.decode import canonical
from keras_genzoo.data.image_files import Read, check_quality, read_images
from keras_genzoo.data.listing import NO_CLASS, Listing, classes_of, images_in, list_folder, some
from keras_genzoo.data.listing import find_images as find_images
from keras_genzoo.data.source import UNLABELED, DataError, HeldOut, Source, Split, hold_out, setting
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import ImageSize, Share

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
    size: ImageSize = 64,
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

    Images are cropped to their central square (or rectangle) and resized with antialias; decoding is paid once and
    kept in a cache (see `keras_genzoo.data.prepared`). Of a file with several pictures the first is taken; 16 bits
    become 8 over their whole range. Hidden files, and what systems leave (`__MACOSX`, `Thumbs.db`), are ignored.

    Small images: where the shorter side is at least half of `size`, they are enlarged (28 pixels for a size of 32);
    smaller ones are left out. If more than half of the images are so small, loading stops. A warning of one line says
    how many images were enlarged or left out, how many files have other suffixes, and how many links were not followed.

    Args:
        path: the folder.
        size: integer, pixels along each side of the images that come out, or their (height, width).
        channels: 1 (grey) or 3 (RGB).
        held_out: integer, a number of images, or float below 1, a fraction of them; the smallest hashes of the files'
            names, so that with a fraction new files never move old ones to the other part. With 0 all are to train on.
        labels: `"folders"`: the first sub-folder of each image is its class; `"none"`: no labels; `"auto"`: as
            `"folders"` if every image lies in a sub-folder, one level deep, and there are at least two of these,
            else as `"none"`. Classes are in the order of their names. A sub-folder `unlabeled` beside them is no class:
            its images have the label -1, for models that learn from few labels.
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
    size: ImageSize,
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
    listing = list_folder(root, follow_links)
    name, found = f"{root.name or root}/", images_in(root, listing)
    classes = classes_of(name, found, labels)  # of all files: those left out do not change the numbers of the others
    images = read_images(root, found, canonical(size), channels, allow_upscaling, cache, read)
    if images.looked:
        check_quality(name, images, max_broken)
        say_what_is_passed_over(name, listing)
    number = {NO_CLASS: UNLABELED, **{text: index for index, text in enumerate(classes or ())}}
    label = None if classes is None else [number[PurePosixPath(file).parts[0]] for file in images.names]
    return images.source(kind, name, label, classes), images.names


def say_what_is_passed_over(name: str, listing: Listing) -> None:
    """Warns of files that are no images, and of links that are not followed."""
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
