"""What the contracts share that take processes of their own: a few models a process, and what it wrote."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from tests.contracts import helpers

TWINS = (
    *("ae", "denoising_ae", "sparse_ae", "vae", "iwae"),
    *("gan", "dcgan", "wgan", "cgan", "cr3gan", "cstylegan2"),
    *("cddpm", "cedm", "cflow_matching", "cpixelcnn", "cvq_prior"),
)
"""Models that differ from another one in a loss, an input or a network alone: what needs a compiler, or a process of
its own, takes them in the matrix. What is cheaper takes all models."""
OTHERS = [name for name in helpers.NAMES if name not in TWINS]
DIFFERENT = (*helpers.QUICK, "cyclegan", "edm", "stylegan", "vq_prior")
"""Models that differ most in what they keep from step to step: pools of images, averages that count images, stages
that grow, a first model of two. The dearest contracts, of mechanisms that all models share, take these in the full
suite, and every model in the matrix."""


def in_the_matrix_but(names: Sequence[str], more: Sequence[str] = ()) -> list[ParameterSet]:
    """Every model, and `more`, as parameters of tests; all but `names` for the matrix alone."""
    return [pytest.param(name, marks=() if name in names else pytest.mark.matrix) for name in (*helpers.NAMES, *more)]


each_model = pytest.mark.parametrize("name", in_the_matrix_but(OTHERS))
each_different_model = pytest.mark.parametrize("name", in_the_matrix_but(DIFFERENT))
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
    rest = [name for name in OTHERS if name not in DIFFERENT]
    lots = [models[first : first + LOT] for models in (DIFFERENT, rest, TWINS) for first in range(0, len(models), LOT)]
    once = functools.cache(lambda number: run(list(lots[number])))
    return lambda name: once(next(number for number, lot in enumerate(lots) if name in lot))
