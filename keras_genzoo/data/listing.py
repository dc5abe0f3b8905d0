"""Files below a folder: images by their suffix, what else lies there, links out of it, and what a list leaves out."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

from keras_genzoo.data.decode import FORMATS
from keras_genzoo.data.source import DataError, setting
from keras_genzoo.printable import printable
from keras_genzoo.registry import did_you_mean

NAMED = 5
"""The most files that a message names; more are counted."""

QUARANTINE = "quarantine.txt"
"""The file at the top of a folder with the names of images to leave out, one a line, relative to the folder; lines
that begin with "#" are comments. `genzoo check-data --quarantine` writes it."""

NO_CLASS = "unlabeled"
"""The sub-folder beside those of classes whose images have no label."""

LONGEST_LIST = 64 * 2**20
"""Bytes of such a file, at most."""

# What systems leave beside a user's files, some of it small copies of the images; the rest begins with a dot.
_OF_SYSTEMS = {
    "__macosx",
    "@eadir",
    "thumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "lost+found",
}


class Listing(NamedTuple):
    """The files below a folder: names relative to it, with forward slashes, sorted.

    Args:
        images: files whose suffix is that of an image.
        others: all other files.
        links: links that were not followed, as they lead out of the folder.
    """

    images: list[str]
    others: list[str]
    links: list[str]


def list_folder(root: Path, follow_links: bool = False) -> Listing:
    """Lists the files below a folder; hidden ones, and what systems leave there (Thumbs.db, __MACOSX), are no files.

    Args:
        root: the folder; it may itself be a link.
        follow_links: bool, whether links out of the folder are followed. Links within it need not be: what they lead
            to is found in its own place.

    Raises:
        DataError: the folder is missing or unreadable.
    """
    if not root.is_dir():
        what = "is a file: unpack it and give the folder" if root.exists() else "does not exist"
        raise DataError(f"{root.absolute()} {what}; expected a folder of {suffixes()} images.")

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: {error.strerror}: make the folder readable.") from error

    found = Listing([], [], [])
    top, visited, to_folders = os.path.realpath(root), set(), {}
    for folder, folders, files in os.walk(root, onerror=refuse, followlinks=follow_links):
        real = os.path.realpath(folder)
        if real in visited:  # a link to a folder that was met before, perhaps one above
            folders.clear()
            continue
        visited.add(real)
        # Sorted, so that of two ways to a folder always the same is taken.
        folders[:] = sorted(inner for inner in folders if not _is_hidden(inner))
        for inner in folders:
            path = os.path.join(folder, inner)
            if not follow_links and os.path.islink(path):
                to_folders[PurePath(path).relative_to(root).as_posix()] = os.path.realpath(path)
        for file in files:
            if _is_hidden(file):
                continue
            path = os.path.join(folder, file)
            name = PurePath(path).relative_to(root).as_posix()
            if not follow_links and os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(top):
                found.links.append(name)
            else:
                (found.images if PurePath(file).suffix.lower() in FORMATS else found.others).append(name)
    found.links.extend(name for name, target in to_folders.items() if target not in visited)
    return Listing(*(sorted(names) for names in found))


def _is_hidden(name: str) -> bool:
    # Dots also hide what macOS leaves in archives: "._face.jpg" is no image.
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def find_images(root: Path, honor_quarantine: bool = True, follow_links: bool = False) -> list[str]:
    """The image files below a folder, hidden ones left out: sorted names relative to it, with forward slashes.

    Args:
        root: the folder.
        honor_quarantine: bool, whether the names in the folder's `quarantine.txt` are left out.
        follow_links: bool, as for `list_folder`.

    Raises:
        DataError: the folder is missing, unreadable, empty or without images, or its `quarantine.txt` is not a list.
    """
    return images_in(root, list_folder(root, follow_links), honor_quarantine)


def images_in(root: Path, found: Listing, honor_quarantine: bool = True) -> list[str]:
    """As `find_images`, of a folder that is listed."""
    if not found.images:
        what = f"holds {len(found.others)} files, but no image" if found.others else "is empty"
        if found.links:
            what += f" but for {len(found.links)} links out of it, followed by {setting('follow_links', True)}"
        raise DataError(f"{root.absolute()} {what}; expected {suffixes()} files, in it or in folders below.")
    quarantined = _quarantined(root) if honor_quarantine else set()
    kept = [file for file in found.images if file not in quarantined]
    if not kept:
        raise DataError(
            f"{root.absolute()}: all {len(found.images)} images are listed in {QUARANTINE}: take some off the list."
        )
    return kept


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


def suffixes() -> str:
    """The suffixes of images, for messages."""
    return ", ".join(FORMATS)


def classes_of(name: str, found: list[str], labels: str) -> list[str] | None:
    """The classes of the files `found` in folder `name`, in order; None where they get no labels.

    The sub-folder `unlabeled` is no class.

    Raises:
        DataError: `labels` is unknown, or a file to be labeled lies in no sub-folder.
    """
    if labels not in ("auto", "folders", "none"):
        raise DataError(f"{name}: labels={labels!r}: {did_you_mean(labels, ('auto', 'folders', 'none'))}")
    if labels == "none":
        return None
    parts = [PurePosixPath(file).parts for file in found]
    top = [file for file, part in zip(found, parts, strict=True) if len(part) == 1]
    folders = {part[0] for part in parts if len(part) > 1}
    classes = sorted(folders - {NO_CLASS})
    if labels == "auto":
        return classes if classes and len(folders) >= 2 and all(len(part) == 2 for part in parts) else None
    if top:
        raise DataError(
            f"{name}: labels='folders', but {len(top)} images lie in no sub-folder: {some(top)}: move each into the "
            f"folder of its class, or leave labels out by {setting('labels', 'none')}."
        )
    return classes


def some(items: Iterable[str]) -> str:
    """The first few of many names, and how many there are more, for messages."""
    items = list(items)
    more = f" and {len(items) - NAMED:,} more" if len(items) > NAMED else ""
    return "; ".join(map(printable, items[:NAMED])) + more
