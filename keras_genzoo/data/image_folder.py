"""Any folder of images as a dataset: found, labeled by sub-folder, prepared once, a part of it held out."""

import os
import warnings
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from keras_genzoo.data.decode import FORMATS
from keras_genzoo.data.prepared import prepare
from keras_genzoo.data.source import ArraySource, DataError, HeldOut, Split, digest, hold_out
from keras_genzoo.registry import DATASETS, did_you_mean
from keras_genzoo.types import Share, Size

NAMED = 5
"""The most files that a message names; more are counted."""

QUARANTINE = "quarantine.txt"
"""The file at the top of a folder with the names of images to leave out, one a line, relative to the folder; lines
that begin with "#" are comments. `genzoo check-data --quarantine` writes it."""

LONGEST_LIST = 64 * 2**20
"""Bytes of such a file, at most."""


@DATASETS.register("image_folder")
def image_folder(
    path: str | None = None,
    size: Size = 64,
    channels: Literal[1, 3] = 3,
    held_out: HeldOut = 0.1,
    labels: Literal["auto", "folders", "none"] = "auto",
    max_broken: Share = 0.05,
    allow_upscaling: bool = False,
    cache: str | None = None,
) -> Split:
    """Loads a folder of PNG, JPEG, WebP or BMP images, of any sizes and modes, flat or nested.

    Images are cropped to their central square and resized with antialias; decoding is paid once and kept in a cache
    (see `keras_genzoo.data.prepared`). Hidden files, and files with other suffixes, are ignored.

    Args:
        path: the folder.
        size: integer, pixels along each side of the images that come out.
        channels: 1 (grey) or 3 (RGB).
        held_out: integer >= 1, a number of images, or float below 1, a fraction of them; the smallest hashes of
            the files' names, so that with a fraction new files never move old ones to the other part.
        labels: `"folders"`: the first sub-folder of each image is its class; `"none"`: no labels; `"auto"`: as
            `"folders"` if every image lies in a sub-folder, one level deep, and there are at least two of these,
            else as `"none"`. Classes are in the order of their names.
        max_broken: float in [0, 1], the fraction of broken, empty or misnamed files up to which these are named in a
            warning and left out; above it, loading stops.
        allow_upscaling: bool, whether images smaller than `size` are enlarged; without it, loading stops.
        cache: optional path of the cache directory; by default `$GENZOO_CACHE` or the user's cache directory.

    Returns:
        A `Split`; its sources have `image`, `name` (relative to the folder) and, with labels, `label`.

    Raises:
        DataError: the folder is missing or has no images, too many are broken, some are too small, an image to be
            labeled lies at the top, or `held_out` leaves none to train on.

    Example:
        >>> train, held_out = image_folder("faces/", size=64, held_out=1000)
        >>> train[np.arange(16)]["image"].shape
        (16, 64, 64, 3)
    """
    if path is None:
        raise DataError("image_folder: expected a folder of images: give --data FOLDER, or path=FOLDER in Python.")
    source, names = open_folder(
        Path(path).expanduser(), size, channels, labels, max_broken, allow_upscaling, cache, kind="image_folder"
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
) -> tuple[ArraySource, list[str]]:
    """Returns all sound images of a folder as a source, and their names; arguments and errors as for `image_folder`."""
    if size < 1 or channels not in (1, 3):
        raise DataError(f"{root}: size={size}, channels={channels}: expected size >= 1 and channels 1 or 3.")
    name, found = f"{root.name or root}/", find_images(root)
    classes = classes_of(name, found, labels)  # of all files: broken ones do not change the numbers of the others
    images, record = prepare(root, found, size, channels, cache)
    _check_quality(name, len(found), record, size, max_broken, allow_upscaling)
    names = [file for file in found if file not in record["broken"]]
    manifest = {
        "kind": kind,
        "name": name,
        "count": len(names),
        "left_out": len(record["broken"]),
        "image_shape": [size, size, channels],
        "class_names": classes,
        "names_sha256": digest(np.frombuffer("\n".join(names).encode("utf-8", "surrogateescape"), np.uint8)),
        **{key: record[key] for key in ("sha256", "preparation", "pillow")},
    }
    number = {text: index for index, text in enumerate(classes or ())}
    label = None if classes is None else [number[PurePosixPath(file).parts[0]] for file in names]
    return ArraySource(images, label, None, name, classes, names=names, manifest=manifest), names


def find_images(root: Path, honor_quarantine: bool = True) -> list[str]:
    """The image files below a folder, hidden ones left out: sorted names relative to it, with forward slashes.

    Args:
        root: the folder.
        honor_quarantine: bool, whether the names in the folder's `quarantine.txt` are left out.

    Raises:
        DataError: the folder is missing, unreadable, empty or without images, or its `quarantine.txt` is not a list.
    """
    found, others = files_of(root)
    if not found:
        what = f"holds {len(others)} files, but no image" if others else "is empty"
        raise DataError(f"{root.absolute()} {what}; expected {_suffixes()} files, in it or in folders below.")
    quarantined = _quarantined(root) if honor_quarantine else set()
    kept = sorted(file for file in found if file not in quarantined)
    if not kept:
        raise DataError(
            f"{root.absolute()}: all {len(found)} images are listed in {QUARANTINE}: take some off the list."
        )
    return kept


def files_of(root: Path) -> tuple[list[str], list[str]]:
    """The names of the files below a folder, hidden ones left out: images by their suffix, and others.

    Raises:
        DataError: the folder is missing or unreadable.
    """
    if not root.is_dir():
        what = "is a file: unpack it and give the folder" if root.exists() else "does not exist"
        raise DataError(f"{root.absolute()} {what}; expected a folder of {_suffixes()} images.")

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: {error.strerror}: make the folder readable.") from error

    found: list[str] = []
    others: list[str] = []
    visited = set()
    for folder, folders, files in os.walk(root, onerror=refuse, followlinks=True):
        real = os.path.realpath(folder)
        # Dots also hide what macOS leaves in archives: "._face.jpg" is no image.
        folders[:] = [] if real in visited else [inner for inner in folders if not inner.startswith(".")]
        if real in visited:  # a link back to a folder above
            continue
        visited.add(real)
        visible = [Path(folder, file) for file in files if not file.startswith(".")]
        for file in visible:
            (found if file.suffix.lower() in FORMATS else others).append(file.relative_to(root).as_posix())
    return found, others


def _quarantined(root: Path) -> set[str]:
    """The names in the folder's list; none of them is opened."""
    path = root / QUARANTINE
    if not os.path.lexists(path):
        return set()
    if path.is_symlink() or not path.is_file():  # a link might lead out of the folder
        raise DataError(f"{path} is not a plain file; expected a list of names of images to leave out, or nothing.")
    with path.open("rb") as file:
        content = file.read(LONGEST_LIST + 1)
    if len(content) > LONGEST_LIST or b"\0" in content:
        what = "is not UTF-8 text" if b"\0" in content else f"is larger than {LONGEST_LIST >> 20} MiB"
        raise DataError(f"{path} {what}; expected names of images to leave out, one a line: mend or remove it.")
    lines = (line.removesuffix("\r") for line in content.decode("utf-8-sig", "surrogateescape").split("\n"))
    return {PurePosixPath(line).as_posix() for line in lines if line and not line.startswith("#")}


def _suffixes() -> str:
    return ", ".join(FORMATS)


def classes_of(name: str, found: list[str], labels: str) -> list[str] | None:
    """The classes of the files `found` in folder `name`, in order; None where they get no labels.

    Raises:
        DataError: `labels` is unknown, or a file to be labeled lies in no sub-folder.
    """
    if labels not in ("auto", "folders", "none"):
        raise DataError(f"{name}: labels={labels!r}: {did_you_mean(labels, ('auto', 'folders', 'none'))}")
    if labels == "none":
        return None
    parts = [PurePosixPath(file).parts for file in found]
    top = [file for file, part in zip(found, parts, strict=True) if len(part) == 1]
    classes = sorted({part[0] for part in parts if len(part) > 1})
    if labels == "auto":
        return classes if len(classes) >= 2 and all(len(part) == 2 for part in parts) else None
    if top:
        raise DataError(
            f"{name}: labels='folders', but {len(top)} images lie in no sub-folder: {_some(top)}: move each into the "
            "folder of its class, or use labels='none'."
        )
    return classes


def _check_quality(
    name: str, total: int, record: dict[str, Any], size: int, max_broken: float, allow_upscaling: bool
) -> None:
    """Warns of broken files, or stops at too many of them, or at images that are too small."""
    broken, small = record["broken"], record["small"]
    if broken:
        which = _some([f"{file} {reason}" for file, reason in broken.items()])
        what = f"{name}: {len(broken)} of {total} image files cannot be used: {which}"
        if len(broken) == total or len(broken) > max_broken * total:
            raise DataError(
                f"{what}. That is {len(broken) / total:.1%}, more than max_broken={max_broken:g} allows: repair, "
                "rename or remove them."
            )
        warnings.warn(f"{what}. They are left out.", stacklevel=4)
    if small and not allow_upscaling:
        which = _some([f"{file} ({width}x{height})" for file, (width, height) in small.items()])
        least = min(min(sides) for sides in small.values())
        raise DataError(
            f"{name}: {len(small)} of {total} images are smaller than size={size}: {which}: use a size of {least} or "
            "less, remove them, or set allow_upscaling=True."
        )


def _some(items: list[str]) -> str:
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return "; ".join(items[:NAMED]) + more
