"""Strict JSON: what Python's own reader accepts beyond the standard is refused, by key."""

import json
import math
import os
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from keras_genzoo.untrusted.files import UntrustedError, read_bytes

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_BITS = 1024  # of an integer: those of the largest float

_SURROGATE = re.compile(r"[\ud800-\udfff]")  # JSON may say half of a pair, which no text in UTF-8 can


class _Twice(dict):
    """An object of a file in which a key is repeated."""

    def __init__(self, pairs: list[tuple[str, Any]], key: str):
        super().__init__(pairs)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(key for key, _ in pairs)
    return dict(pairs) if len(counts) == len(pairs) else _Twice(pairs, max(counts, key=counts.__getitem__))


def parse(text: str | bytes, where: str, most: int = MAX_DEPTH) -> Any:
    """Parses JSON; `plain` then refuses what is wrong in it although it could be parsed.

    Args:
        text: string, or bytes in UTF-8.
        where: string, its name in error messages.
        most: integer, levels that `plain` will allow, for the message.

    Raises:
        UntrustedError: `text` is not JSON.
    """
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(text, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise UntrustedError(where, f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UntrustedError(f"{where}: {place}", f"no valid JSON: {error.msg}") from None
    except RecursionError:
        raise UntrustedError(where, f"nested deeper than {most} levels") from None
    except ValueError as error:  # a number of thousands of digits
        raise UntrustedError(where, f"no valid JSON: {error}") from None


def read(path: str | os.PathLike, most: int = MAX_BYTES, follow: bool = True) -> Any:
    """Reads a JSON file of at most `most` bytes, which may be a link if `follow` says so; `plain` should follow.

    Raises:
        UntrustedError: it is missing, not a regular file, too large, or not JSON.
    """
    try:
        return parse(read_bytes(path, most, follow), os.fspath(path))
    except FileNotFoundError:
        raise UntrustedError(path, "there is no such file") from None
    except OSError as error:
        raise UntrustedError(path, f"cannot be read: {error.strerror}") from None


def plain(value: Any, where: str, path: str = "", depth: int = 0, most: int = MAX_DEPTH) -> Any:
    """Returns a copy of `value` as JSON has it: tuples become lists.

    Args:
        value: result of `parse`, or a value of Python.
        where: string, its name in error messages.
        path: string, the key in `where` under which `value` stands.
        depth: integer, levels above `value`.
        most: integer, levels that are allowed.

    Raises:
        UntrustedError: a key is repeated or not a string, a number is not finite or too large, a text is not Unicode,
            JSON has no such value, or the whole is nested too deep.
    """
    here = f"{where}: {path}" if path else where
    if depth > most:
        raise UntrustedError(here, f"nested deeper than {most} levels")
    if isinstance(value, _Twice):
        raise UntrustedError(here, f"the key '{value.key}' stands here twice")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise UntrustedError(here, f"the key {key!r} is no string")
            plain(key, where, path)
        return {
            key: plain(item, where, f"{path}.{key}" if path else key, depth + 1, most) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(item, where, f"{path}[{index}]", depth + 1, most) for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise UntrustedError(here, f"expected a finite number, got {value}")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise UntrustedError(here, f"expected a number below 2**{MAX_BITS}, got one of {value.bit_length():,} bits")
    if isinstance(value, str) and _SURROGATE.search(value):
        raise UntrustedError(here, f"expected Unicode text, got {value!r}, which has half of a surrogate pair")
    if value is not None and not isinstance(value, bool | int | float | str):
        raise UntrustedError(here, f"expected a value that JSON has, got {value!r} of type {type(value).__name__}")
    return value
