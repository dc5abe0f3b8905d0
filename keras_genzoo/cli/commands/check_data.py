"""`genzoo check-data`: what is wrong with a folder of images, before a training is spent on it."""

import argparse
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from keras_genzoo.printable import columns

if TYPE_CHECKING:
    from keras_genzoo.data.checking import Report

from keras_genzoo.cli.arguments import count_to, path

EPILOG = """examples:
  genzoo check-data photos/
  genzoo check-data photos/ --size 128 --output report.json --quarantine

Every image is decoded. The report names files that are broken, that are the same byte for byte or pixel for pixel,
tiny, or of one color; it counts modes, shapes and classes. Training at --size enlarges tiny images, but for those whose
shorter side is below half of it: they are too small, and left out. The exit code is 0 if no file is broken, and 1 if
one is.
No image is changed, moved or deleted: --quarantine lists what to leave out in FOLDER/quarantine.txt, which training
and evaluation honor for as long as it is there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument("folder", metavar="FOLDER", type=path, help="folder of images")
    parser.add_argument(
        "--size",
        metavar="N",
        type=count_to(65_536),
        default=64,
        help="pixels, the size to train at; an image with a shorter side below it is tiny (default 64)",
    )
    parser.add_argument("--follow-links", action="store_true", help="follow links that lead out of the folder")
    parser.add_argument("--output", metavar="REPORT.json", type=path, help="file to write the whole report to")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    parser.add_argument(
        "--quarantine",
        action="store_true",
        help="list files that are broken or too small, and copies but the first, in FOLDER/quarantine.txt: training "
        "leaves them out",
    )


def run(args: argparse.Namespace) -> int:
    """Checks a folder, prints and writes the report; 1 if a file is broken, else 0."""
    from keras_genzoo.data import DataError
    from keras_genzoo.data.checking import check_folder, list_to_leave_out, refuse_foreign_list
    from keras_genzoo.data.listing import QUARANTINE
    from keras_genzoo.files import write_text

    root = Path(args.folder).expanduser()
    output = Path(args.output).expanduser() if args.output else None
    if output is not None and output.is_dir():
        raise DataError(f"check-data: --output '{output}' is a folder: name a file in it.")
    if args.quarantine:
        refuse_foreign_list(root)
    report = check_folder(root, args.size, args.follow_links)
    text = json.dumps(dataclasses.asdict(report), indent=2)
    print(text if args.json else table(report))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_text(output, f"{text}\n")
    if args.quarantine:
        write_text(root / QUARANTINE, list_to_leave_out(report))
        if not args.json:
            if report.wrong_size:
                print(
                    f"\n{len(report.too_small):,} of {report.images:,} images are too small for size {args.size}, so "
                    "that it is not theirs, and none is listed for it: give --size N"
                )
            print(f"\n{len(report.to_leave_out()):,} files listed in {root / QUARANTINE}: training leaves them out")
    return 1 if report.broken else 0


def table(report: "Report") -> str:
    """The report for people: what was found how often, and the first few names of each."""
    from keras_genzoo.data.decode import least_side

    rows = [("images", f"{report.images:,}")]
    rows += _rows("broken", [f"{name} {reason}" for name, reason in report.broken.items()])
    for title, groups in (("same file", report.same_file), ("same pixels", report.same_pixels)):
        rows += _rows(title, [f"{name} = {group[0]}" for group in groups for name in group[1:]])
    rows += _rows(f"tiny (< {report.tiny_below})", [f"{name} ({w}x{h})" for name, (w, h) in report.tiny.items()])
    too_small = [f"{name} ({w}x{h})" for name, (w, h) in report.too_small.items()]
    rows += _rows(f"too small (< {least_side(report.tiny_below)})", too_small)
    rows += _rows("several", report.several)
    rows += _rows("constant", report.constant)
    rows.append(("modes", _counts(report.modes)))
    rows += _rows("odd modes", [f"{name} ({mode})" for name, mode in report.odd_modes.items()])
    rows.append(("shapes", _counts(report.shapes)))
    rows += _rows("long", [f"{name} ({w}x{h})" for name, (w, h) in report.long.items()])
    if report.mean is not None and report.range is not None:
        rows.append(("mean color", "red {:.1f}, green {:.1f}, blue {:.1f} of 255".format(*report.mean)))
        rows.append(("values", "from {} to {}".format(*report.range)))
    smallest = sorted((report.classes or {}).items(), key=lambda item: item[1])
    rows += _rows("classes", [f"{name}: {count:,}" for name, count in smallest])
    rows.append(("other files", _counts(report.others)))
    rows += _rows("links out", report.links)
    return columns([(name, _visible(value)) for name, value in rows], indent=0)


def _rows(title: str, items: list[str]) -> list[tuple[str, str]]:
    from keras_genzoo.data.listing import NAMED

    more = [f"and {len(items) - NAMED:,} more"] if len(items) > NAMED else []
    return [(title, f"{len(items):,}" if items else "none"), *(("", item) for item in items[:NAMED] + more)]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count) or "none"


def _visible(text: str) -> str:
    """Names may hold line breaks, codes that terminals obey, and bytes that are no text."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
