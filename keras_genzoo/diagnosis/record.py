"""The doctor's record of a training, in its run folder: a line for each look, and for each finding and its end."""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_genzoo.diagnosis.chart import Chart, Finding, Look
from keras_genzoo.files import append_line, read_lines, write_lines
from keras_genzoo.untrusted import UntrustedError

FILE = "diagnosis.jsonl"


def write(folder: Path, look: Look, found: Iterable[Finding]) -> None:
    """Appends a look, and what was found by it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [look.line(), *(finding.line() for finding in found)]
    append_line(folder / FILE, "\n".join(json.dumps(line) for line in lines))


def write_stop(folder: Path, reason: str) -> None:
    """Appends why there are no more looks."""
    folder.mkdir(parents=True, exist_ok=True)
    append_line(folder / FILE, json.dumps({"stopped": reason}))


def read(folder: str | os.PathLike) -> Chart:
    """The chart of a training, from its record; empty if there is none. Lines that are no looks are passed over."""
    chart = Chart()
    for line in _lines(Path(folder)):
        look = Look.of(line)
        if look is not None:
            chart.add(look)
        elif isinstance(line.get("stopped"), str):
            chart.stopped = line["stopped"]
    return chart


def go_back(folder: Path, iterations: int) -> Chart:
    """The chart up to a number of train steps, to which the record is cut: what came later will be seen again."""
    looks = (Look.of(line) for line in _lines(folder))
    kept = [look for look in looks if look is not None and look.iterations <= iterations]
    chart, lines = Chart(), []
    for look in kept:
        lines += [look.line(), *(finding.line() for finding in chart.add(look))]
    if (folder / FILE).exists():
        write_lines(folder / FILE, lines)
    return chart


def _lines(folder: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(UntrustedError):
        return read_lines(folder / FILE)
    return []
