"""Records: what the JSON of strangers says, checked field by field against declared types and bounds.

A kind of record is what pydantic can check: a `Record`, or a dataclass or named tuple whose fields are typed by
the bounded types below.
"""

import functools
import json
import os
import warnings
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import Field

from keras_genzoo.untrusted import strict_json
from keras_genzoo.untrusted.files import UntrustedError, read_bytes

MOST_BYTES = 64 * 2**20
"""Bytes of a file of lines that are read."""
MOST_LINES = 200_000
"""Lines of such a file."""
_SHOWN = 60

Kind = TypeVar("Kind")
Count = Annotated[int, Field(ge=0, le=10**12)]
Number = Annotated[float, Field(ge=-1e300, le=1e300, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=10_000)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Record(pydantic.BaseModel):
    """A JSON object of typed fields. Others may stand beside them, as later versions may write them."""

    model_config = pydantic.ConfigDict(extra="allow")


def checked(kind: type[Kind], value: Any, where: str) -> Kind:
    """Returns `value` as a record of a kind.

    Args:
        kind: a type that pydantic can check; fields are taken strictly: no text for a number, no true for 1.
        value: JSON, as `strict_json.plain` returns it.
        where: string, its name in error messages.

    Raises:
        UntrustedError: a field is missing, of another type, or out of bounds.
    """
    try:
        adapter: pydantic.TypeAdapter[Kind] = _adapter(kind)  # type: ignore[arg-type]  # mypy: a type has no hash
        return adapter.validate_json(json.dumps(value), strict=True)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(map(str, first["loc"]))[:_SHOWN]
    raise UntrustedError(f"{where}: {field}" if field else where, _reason(first)) from None


def read(path: str | os.PathLike, kind: Any = Record, most: int = strict_json.MAX_BYTES) -> dict[str, Any]:
    """Reads a JSON file of at most `most` bytes whose content is a record of a kind.

    Returns:
        The content, as JSON has it.

    Raises:
        UntrustedError: it is missing, not a regular file, too large, not JSON, or not such a record.
    """
    content = strict_json.plain(strict_json.read(path, most), os.fspath(path))
    checked(kind, content, os.fspath(path))
    return content


def read_lines(path: str | os.PathLike, kind: Any = Record, most: int = MOST_BYTES) -> list[dict[str, Any]]:
    """Reads the lines of a JSONL file that are records of a kind.

    A line that is no JSON object, as a killed process or a full disk leave one, is skipped; an object that is no such
    record is skipped too, and there is a warning.

    Raises:
        UntrustedError: it is not a regular file, or has more than `most` bytes or `MOST_LINES` lines.
        OSError: it is missing, or cannot be read.
    """
    where, found, skipped = os.fspath(path), [], list[str]()
    for number, text in enumerate(split_lines(path, most), start=1):
        try:
            content = strict_json.plain(strict_json.parse(text, where), where)
        except UntrustedError:
            continue
        if not isinstance(content, dict):
            continue
        try:
            checked(kind, content, f"{where}: line {number}")
            found.append(content)
        except UntrustedError as error:
            skipped.append(str(error))
    if skipped:
        warnings.warn(f"{skipped[0]}; such lines, {len(skipped):,} in all, are passed over.", stacklevel=1)
    return found


def split_lines(path: str | os.PathLike, most: int = MOST_BYTES) -> list[str]:
    """Returns the lines of a text file; of one that ends in a line break, the last one is empty.

    Raises:
        UntrustedError: it is not a regular file, or has more than `most` bytes or `MOST_LINES` lines.
        OSError: it is missing, or cannot be read.
    """
    content = read_bytes(path, most)
    if (lines := content.count(b"\n")) > MOST_LINES:
        raise UntrustedError(path, f"a file of {lines:,} lines; at most {MOST_LINES:,} are read")
    return content.decode("utf-8", errors="replace").split("\n")


@functools.cache
def _adapter(kind: Any) -> pydantic.TypeAdapter:
    return pydantic.TypeAdapter(kind)


def _reason(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing"
    expected = error["msg"].removeprefix("Input should be ").replace("a valid dictionary", "an object")
    given = repr(error["input"]) if isinstance(error["input"], str) else json.dumps(error["input"])
    return f"expected {expected}, got {given if len(given) <= _SHOWN else f'{given[:_SHOWN]}...'}"
