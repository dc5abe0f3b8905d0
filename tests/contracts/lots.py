"""What the contracts share that take processes of their own: a few models a process, and what it wrote."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.contracts import helpers

each_model = pytest.mark.parametrize("name", helpers.NAMES)
LOT = 5
"""Models of a process: its start takes some of a test's time, and so would all models."""
Arrays = dict[str, np.ndarray]


def result(folder: Path, name: str) -> Arrays:
    """What a process wrote of a model."""
    error = folder / f"{name}.error"
    assert not error.exists(), error.read_text(encoding="utf-8")
    with np.load(folder / f"{name}.npz") as arrays:
        return dict(arrays)


def starting_with(prefix: str, arrays: Arrays) -> Arrays:
    """The arrays of that prefix, under the rest of their names."""
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def in_lots(run: Callable[[list[str]], None]) -> Callable[[str], None]:
    """A function of a model's name that sees to it that `run` was called for the lot which that model is in."""
    once = functools.cache(lambda number: run(helpers.NAMES[LOT * number : LOT * (number + 1)]))
    return lambda name: once(helpers.NAMES.index(name) // LOT)
