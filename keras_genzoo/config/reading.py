"""Strict reading of presets' files, with errors of their own; and pydantic's errors in one line."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic

from keras_genzoo.printable import printable
from keras_genzoo.registry import did_you_mean
from keras_genzoo.untrusted import UntrustedError, strict_json

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
    """A preset, or a setting that overrides it, is wrong; the message is one line and says where."""

    def __init__(self, message: str):
        super().__init__(printable(message))  # what it quotes, such as a key or the name of a file, may hold anything


@contextlib.contextmanager
def _as_config_errors() -> Iterator[None]:
    try:
        yield
    except UntrustedError as error:
        raise ConfigError(str(error)) from None


def parse(text: str, where: str) -> Any:
    """Parses JSON; `plain` then finds what was wrong in it but parsed all the same.

    Raises:
        ConfigError: `text` is no JSON.
    """
    with _as_config_errors():
        return strict_json.parse(text, where)


def read(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        ConfigError: it is missing, no regular file, too large, or no JSON.
    """
    with _as_config_errors():
        return strict_json.read(path)


def plain(value: Any, where: str) -> Any:
    """A copy of `value` as JSON has it: tuples become lists.

    Raises:
        ConfigError: a key stands twice or is no string, a number is not finite or too large, a text is not Unicode, a
            value is none of JSON's, or the whole is nested too deep.
    """
    with _as_config_errors():
        return strict_json.plain(value, where)


def tuples(value: Any) -> Any:
    """`value` with tuples for lists: pydantic, when it is strict, takes no list for a tuple."""
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return tuple(tuples(item) for item in value) if isinstance(value, list) else value


def explain(error: pydantic.ValidationError, value: Any, where: str) -> ConfigError:
    """The first of pydantic's errors about `value`, in one line, and how many more there are."""
    found: dict[str, list[Any]] = {}  # at one place there can be an error for each arm of a union
    for item in error.errors(include_url=False):
        if item["type"] != "too_short" or len(item["input"]) < item["ctx"]["min_length"]:  # else its items are at fault
            found.setdefault(_path(item, value), []).append(item)
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
    """Says what was expected at one place, and what was given."""
    first = errors[0]
    if first["type"] == "refused":
        return first["msg"]
    if first["type"] == "missing" and isinstance(first["loc"][-1], str):
        return "is missing, and has no default"
    hint = ""
    if first["type"] == "literal_error" and isinstance(first["input"], str):
        names = re.findall(r"'([^']*)'", first["ctx"]["expected"])
        hint = f"; {did_you_mean(first['input'], names)}"
    return f"expected {' or '.join(map(_expected, errors))}, got {_show(first['input'])}{hint}"


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
