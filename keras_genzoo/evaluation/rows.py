"""Rows of a comparison: folders that hold results, under different names, each alone or grouped by seed."""

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_genzoo.artifacts import Run, located
from keras_genzoo.evaluation.results import Result, content, read


class CompareError(ValueError):
    """Folders cannot be compared; the message is one line and says what to do."""


@dataclass(frozen=True)
class Folder:
    """A folder and its results.

    Args:
        path: of the folder.
        name: string, what tables call it.
        results: dictionary from metrics to results, the newest last.
    """

    path: Path
    name: str
    results: Mapping[str, list[Result]]


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Args:
        name: string.
        folders: a single folder, or the runs that differ in their seed alone.
    """

    name: str
    folders: tuple[Folder, ...]


def opened_folders(paths: Sequence[Path]) -> list[Folder]:
    """Reads the results in folders.

    Args:
        paths: of the folders, or names of pretrained models.

    Raises:
        CompareError: none is given, one is missing or given twice, or none holds results.
    """
    if not paths:
        raise CompareError("compare: got no folders, expected the run folders to compare.")
    paths = [located(path) for path in paths]
    places = [path.resolve() for path in paths]
    for at, (path, place) in enumerate(zip(paths, places, strict=True)):
        if not path.is_dir():
            raise CompareError(f"there is no folder '{path}'.")
        if place in places[:at]:
            raise CompareError(f"'{path}' is given twice: name each folder once.")
    opened = [Folder(path, name, read(path)) for path, name in zip(paths, _names(paths), strict=True)]
    without = [folder.path for folder in opened if not folder.results]
    if len(without) == len(opened):
        raise CompareError(
            f"'{without[0]}' holds no results (metric-*.jsonl): `genzoo evaluate {without[0]}` makes them."
        )
    for path in without:  # `runs/*` may hold other things than runs
        warnings.warn(f"'{path}' holds no results (metric-*.jsonl), and is left out.", stacklevel=1)
    return [folder for folder in opened if folder.results]


def _names(paths: Sequence[Path]) -> list[str]:
    """The shortest end of each path that is not the end of another."""
    parts = [Path(os.path.abspath(path)).parts for path in paths]

    def shortest(own: tuple[str, ...]) -> str:
        ends = (own[-length:] for length in range(1, len(own) + 1))
        return "/".join(next(end for end in ends if sum(other[-len(end) :] == end for other in parts) == 1))

    return [shortest(own) for own in parts]


def grouped(folders: Sequence[Folder]) -> list[Row]:
    """Puts runs that differ in their seed alone into one row; what is no run stays alone.

    Args:
        folders: as `opened_folders` returns them.

    Raises:
        CompareError: two runs have the same seed too.
    """
    groups: list[tuple[Any, list[tuple[Folder, Any]]]] = []
    for folder in folders:
        settings, seed = _settings(folder)
        group = next((members for other, members in groups if settings is not None and settings == other), None)
        if group is None:
            groups.append((settings, [(folder, seed)]))
            continue
        if twin := next((member for member, other in group if other == seed), None):
            raise CompareError(
                f"'{twin.path}' and '{folder.path}' are the same training with the same seed, {seed}, of which there "
                "is no spread: leave one of them out."
            )
        group.append((folder, seed))
    rows = []
    for _, members in groups:
        name = members[0][0].name if len(members) == 1 else f"{members[0][0].name} ({len(members)} seeds)"
        rows.append(Row(name, tuple(folder for folder, _ in members)))
    return rows


def _settings(folder: Folder) -> tuple[Any, Any]:
    """The config and training images of a run, and its seed; None for what is no run."""
    if not (folder.path / "config.json").is_file():
        return None, None
    run = Run(folder.path)
    config = {key: value for key, value in run.config.items() if key != "about"}
    record = run.record
    return (config, content(record.get("data", {}).get("train", {}))), record.get("seed")
