"""Checks of a folder of images before it costs a training: which are broken, duplicate, tiny or blank."""

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from keras_genzoo.data.decode import FORMATS, decode, least_side
from keras_genzoo.data.image_files import MOST_TINY
from keras_genzoo.data.listing import LONGEST_LIST, QUARANTINE, classes_of, images_in, list_folder
from keras_genzoo.data.source import DataError
from keras_genzoo.files import sha256, sha256_of
from keras_genzoo.printable import printable

USUAL_MODES = ("RGB", "L")
"""Pillow's modes of colored and of grey images; others are converted before training."""

SHAPES = {"square": 1.0, "up to 4:3": 4 / 3, "up to 2:1": 2.0, "beyond 2:1": float("inf")}
"""Kinds of shapes, and the longer over the shorter side up to which an image is of that kind."""

_LONG = list(SHAPES)[-1]
_MARK = "# genzoo check-data"
HEADER = (
    f"{_MARK} --quarantine writes this list anew: images that are broken, too small or second copies, to leave out."
)
_COARSE = 32  # pixels along each side of the images that are compared first
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Report:
    """The results of checking a folder; names are relative to it, with forward slashes, and in their order.

    Attributes:
        images: integer, the number of image files.
        broken: name -> why the file cannot be used.
        same_file: groups of names of files that are the same byte for byte.
        same_pixels: groups of names of unlike files whose central squares are the same pixel for pixel; of files that
            are the same, only the first is in a group.
        tiny_below: integer, the shorter side in pixels below which an image is tiny: training enlarges it.
        tiny: name -> (width, height).
        too_small: name -> (width, height), of those tiny images that are too small to be enlarged: training leaves
            them out, see `image_folder`.
        modes: Pillow's mode -> number of sound images.
        odd_modes: name -> mode, of images in none of the `USUAL_MODES`.
        shapes: kind of shape, see `SHAPES` -> number of sound images.
        long: name -> (width, height), of images more than twice as long as wide, or as wide as long.
        several: names of files with several pictures, of which the first is taken.
        constant: names of images whose central square is of one color.
        mean: mean red, green and blue of the sound images, in [0, 255]; None if there is none.
        range: the darkest and the brightest value of the sound images, at low resolution, in [0, 255].
        others: suffix -> number of files that are not taken for images.
        links: names of links out of the folder, which are not followed.
        classes: class -> number of sound images; None where `image_folder` gives no labels.
    """

    images: int
    broken: dict[str, str]
    same_file: list[list[str]]
    same_pixels: list[list[str]]
    tiny_below: int
    tiny: dict[str, tuple[int, int]]
    too_small: dict[str, tuple[int, int]]
    modes: dict[str, int]
    odd_modes: dict[str, str]
    shapes: dict[str, int]
    long: dict[str, tuple[int, int]]
    several: list[str]
    constant: list[str]
    mean: list[float] | None
    range: list[int] | None
    others: dict[str, int]
    links: list[str]
    classes: dict[str, int] | None

    def to_leave_out(self, copies: bool = True) -> list[str]:
        """The names of broken files, of images that are too small, and of all copies but the first of each image.

        Where most are too small, the size is not that of a training on this folder, and none is listed for it.

        Args:
            copies: bool, whether copies are among them.
        """
        groups = self.same_file + self.same_pixels if copies else []
        again = (name for group in groups for name in group[1:])
        return sorted({*self.broken, *again, *(() if self.wrong_size else self.too_small)})

    @property
    def wrong_size(self) -> bool:
        """True if most images are too small, so that a training at this size would stop."""
        return len(self.too_small) > MOST_TINY * self.images


class _Facts(NamedTuple):
    """Facts of a sound file: SHA-256 of the file and of its pixels at low resolution, and more."""

    file: str
    coarse: str
    sides: tuple[int, int]
    mode: str
    mean: np.ndarray
    range: tuple[int, int]
    constant: bool
    several: bool


def check_folder(root: Path, size: int = 64, follow_links: bool = False) -> Report:
    """Decodes every image file of a folder, on all cores, and reports what is wrong.

    Use it before training on a folder whose images nobody has checked. Files listed in `quarantine.txt` are
    checked too. Nothing is changed. Images that declare more pixels than Pillow lets pass are broken, and not decoded.

    Args:
        root: the folder.
        size: integer, pixels, the size to train at; images with a shorter side below it are tiny.
        follow_links: bool, as for `image_folder`.

    Returns:
        A `Report`.

    Raises:
        DataError: the folder is missing, unreadable or without images, or the system refuses to read a file.

    Example:
        >>> check_folder(Path("photos/")).broken
        {'cat/12.jpg': 'is empty (0 bytes)'}
    """
    listing = list_folder(root, follow_links)
    names = images_in(root, listing, honor_quarantine=False)
    broken: dict[str, str] = {}
    facts: dict[str, _Facts] = {}
    for name, found in zip(
        names, _each(names, lambda name: _facts(root / name), f"Checking {escape(printable(root.name))}/"), strict=True
    ):
        if isinstance(found, _Facts):
            facts[name] = found
        else:
            broken[name] = found
    same_file = _groups({name: fact.file for name, fact in facts.items()})
    classes = classes_of(f"{root.name}/", names, "auto")
    shapes = Counter(_shape(fact.sides) for fact in facts.values())
    modes = Counter(fact.mode for fact in facts.values())
    ranges = [fact.range for fact in facts.values()]
    others = [name for name in listing.others if name != QUARANTINE]
    least = least_side(size)
    members = Counter(name.split("/")[0] for name in facts)
    return Report(
        images=len(names),
        broken=broken,
        same_file=same_file,
        same_pixels=_same_pixels(root, facts, {name for group in same_file for name in group[1:]}),
        tiny_below=size,
        tiny={name: fact.sides for name, fact in facts.items() if min(fact.sides) < size},
        too_small={name: fact.sides for name, fact in facts.items() if min(fact.sides) < least},
        modes=dict(modes.most_common()),
        odd_modes={name: fact.mode for name, fact in facts.items() if fact.mode not in USUAL_MODES},
        shapes={shape: shapes[shape] for shape in SHAPES},
        long={name: fact.sides for name, fact in facts.items() if _shape(fact.sides) == _LONG},
        several=[name for name, fact in facts.items() if fact.several],
        constant=[name for name, fact in facts.items() if fact.constant],
        mean=np.mean([fact.mean for fact in facts.values()], axis=0).tolist() if facts else None,
        range=[min(low for low, _ in ranges), max(high for _, high in ranges)] if facts else None,
        others=dict(Counter(Path(name).suffix or "no suffix" for name in others).most_common()),
        links=listing.links,
        classes=None if classes is None else {name: members[name] for name in classes},
    )


def list_to_leave_out(names: Sequence[str]) -> str:
    """The text of `quarantine.txt`: a comment, and the names that training leaves out, a line each.

    Raises:
        DataError: a name cannot be written in such a list, or the list would be longer than is read.
    """
    for name in names:
        # Bytes that are no UTF-8 come from the system as lone surrogates, which cannot be encoded.
        if "\n" in name or name != name.encode(errors="replace").decode():
            raise DataError(f"{name!r} cannot be listed in {QUARANTINE}: rename it, in UTF-8 and without line breaks.")
    # A line that begins with "#" is a comment, so a name that does is written as a path.
    text = "\n".join([HEADER, *(f"./{name}" if name.startswith("#") else name for name in names), ""])
    if len(text.encode()) > LONGEST_LIST:
        raise DataError(
            f"{len(names):,} names are more than the {LONGEST_LIST >> 20} MiB of {QUARANTINE}: delete files instead."
        )
    return text


def refuse_foreign_list(root: Path) -> None:
    """Refuses to overwrite a `quarantine.txt` that was not written by `check-data`.

    Raises:
        DataError: it was.
    """
    path = root / QUARANTINE
    if not os.path.lexists(path):
        return
    ours = False
    if path.is_file() and not path.is_symlink():
        with path.open("rb") as file:
            ours = file.read(len(_MARK)) == _MARK.encode()
    if not ours:
        raise DataError(
            f"{path} was not written by check-data, which would overwrite it: rename it, or add the names by hand."
        )


def _facts(path: Path) -> _Facts | str:
    """Returns the facts of a file, or why it is broken."""
    image, sides, broken, several = decode(path, _COARSE, 3)
    if image is None:
        return broken
    with Image.open(path, formats=sorted(set(FORMATS.values()))) as header:
        mode = header.mode
    # At low resolution fine details are lost.
    constant = _is_flat(image) and _is_flat(_square(path, min(sides)))
    coarse, values = sha256(image.tobytes()), (int(image.min()), int(image.max()))
    return _Facts(sha256_of(path), coarse, sides, mode, image.mean(axis=(0, 1)), values, constant, several)


def _same_pixels(root: Path, facts: Mapping[str, _Facts], copies: set[str]) -> list[list[str]]:
    """Returns groups of images with the same pixels: those alike at low resolution are decoded again, in full."""
    coarses = {name: (min(fact.sides), fact.coarse) for name, fact in facts.items() if name not in copies}
    alike = sorted(name for group in _groups(coarses) for name in group)

    def pixels(name: str) -> tuple[int, str]:
        side = min(facts[name].sides)
        return side, sha256(_square(root / name, side).tobytes())

    return _groups(dict(zip(alike, _each(alike, pixels, "Comparing"), strict=True)))


def _square(path: Path, side: int) -> np.ndarray:
    image = decode(path, side, 3).image
    if image is None:
        raise DataError(f"{path} has changed while it was checked: check again when nothing writes to the folder.")
    return image


def _is_flat(image: np.ndarray) -> bool:
    return bool((image == image[0, 0]).all())


def _shape(sides: tuple[int, int]) -> str:
    ratio = max(sides) / min(sides)
    return next(shape for shape, most in SHAPES.items() if ratio <= most)


def _groups(keys: Mapping[str, Hashable]) -> list[list[str]]:
    """Returns the names that have the same key, in groups of two or more."""
    groups: dict[Hashable, list[str]] = {}
    for name, key in keys.items():
        groups.setdefault(key, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _each(names: Sequence[str], work: Callable[[str], _T], doing: str) -> Iterator[_T]:
    """The results of `work` in order, with a progress bar on a terminal."""
    threads = min(16, os.cpu_count() or 1)
    chunk = 32 * threads  # bounds what an interrupt waits for
    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    with bar, ThreadPoolExecutor(threads) as pool:
        task = bar.add_task(doing, total=len(names))
        for start in range(0, len(names), chunk):
            for result in pool.map(work, names[start : start + chunk]):
                bar.advance(task)
                yield result
