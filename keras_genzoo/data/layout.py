"""Folders of two domains, A and B: which of their files are of which, of which part, and which belong together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from keras_genzoo.data.decode import Half, header_of, why_no_pair
from keras_genzoo.data.listing import Listing, images_in, list_folder, some
from keras_genzoo.data.source import DataError, HeldOut

PARTS = ("train", "val", "test")
"""The names of sub-folders that are parts of a dataset."""

LAYOUTS = (
    "sub-folders A and B, or trainA and trainB (and testA and testB), or two folders: the second by --targets FOLDER, "
    "or target_path=FOLDER in Python"
)
"""The layouts of two folders, for messages."""

_LOOKED_AT = 5  # files whose headers tell whether a folder is one of pairs side by side

Key = tuple[str, str]
"""The part of a file ("" outside of all parts), and its name without side and suffix: the same for both of a pair."""


@dataclass
class Side:
    """The images of one domain.

    Args:
        root: the folder that their names are relative to.
        name: string, what messages call them, such as "faces/trainA".
        half: the half of each file that is the image.
        tag: string, the name of this side in the cache.
        prefix: string, what messages put before the names of its files.
        files: the file of each key, in the order of the files' names.
        quarantined: keys of files that are to be left out, and with them their partners.
    """

    root: Path
    name: str
    half: Half = ""
    tag: str = ""
    prefix: str = ""
    files: dict[Key, str] = field(default_factory=dict)
    quarantined: set[Key] = field(default_factory=set)

    def add(self, key: Key, file: str, kept: bool) -> None:
        """Enters a file.

        Raises:
            DataError: there is another one of this key.
        """
        if not kept:
            self.quarantined.add(key)
        elif key in self.files:
            raise DataError(
                f"{self.root / file} and {self.files[key]} differ in their suffix alone, so their partner is not "
                "known: rename or remove one of them."
            )
        else:
            self.files[key] = file

    def keys_of(self, part: str | None) -> list[Key]:
        """The keys of a part; None for all."""
        return [key for key in self.files if part is None or key[0] == part]

    def shown(self, file: str) -> str:
        """A file as messages name it."""
        return f"{self.prefix}{file}"


@dataclass(frozen=True)
class Layout:
    """A folder of two domains, or two folders.

    Args:
        name: string, what messages call it.
        a: the first domain.
        b: the second one.
        listings: what lies in the folders.
        ignored: names of images that are of neither domain.
    """

    name: str
    a: Side
    b: Side
    listings: tuple[Listing, ...]
    ignored: list[str]

    @property
    def side_by_side(self) -> bool:
        """True if both images of a pair are in one file."""
        return bool(self.a.half)

    def sides(self, direction: str) -> tuple[Side, Side]:
        """The domain of inputs and that of targets: A and B for "ab".

        Raises:
            DataError: the direction is none.
        """
        if direction not in ("ab", "ba"):
            raise DataError(f"{self.name}: direction={direction!r}: expected 'ab', from A to B, or 'ba'.")
        return (self.a, self.b) if direction == "ab" else (self.b, self.a)

    def parts(self, held_out: HeldOut | str | None) -> tuple[str | None, str | None]:
        """The part to train on, None for all files; and the one to hold out, None if it is made of the first.

        Args:
            held_out: "val" or "test"; None for "test", or else "val", if they are there; else a number.

        Raises:
            DataError: there is no such part.
        """
        found = {part for part, _ in (*self.a.files, *self.b.files)}
        train = "train" if "train" in found else None
        chosen = held_out if isinstance(held_out, str) else None
        if chosen is not None and (chosen not in ("val", "test") or train is None or chosen not in found):
            raise DataError(
                f"{self.name}: held_out={chosen!r}: expected a number of images, or 'val' or 'test', with such a part "
                f"beside a train part; there are: {', '.join(sorted(found - {''})) or 'no parts'}."
            )
        if held_out is None and train is not None:
            chosen = next((part for part in ("test", "val") if part in found), None)
        for side in (self.a, self.b):
            for part in (train, chosen):
                if part is not None and not side.keys_of(part):
                    raise DataError(f"{side.name}: there are no images of the part '{part}', but the other domain has.")
        return train, chosen


def find_layout(
    root: Path, target_path: Path | None = None, follow_links: bool = False, honor_quarantine: bool = True
) -> Layout:
    """Finds the images of two domains.

    Args:
        root: a folder with sub-folders A and B, trainA and trainB, A/train and B/train, or train/A and train/B (and
            likewise val and test); or with files that hold both images side by side, perhaps in sub-folders train, val
            and test; or the folder of A.
        target_path: optional, the folder of B.
        follow_links: bool, as for `image_folder`.
        honor_quarantine: bool, whether files in `quarantine.txt` are left out.

    Raises:
        DataError: a folder is missing or has no images, one domain has none, or two files of one side have one name.
    """
    listing = list_folder(root, follow_links)
    images = images_in(root, listing, honor_quarantine=False)
    kept = set(images_in(root, listing, honor_quarantine))
    name = f"{root.name or root}/"
    if target_path is not None:
        other_listing = list_folder(target_path, follow_links)
        others = images_in(target_path, other_listing, honor_quarantine=False)
        kept_others = set(images_in(target_path, other_listing, honor_quarantine))
        other_name = f"{target_path.name}/"
        a, b = Side(root, name, tag="A", prefix=name), Side(target_path, other_name, tag="B", prefix=other_name)
        ignored = [*_fill(a, images, kept), *_fill(b, others, kept_others)]
        return Layout(name, a, b, (listing, other_listing), ignored)
    places = {file: _place(file) for file in images}
    sides = {place[0] for place in places.values() if place}
    if not sides:
        left, right = Side(root, name, "left"), Side(root, name, "right")
        _fill(right, images, kept)
        return Layout(name, left, right, (listing,), _fill(left, images, kept))
    if len(sides) == 1:
        _refuse_lone_side(root, next(file for file in images if places[file]), sum(map(bool, places.values())))
    a, b = (Side(root, f"{name} ({side})", tag=side) for side in "AB")
    with_train = any(place and place[1][0] == "train" for place in places.values())
    ignored = []
    for file, place in places.items():
        if place is None or (with_train and not place[1][0]):
            ignored.append(file)
        else:
            (a if place[0] == "A" else b).add(place[1], file, file in kept)
    return Layout(name, a, b, (listing,), ignored)


def check_side_by_side(layout: Layout, size: int | tuple[int, int], expected: str) -> None:
    """Refuses a folder whose first files are ordinary images, and not pairs side by side.

    Raises:
        DataError: they are.
    """
    faults = []
    for file in list(layout.a.files.values())[:_LOOKED_AT]:
        header = header_of(layout.a.root / file)
        why = why_no_pair(header.sides, size) if header else "is no image that can be read"
        if not why or "odd" in why:
            return
        faults.append(f"{layout.a.root / file} {why}")
    raise DataError(f"{faults[0]}. Expected {expected}.")


def _fill(side: Side, files: Iterable[str], kept: set[str]) -> list[str]:
    """Enters the files of a folder without sides into one side; returns those outside of its parts, if it has parts."""
    parts = {file: _part(file) for file in files}
    with_train = "train" in parts.values()
    ignored = []
    for file, part in parts.items():
        if with_train and not part:
            ignored.append(file)
            continue
        path = PurePosixPath(file).with_suffix("")
        name = PurePosixPath(*path.parts[1:]) if with_train else path
        side.add((part if with_train else "", name.as_posix()), file, file in kept)
    return ignored


def _part(file: str) -> str:
    first = PurePosixPath(file).parts[0]
    return first if first in PARTS and "/" in file else ""


def _place(file: str) -> tuple[str, Key] | None:
    """The side and the key of a file in a folder with both sides; None if it is in neither."""
    path = PurePosixPath(file).with_suffix("")
    first, *rest = path.parts
    if not rest:
        return None
    side, part = "", ""
    if first in ("A", "B"):
        side = first
        if len(rest) > 1 and rest[0] in PARTS:
            part = rest.pop(0)
    elif first in PARTS and len(rest) > 1 and rest[0] in ("A", "B"):
        side, part = rest.pop(0), first
    elif first[:-1] in PARTS and first[-1] in "AB":
        side, part = first[-1], first[:-1]
    return (side, (part, "/".join(rest))) if side else None


def _refuse_lone_side(root: Path, file: str, count: int) -> None:
    """Raises the error of a folder with images of one domain alone."""
    parts = list(PurePosixPath(file).parts[:-1])
    place = next(index for index, part in enumerate(parts) if part in ("A", "B") or part[:-1] in PARTS)
    given = root.joinpath(*parts[: place + 1])
    parts[place] = parts[place][:-1] + ("B" if parts[place][-1] == "A" else "A")
    missing = root.joinpath(*parts[: place + 1])
    what = "holds no images" if missing.is_dir() else "is not there"
    raise DataError(f"{missing} {what}, but {given} has {count}: images of both domains are expected: {LAYOUTS}.")


def say_what_is_ignored(layout: Layout) -> str:
    """A message about images that are of neither domain; "" if there are none."""
    if not layout.ignored:
        return ""
    return (
        f"{layout.name}: {len(layout.ignored):,} images are of neither domain and are left out: {some(layout.ignored)}."
    )
