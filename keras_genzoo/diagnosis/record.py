"""The record of a diagnosis in the run folder: a line for each observation, and for each finding and its end."""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_genzoo.diagnosis.timeline import Finding, Observation, Timeline
from keras_genzoo.files import append_line, read_lines, write_lines
from keras_genzoo.printable import printable
from keras_genzoo.untrusted import UntrustedError

FILE = "diagnosis.jsonl"
_LONGEST = 1_000


def write(folder: Path, observation: Observation, findings: Iterable[Finding]) -> None:
    """Appends an observation, and what was found by it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [observation.line(), *(finding.line() for finding in findings)]
    append_line(folder / FILE, "\n".join(json.dumps(line) for line in lines))


def write_stop(folder: Path, reason: str) -> None:
    """Appends why there are no more observations."""
    folder.mkdir(parents=True, exist_ok=True)
    append_line(folder / FILE, json.dumps({"stopped": reason}))


def read(folder: str | os.PathLike) -> Timeline:
    """The timeline of a training, from its record; empty if there is none. Other lines are skipped."""
    timeline = Timeline()
    for line in _lines(Path(folder)):
        observation = Observation.from_line(line)
        if observation is not None:
            timeline.add(observation)
        elif isinstance(line.get("stopped"), str):
            timeline.stopped = printable(line["stopped"])[:_LONGEST]
    return timeline


def rewind(folder: Path, iterations: int) -> Timeline:
    """The timeline up to a number of train steps, to which the record is cut: later steps will be taken again."""
    observations = (Observation.from_line(line) for line in _lines(folder))
    kept = [found for found in observations if found is not None and found.iterations <= iterations]
    timeline, lines = Timeline(), []
    for observation in kept:
        lines += [observation.line(), *(finding.line() for finding in timeline.add(observation))]
    if (folder / FILE).exists():
        write_lines(folder / FILE, lines)
    return timeline


def _lines(folder: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(UntrustedError):
        return read_lines(folder / FILE)
    return []
