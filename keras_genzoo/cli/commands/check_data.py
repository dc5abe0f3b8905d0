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
    from keras_genzoo.data.checking_domains import Domains

from keras_genzoo.cli.arguments import count_to, path

EPILOG = """examples:
  genzoo check-data photos/
  genzoo check-data photos/ --size 128 --output report.json --quarantine
  genzoo check-data facades/                               pairs, or unpaired images of two domains
  genzoo check-data photos/ --targets paintings/

Every image is decoded. The report names files that are broken, that are the same byte for byte or pixel for pixel,
tiny, or of one color; it counts modes, shapes and classes. Training at --size enlarges tiny images, but for those whose
shorter side is below half of it: they are too small, and left out. Folders of two domains are known by their layout:
both images of a pair side by side in a file, or sub-folders A and B, trainA and trainB, ..., or a second folder by
--targets; the report counts pairs and names images without a partner, or of other proportions than theirs.
The exit code is 0 if no file is broken and none lacks its partner, and 1 if one is or does.
No image is changed, moved or deleted: --quarantine lists what to leave out in FOLDER/quarantine.txt, which training
and evaluation honor for as long as it is there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument("folder", metavar="FOLDER", type=path, help="folder of images")
    parser.add_argument(
        "--targets", metavar="FOLDER", type=path, help="folder of the second domain's images, if FOLDER is of the first"
    )
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
    """Checks a folder, or two, prints and writes the report; 1 if a file is broken or lacks its partner, else 0."""
    from keras_genzoo.data import DataError
    from keras_genzoo.data.checking import check_folder, refuse_foreign_list
    from keras_genzoo.data.checking_domains import check_domains
    from keras_genzoo.files import write_text

    roots = [Path(folder).expanduser() for folder in (args.folder, args.targets) if folder is not None]
    output = Path(args.output).expanduser() if args.output else None
    if output is not None and output.is_dir():
        raise DataError(f"check-data: --output '{output}' is a folder: name a file in it.")
    for root in roots if args.quarantine else ():
        refuse_foreign_list(root)
    reports = [check_folder(root, args.size, args.follow_links) for root in roots]
    domains = check_domains(roots[0], roots[1] if len(roots) > 1 else None, args.follow_links)
    whole = {
        **dataclasses.asdict(reports[0]),
        "domains": None if domains is None else dataclasses.asdict(domains),
        **({"targets": dataclasses.asdict(reports[1])} if len(reports) > 1 else {}),
    }
    text = json.dumps(whole, indent=2)
    tables = [table(report) for report in reports] + ([table_of_domains(domains)] if domains else [])
    print(text if args.json else "\n\n".join(tables))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_text(output, f"{text}\n")
    for place, (root, report) in enumerate(zip(roots, reports, strict=True)) if args.quarantine else ():
        names = domains.to_leave_out(report, second=place == 1) if domains else report.to_leave_out()
        _quarantine(root, report, names, quiet=args.json)
    return 1 if any(report.broken for report in reports) or (domains and domains.has_faults) else 0


def _quarantine(root: Path, report: "Report", names: list[str], quiet: bool) -> None:
    """Lists files to leave out in the folder, and says so."""
    from keras_genzoo.data.checking import list_to_leave_out
    from keras_genzoo.data.listing import QUARANTINE
    from keras_genzoo.files import write_text

    write_text(root / QUARANTINE, list_to_leave_out(names))
    if quiet:
        return
    if report.wrong_size:
        print(
            f"\n{len(report.too_small):,} of {report.images:,} images are too small for size {report.tiny_below}, so "
            "that it is not theirs, and none is listed for it: give --size N"
        )
    print(f"\n{len(names):,} files listed in {root / QUARANTINE}: training leaves them out")


def table_of_domains(domains: "Domains") -> str:
    """What two domains are to each other, for people."""
    if domains.problem:
        return columns([("domains", _visible(domains.problem))], indent=0)
    rows = [("domains", domains.layout)]
    if domains.pairs is not None:
        rows.append(("pairs", f"{domains.pairs:,}"))
    for name, parts in domains.parts.items():
        count, inner = sum(parts.values()), {part: number for part, number in parts.items() if part}
        more = [_counts(inner)] if inner else []
        rows.append((name, "; ".join([f"{count:,}", *more, _counts(domains.sizes[name])])))
    if domains.pairs is not None:
        rows += _rows("no partner", [f"{name} {why}" for name, why in domains.without_partner.items()])
        rows += _rows("unlike", [f"{name} {why}" for name, why in domains.unlike.items()])
        rows += _rows("other sizes", domains.other_sizes)
    rows += _rows("neither", domains.neither)
    return columns([(name, _visible(value)) for name, value in rows], indent=0)


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
