"""`genzoo presets`: the presets that come with the package, pretrained models, or the JSON Schema of a preset."""

import argparse
import json
import sys
from typing import Any

from keras_genzoo.printable import is_terminal, printable

_COLUMNS = ("name", "model", "dataset", "size", "about")
_MOST_SCORES = 3  # in a line
_PRETRAINED = ("name", "model", "dataset", "MB", "scores", "about")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--json", action="store_true", help="print a list of objects, for programs")
    parser.add_argument("--pretrained", action="store_true", help="list the pretrained models, with their scores")
    which.add_argument("--schema", action="store_true", help="print the JSON Schema of a preset, for editors")


def run(args: argparse.Namespace) -> None:
    """Prints."""
    from keras_genzoo import config

    if args.schema:
        print(json.dumps(config.schema(), indent=2))
        return
    if args.pretrained:
        from keras_genzoo.pretrained import list_pretrained

        rows = [_pretrained(title) for title in list_pretrained()]
    else:
        rows = [_row(name) for name in config.list_presets()]
    if args.json:
        print(json.dumps(rows, indent=2))
    elif is_terminal(sys.stdout):
        _print_table(rows, _PRETRAINED if args.pretrained else _COLUMNS)
    else:
        _print_columns(rows, _PRETRAINED if args.pretrained else _COLUMNS)


def _row(name: str) -> dict[str, Any]:
    from keras_genzoo import config

    preset, _ = config.find(name)
    return {
        "name": name,
        "model": preset["model"],
        "dataset": preset["data"]["dataset"],
        "size": "x".join(str(side) for side in preset["arguments"]["image_shape"][:2]),
        "about": preset.get("about", ""),
    }


def _pretrained(title: str) -> dict[str, Any]:
    from keras_genzoo.pretrained import find

    card = find(title)
    assert card is not None
    scores = [f"{score.name} {score.value:.3g}" for score in card.metrics]
    return {
        "name": title,
        "model": card.model if card.kind == "model" else card.kind,
        "dataset": card.data.name,
        "MB": f"{card.file.bytes / 2**20:.1f}",
        "scores": ", ".join(scores[:_MOST_SCORES]) + (", ..." if len(scores) > _MOST_SCORES else ""),
        "about": card.about,
    }


def _first_sentence(text: str) -> str:
    sentence, stop, _ = text.partition(". ")
    return sentence + stop.strip()


def _cells(row: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    return [_first_sentence(row[column]) if column == "about" else row[column] for column in columns]


def _print_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "name", style="bold" if column == "name" else None)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in _cells(row, columns)))
    Console().print(table)


def _print_columns(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """One line a preset, as `grep` and `cut` like it."""
    lines = [list(columns), *(_cells(row, columns) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
