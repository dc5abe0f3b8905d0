"""Endpoint: a function of tensors that an exported model answers to."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Inputs = Mapping[str, tuple[tuple[int | None, ...], str]]


class Endpoint(NamedTuple):
    """A function of tensors that an exported model offers.

    Args:
        function: takes the inputs in order, returns one tensor.
        inputs: dictionary from an input's name to its (shape, dtype); None in a shape stands for any size.
        jumps: bool, whether its outputs may jump where its inputs hardly change, as those of a codebook do.
        below: integer, what integers that come in lie below.
    """

    function: Callable[..., Any]
    inputs: Inputs
    jumps: bool = False
    below: int = 256
