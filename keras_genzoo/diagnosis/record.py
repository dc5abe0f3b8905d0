"""The doctor's record of a training, in its run folder: a line for each look, and one for each finding."""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from keras_genzoo.artifacts.files import append_line, write_text
from keras_genzoo.diagnosis.chart import Chart, Finding, Look
from keras_genzoo.untrusted import UntrustedError, read_bytes, strict_json

FILE = "diagnosis.jsonl"
_MOST_BYTES = 64 * 2**20


def write(folder: Path, look: Look, found: Iterable[Finding]) -> None:
    """Appends a look, and what was found by it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [look.line(), *(finding.line() for finding in found)]
    append_line(folder / FILE, "\n".join(json.dumps(line) for line in lines))


def read(folder: str | os.PathLike) -> Chart:
    """The chart of a training, from its record; empty if there is none. Lines that are no looks are passed over."""
    chart = Chart()
    for look in _looks(Path(folder)):
        chart.add(look)
    return chart


def go_back(folder: Path, iterations: int) -> Chart:
    """The chart up to a number of train steps, to which the record is cut: what came later will be seen again."""
    kept = [look for look in _looks(folder) if look.iterations <= iterations]
    chart, lines = Chart(), []
    for look in kept:
        lines += [look.line(), *(finding.line() for finding in chart.add(look))]
    if (folder / FILE).exists():
        write_text(folder / FILE, "".join(f"{json.dumps(line)}\n" for line in lines))
    return chart


def _looks(folder: Path) -> Iterator[Look]:
    path = folder / FILE
    text = b""
    with contextlib.suppress(FileNotFoundError, UntrustedError):
        text = read_bytes(path, _MOST_BYTES)
    for line in text.splitlines():
        with contextlib.suppress(UntrustedError):  # what a full disk left unfinished
            look = Look.of(strict_json.plain(strict_json.parse(line, str(path)), str(path)))
            if look is not None:
                yield look
