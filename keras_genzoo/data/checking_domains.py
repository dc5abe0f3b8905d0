"""Checks of folders of two domains: their layout, how many pairs there are, and which images are none of a pair."""

import dataclasses
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from keras_genzoo.data.checking import Report
from keras_genzoo.data.decode import examine_all, why_no_pair
from keras_genzoo.data.layout import PARTS, Layout, Side, find_layout
from keras_genzoo.data.listing import find_images
from keras_genzoo.data.pairs import match, unlike
from keras_genzoo.data.source import DataError

_MOST = 0.8  # the fraction of files of the form of pairs from which on they are taken for pairs

SIDE_BY_SIDE, TWO_FOLDERS, UNPAIRED = "pairs side by side", "pairs in two folders", "unpaired"


@dataclasses.dataclass(frozen=True)
class Domains:
    """The results of checking a folder of two domains, or two folders.

    Attributes:
        layout: `"pairs side by side"`, `"pairs in two folders"` or `"unpaired"`; "" if `problem` says why not.
        pairs: integer, the number of pairs; None if they are none.
        parts: domain, "A" or "B" -> part, "" for none -> number of images.
        sizes: domain -> "WIDTHxHEIGHT" -> number of images.
        without_partner: name -> why the file has no partner.
        unlike: name -> why the file, or it and its partner, are no pair: halves or partners of unlike proportions.
        other_sizes: names of pairs of like proportions and other sizes, which is no fault.
        neither: names of images of neither domain.
        problem: string, why the images cannot be read as of two domains; "" if they can.
        faulty: names of files to leave out, of the folder, and of the second one if there is one.
    """

    layout: str = ""
    pairs: int | None = None
    parts: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    sizes: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    without_partner: dict[str, str] = dataclasses.field(default_factory=dict)
    unlike: dict[str, str] = dataclasses.field(default_factory=dict)
    other_sizes: list[str] = dataclasses.field(default_factory=list)
    neither: list[str] = dataclasses.field(default_factory=list)
    problem: str = ""
    faulty: tuple[list[str], list[str]] = ((), ())  # type: ignore[assignment]

    @property
    def has_faults(self) -> bool:
        """True if training would leave images out, or stop."""
        return bool(self.problem or self.without_partner or self.unlike)

    def to_leave_out(self, report: Report, second: bool = False) -> list[str]:
        """The names to list in the `quarantine.txt` of a folder, or of the second one.

        Of pairs in two folders copies stay: two photos may have the same labels, and each would lose its partner.
        """
        copies = self.layout != TWO_FOLDERS
        return sorted({*report.to_leave_out(copies), *self.faulty[int(second)]})


def check_domains(root: Path, targets: Path | None = None, follow_links: bool = False) -> Domains | None:
    """Checks what belongs together in a folder of two domains, by names and headers.

    Args:
        root: the folder, in a layout of the datasets `pairs` or `unpaired`; or that of the first domain.
        targets: optional, the folder of the second domain.
        follow_links: bool, as for `image_folder`.

    Returns:
        A `Domains`; None if the folder is one of a single domain.

    Raises:
        DataError: a folder is missing, unreadable or without images.
    """
    try:
        layout = find_layout(root, targets, follow_links, honor_quarantine=False)
    except DataError as error:
        names = _names_of(root, follow_links)
        return Domains(problem=str(error)) if targets is not None or _is_of_parts(names) else None
    count = len(layout.a.files) + (0 if layout.side_by_side else len(layout.b.files))
    if layout.ignored and targets is None and len(layout.ignored) > (1 - _MOST) * (count + len(layout.ignored)):
        return None  # classes that happen to be called A and B, perhaps
    if layout.side_by_side:
        return _side_by_side(layout)
    keys = list(dict.fromkeys([*layout.a.files, *layout.b.files]))
    matched, without_partner = match(layout.a, layout.b, keys)
    paired = len(matched) >= _MOST * max(len(layout.a.files), len(layout.b.files))
    sides = {side.tag: _sides(side) for side in (layout.a, layout.b)}
    found = Domains(
        layout=TWO_FOLDERS if paired else UNPAIRED,
        parts={side.tag: _counts(key[0] for key in side.files) for side in (layout.a, layout.b)},
        sizes={tag: _in_words(found.values()) for tag, found in sides.items()},
        neither=layout.ignored,
    )
    if not paired:
        return found
    pairs = [(layout.a.files[key], layout.b.files[key]) for key in matched]
    known = [(a, b, sides["A"][a], sides["B"][b]) for a, b in pairs if a in sides["A"] and b in sides["B"]]
    faults = {a: f"{_words(s)}, and {layout.b.shown(b)} {_words(t)}" for a, b, s, t in known if unlike(s, t)}
    lonely: tuple[list[str], list[str]] = ([], [])
    for place, side in enumerate((layout.a, layout.b)):
        alone = [file for file in side.files.values() if side.shown(file) in without_partner]
        lonely[place if targets is not None else 0].extend(alone)
    return dataclasses.replace(
        found,
        pairs=len(matched) - len(faults),
        without_partner=without_partner,
        unlike={layout.a.shown(file): why for file, why in faults.items()},
        other_sizes=[layout.a.shown(a) for a, _, s, t in known if s != t and not unlike(s, t)],
        faulty=([*lonely[0], *faults], lonely[1]),
    )


def _side_by_side(layout: Layout) -> Domains | None:
    """Pairs side by side, if most files have their form."""
    sides = _sides(layout.a)
    faults = {file: why for file, found in sides.items() if (why := why_no_pair(found, 1))}
    if not sides or len(faults) > (1 - _MOST) * len(sides):
        return None
    halves = _in_words((width // 2, height) for file, (width, height) in sides.items() if file not in faults)
    parts = _counts(key[0] for key in layout.a.files)
    return Domains(
        layout=SIDE_BY_SIDE,
        pairs=len(sides) - len(faults),
        parts={"A": parts, "B": parts},
        sizes={"A": halves, "B": halves},
        unlike=faults,
        neither=layout.ignored,
        faulty=(list(faults), []),
    )


def _sides(side: Side) -> dict[str, tuple[int, int]]:
    """(width, height) of the files of a domain that are sound as far as headers tell."""
    files = list(side.files.values())
    headers = zip(files, examine_all(side.root, files), strict=True)
    return {file: header.sides for file, header in headers if not header.broken}


def _names_of(root: Path, follow_links: bool) -> list[str]:
    return find_images(root, honor_quarantine=False, follow_links=follow_links)


def _is_of_parts(names: list[str]) -> bool:
    """True if images lie in folders such as trainA, which nobody takes for a class."""
    return all(name.split("/")[0][:-1] in PARTS and "/" in name for name in names)


def _counts(parts: Iterable[str]) -> dict[str, int]:
    return dict(Counter(parts).most_common())


def _in_words(sides: Iterable[tuple[int, int]]) -> dict[str, int]:
    return _counts(map(_words, sides))


def _words(sides: tuple[int, int]) -> str:
    return f"{sides[0]}x{sides[1]}"
