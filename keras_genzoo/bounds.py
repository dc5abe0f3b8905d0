"""Bounds of the numbers that users give: checked where they enter, in one line."""

import operator
from typing import Any

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
