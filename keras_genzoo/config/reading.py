"""Strict JSON: what Python's own reader lets pass is refused here, by key; and pydantic's errors in one line."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic

from keras_genzoo.registry import did_you_mean

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_BITS = 1024  # of an integer: those of the largest float

_SURROGATE = re.compile(r"[\ud800-\udfff]")  # JSON may say half of a pair, which no text in UTF-8 can

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "float_type": "a number",
    "int_type": "an integer",
    "model_type": "an object",
    "sequence_str": "a list",
    "string_type": "a string",
    "tuple_type": "a list",
}


class ConfigError(ValueError):
    """A preset, or what it is overridden with, is not right; the message is one line and says where."""

    def __init__(self, message: str):
        # What it quotes, such as a key or the name of a file, may hold line breaks.
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in message))


class _Twice(dict):
    """An object of a file in which a key stands twice."""

    def __init__(self, pairs: list[tuple[str, Any]], key: str):
        super().__init__(pairs)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(key for key, _ in pairs)
    return dict(pairs) if len(counts) == len(pairs) else _Twice(pairs, max(counts, key=counts.__getitem__))


def parse(text: str, where: str) -> Any:
    """Parses JSON; `plain` then finds what was wrong in it but parsed all the same.

    Raises:
        ConfigError: `text` is no JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where}: line {error.lineno}, column {error.colno}: no valid JSON: {error.msg}") from None
    except RecursionError:
        raise ConfigError(f"{where}: nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:  # a number of thousands of digits
        raise ConfigError(f"{where}: no valid JSON: {error}") from None


def read(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        ConfigError: it is missing, too large, or no JSON.
    """
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8-sig") if size <= MAX_BYTES else None
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # a null byte or half a surrogate pair in the path
        raise ConfigError(f"{path}: is no path: {error}") from None
    if text is None:
        raise ConfigError(f"{path}: a file of {size:,} bytes; a preset has at most {MAX_BYTES:,}")
    return parse(text, str(path))


def plain(value: Any, where: str, path: str = "", depth: int = 0) -> Any:
    """A copy of `value` as JSON has it: tuples become lists.

    Raises:
        ConfigError: a key stands twice or is no string, a number is not finite or too large, a text is not Unicode, a
            value is none of JSON's, or the whole is nested too deep.
    """
    here = f"{where}: {path}" if path else where
    if depth > MAX_DEPTH:
        raise ConfigError(f"{here}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, _Twice):
        raise ConfigError(f"{here}: the key '{value.key}' stands here twice")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{here}: the key {key!r} is no string")
            plain(key, where, path)
        return {key: plain(item, where, f"{path}.{key}" if path else key, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, where, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{here}: expected a finite number, got {value}")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ConfigError(f"{here}: expected a number below 2**{MAX_BITS}, got one of {value.bit_length():,} bits")
    if isinstance(value, str) and _SURROGATE.search(value):
        raise ConfigError(f"{here}: expected Unicode text, got {value!r}, which has half of a surrogate pair")
    if value is not None and not isinstance(value, bool | int | float | str):
        raise ConfigError(f"{here}: expected a value that JSON has, got {value!r} of type {type(value).__name__}")
    return value


def tuples(value: Any) -> Any:
    """`value` with tuples for lists: pydantic, when it is strict, takes no list for a tuple."""
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return tuple(tuples(item) for item in value) if isinstance(value, list) else value


def explain(error: pydantic.ValidationError, value: Any, where: str) -> ConfigError:
    """The first of pydantic's errors about `value`, in one line, and how many more there are."""
    found: dict[str, list[Any]] = {}  # at one place there can be an error for each arm of a union
    for one in error.errors(include_url=False):
        if one["type"] != "too_short" or len(one["input"]) < one["ctx"]["min_length"]:  # else its items are at fault
            found.setdefault(_path(one, value), []).append(one)
    path, errors = next(iter(found.items()))
    more = f" (+{len(found) - 1} more)" if len(found) > 1 else ""
    return ConfigError(f"{where}: {path + ': ' if path else ''}{_message(errors)}{more}")


def _path(error: Any, value: Any) -> str:
    """The key at fault: pydantic's location less the arms of unions that it tried, which `value` does not have."""
    path = ""
    for step in error["loc"]:
        if isinstance(value, Mapping) and step in value:
            path, value = f"{path}.{step}", value[step]
        elif isinstance(value, tuple | list) and isinstance(step, int) and step < len(value):
            path, value = f"{path}[{step}]", value[step]
    key = error["loc"][-1] if error["type"] == "missing" else error.get("ctx", {}).get("key")
    if isinstance(key, str):
        path = f"{path}.{key}"
    return path.removeprefix(".")


def _message(errors: list[Any]) -> str:
    """What was expected at one place, and what was given."""
    first = errors[0]
    if first["type"] == "refused":
        return first["msg"]
    if first["type"] == "missing" and isinstance(first["loc"][-1], str):
        return "is missing, and has no default"
    hint = ""
    if first["type"] == "literal_error" and isinstance(first["input"], str):
        names = re.findall(r"'([^']*)'", first["ctx"]["expected"])
        hint = f"; {did_you_mean(first['input'], names)}"
    return f"expected {' or '.join(_expected(one) for one in errors)}, got {_show(first['input'])}{hint}"


def _expected(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "more items"
    if kind in ("too_short", "too_long"):
        return (
            f"at least {context['min_length']} items"
            if kind == "too_short"
            else f"at most {context['max_length']} items"
        )
    text = _EXPECTED.get(kind) or error["msg"].removeprefix("Input should be ")
    return f"a number {text}" if kind.startswith(("greater", "less")) else text


def _show(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
