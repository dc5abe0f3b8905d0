"""Results: numbers that carry how they were measured, kept in `metric-<name>.jsonl`, a line each time.

Two numbers may stand side by side if their protocols are alike. A protocol is a dictionary of all that a number depends
on beside the subject, such as

    {"features": {"extractor": "inception", ...}, "real": MANIFEST, "generated": {"count": 50000}, "k": 3}

A manifest of images is recognized by its `kind`; the folder of the images and the decoder do not matter. `notes` are
for readers alone. The `subject` names what was measured, the seed of its images included.
"""

import json
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keras_genzoo.files import append_line
from keras_genzoo.untrusted import strict_json
from keras_genzoo.untrusted.records import Number, Record, Text, checked, split_lines

MOST_BYTES = 64 * 2**20
"""Of the file of a metric: some ten thousand results."""
_LARGEST = 1e100  # what is larger is no measurement, and overflows when a table scales it
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,99}")
_NOTES = {"notes"}
_PLACES = {"name", "path", "pillow"}


class _Line(Record):
    """The types of a result's fields in a file."""

    metric: Text
    value: Number | None
    protocol: dict[str, Any]
    subject: dict[str, Any]
    date: Text
    seconds: Number
    environment: dict[str, Any]
    spread: Number | None = None


class ResultError(ValueError):
    """A result cannot be kept; the message is one line and says why."""


@dataclass(frozen=True)
class Result:
    """A number, how it was measured, and on what.

    Args:
        metric: string of lowercase letters, digits and underscores, such as "fid" or "frechet_pixels".
        value: float; None where the metric is undefined, such as the PSNR of images that are all reconstructed exactly.
        protocol: dictionary, JSON-able: how it was measured.
        subject: dictionary, JSON-able: what was measured: its kind, iterations, digest of weights, seed, ...
        date: string, ISO 8601: when.
        seconds: float, how long it took.
        environment: dictionary, JSON-able: versions and devices.
        spread: optional float, a standard deviation within the measurement, such as over the subsets of KID.

    Raises:
        ResultError: a number is not finite, the name or the date has another form, or JSON has no words for the rest.
    """

    metric: str
    value: float | None
    protocol: dict[str, Any]
    subject: dict[str, Any]
    date: str
    seconds: float
    environment: dict[str, Any]
    spread: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not _NAME.fullmatch(self.metric):
            raise ResultError(f"metric {self.metric!r}: expected lowercase letters, digits and '_', at most 100.")
        clean: dict[str, Any] = {"seconds": self._number("seconds"), "date": self._date()}
        clean |= {name: self._number(name) for name in ("value", "spread") if getattr(self, name) is not None}
        # Equal to what will be read from the file, where tuples are lists and keys are strings.
        clean |= {name: self._json(name) for name in ("protocol", "subject", "environment")}
        for name, value in clean.items():
            object.__setattr__(self, name, value)

    def _number(self, name: str) -> float:
        try:
            number = float(getattr(self, name))
        except (OverflowError, TypeError, ValueError):
            number = math.nan
        if not abs(number) <= _LARGEST:
            mend = "; where it is undefined, give None" if name == "value" else ""
            raise ResultError(f"{self.metric}: {name} is {getattr(self, name)!r}, expected a finite number{mend}.")
        return number

    def _date(self) -> str:
        """The date in UTC, so that dates are in order as strings are."""
        try:
            return datetime.fromisoformat(self.date).astimezone(UTC).isoformat(timespec="milliseconds")
        except (OverflowError, TypeError, ValueError):
            raise ResultError(f"{self.metric}: date is {self.date!r}, expected ISO 8601.") from None

    def _json(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads(json.dumps(getattr(self, name), allow_nan=False))
        except (RecursionError, TypeError, ValueError) as error:
            raise ResultError(f"{self.metric}: {name}: JSON has no words for it: {error}.") from None
        if not isinstance(content, dict):
            raise ResultError(f"{self.metric}: {name} is a {type(content).__name__}, expected a dictionary.")
        return content


def append(folder: str | os.PathLike, result: Result) -> None:
    """Appends a result to those of a folder; when this returns, it is on the disk.

    A line is written by a single call at the end of the file, so processes may write at the same time. A line that a
    killed process left unfinished stays a line of its own.

    Args:
        folder: path, made if it is not there.
        result: a `Result`.

    Raises:
        ResultError: the file is a link, or no file: what is appended would go elsewhere.
        OSError: the folder cannot be written.

    Example:
        >>> append("runs/faces", result)
        >>> read("runs/faces")["fid"][-1].value
        31.4
    """
    path = Path(folder) / f"metric-{result.metric}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ResultError(f"{path} is a link, or no file, so nothing is appended to it: remove it.")
    append_line(path, json.dumps(asdict(result), allow_nan=False))


def read(folder: str | os.PathLike) -> dict[str, list[Result]]:
    """Reads the results in a folder: for each metric a list, the newest last.

    A last line that is unfinished, because it is being written or its writer was killed, is skipped; any other line
    that is no result is skipped with a warning.

    Args:
        folder: path of a run folder, or of any other.

    Returns:
        dictionary from metrics to lists, none of them empty; itself empty if nothing was measured.

    Raises:
        UntrustedError: a file is too large, or no regular file.
        OSError: a file cannot be read.
    """
    found = {}
    for path in sorted(Path(folder).glob("metric-*.jsonl")):
        if results := list(_results(path, path.stem.removeprefix("metric-"))):
            found[results[0].metric] = results
    return found


def _results(path: Path, metric: str) -> Iterator[Result]:
    lines, skipped = split_lines(path, MOST_BYTES), list[int]()
    for number, line in enumerate(lines, start=1):
        result = _parsed(line)
        if result is not None and result.metric == metric:
            yield result
        elif line.strip() and number < len(lines):
            skipped.append(number)
    if skipped:
        more = f" (nor are {len(skipped) - 1:,} others)" if len(skipped) > 1 else ""
        warnings.warn(f"{path}: line {skipped[0]} is no result of {metric}{more}, and is passed over.", stacklevel=3)


def _parsed(line: str) -> Result | None:
    """The result in a line; fields that are unknown, perhaps of a later version, are left out."""
    try:
        content = strict_json.plain(strict_json.parse(line, ""), "")
        checked(_Line, content, "")
        return Result(**{field.name: content[field.name] for field in fields(Result) if field.name in content})
    except (TypeError, ValueError):
        return None


def content(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a protocol without notes and without the places of images.

    Args:
        protocol: dictionary.

    Returns:
        dictionary; two are equal if their numbers may be compared.
    """
    left_out = _NOTES | (_PLACES if "kind" in protocol else set())
    return {
        key: content(value) if isinstance(value, Mapping) else value
        for key, value in protocol.items()
        if key not in left_out
    }


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Returns the keys in which two protocols differ, with both values.

    Args:
        a: dictionary.
        b: dictionary.

    Returns:
        dictionary from dotted keys to both values; of a key that is missing the value is None.

    Example:
        >>> differences({"generated": {"count": 1000}, "k": 3}, {"generated": {"count": 10000}, "k": 3})
        {'generated.count': (1000, 10000)}
    """
    return dict(_differing(content(a), content(b)))


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for key in dict.fromkeys((*a, *b)):
        first, second = a.get(key), b.get(key)
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            yield from ((f"{key}.{inner}", values) for inner, values in _differing(first, second))
        elif first != second:
            yield key, (first, second)


def differing_keys(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Returns the dotted keys in which two protocols differ; none if their numbers may be compared."""
    return list(differences(a, b))
