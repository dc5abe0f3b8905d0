"""Endpoint: a function of tensors that an exported model offers."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from keras_genzoo.types import ArraySpec


class Endpoint(NamedTuple):
    """A function of tensors that an exported model offers.

    Args:
        function: takes the inputs in order, returns one tensor, or a dictionary of tensors.
        inputs: dictionary from an input's name to its `ArraySpec`, the first axis included.
        jumps: bool, whether its outputs may jump where its inputs hardly change, as those of a codebook do.
    """

    function: Callable[..., Any]
    inputs: Mapping[str, ArraySpec]
    jumps: bool = False
