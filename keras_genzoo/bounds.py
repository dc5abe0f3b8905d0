"""Bounds of the numbers that users give: checked where they enter, in one line."""

import operator
import typing
from typing import Any

from annotated_types import Ge, Gt, Le, Lt

SEEDS = 2**32 - 1
"""The largest seed."""


def integer_in(value: Any, low: int, high: int | None, where: str) -> int:
    """Returns an integer, NumPy's included, within bounds.

    Args:
        value: anything but a bool.
        low: integer, the least allowed.
        high: integer, the greatest allowed; None for no bound.
        where: string, the function and the argument's name, for the error message.

    Raises:
        ValueError: it is no integer, or out of bounds.

    Example:
        >>> integer_in(0, 1, None, "precision_recall: k")
        ValueError: precision_recall: k=0, but an integer of at least 1 is expected.
    """
    try:
        found = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = None
    if found is None or found < low or (high is not None and found > high):
        bounds = f"of at least {low:,}" if high is None else f"from {low:,} to {high:,}"
        raise ValueError(f"{where}={value!r}, but an integer {bounds} is expected.")
    return found


def option_of(value: Any, kind: Any, where: str) -> Any:
    """Returns a value that is of an annotated type: `Annotated[int, Ge(1)]`, `Annotated[float, Lt(1)]`, `Literal[...]`.

    Args:
        value: what a user gave.
        kind: the type; of other kinds any value is returned.
        where: string, the function and the argument's name, for the error message.

    Raises:
        ValueError: it is of another type, or out of bounds.

    Example:
        >>> option_of(0, Annotated[int, Ge(1)], "generate: steps")
        ValueError: generate: steps=0, but an integer of at least 1 is expected.
    """
    if typing.get_origin(kind) is typing.Literal:
        if value not in typing.get_args(kind):
            raise ValueError(f"{where}={value!r}, but one of {', '.join(typing.get_args(kind))} is expected.")
        return value
    bare, *bounds = typing.get_args(kind) if typing.get_origin(kind) is typing.Annotated else (kind,)
    if bare not in (int, float):
        return value
    words = {
        Ge: lambda bound: (operator.ge, f"at least {bound.ge}"),
        Gt: lambda bound: (operator.gt, f"more than {bound.gt}"),
        Le: lambda bound: (operator.le, f"at most {bound.le:,}"),
        Lt: lambda bound: (operator.lt, f"less than {bound.lt}"),
    }
    known = [words[type(bound)](bound) for bound in bounds if type(bound) in words]
    limits = [getattr(bound, type(bound).__name__.lower()) for bound in bounds if type(bound) in words]
    fits = not isinstance(value, bool | str) and value is not None and value == value
    fits = fits and (bare is float or float(value).is_integer())
    if not fits or not all(test(value, limit) for (test, _), limit in zip(known, limits, strict=True)):
        noun = "an integer" if bare is int else "a number"
        told = f" of {' and '.join(text for _, text in known)}" if known else ""
        raise ValueError(f"{where}={value!r}, but {noun}{told} is expected.")
    return value
