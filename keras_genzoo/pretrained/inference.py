"""The weights that using a model takes, apart from the rest of its training: found, written, strictly read again."""

import io
import math
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from keras_genzoo import counter_rng
from keras_genzoo.files import RunError, write_bytes
from keras_genzoo.named_weights import named_weights
from keras_genzoo.types import ArraySpec
from keras_genzoo.untrusted import UntrustedError, check_npz, read_npz

Precision = Literal["float16", "float32"]
_MOST = 4 * 2**30


class _Watching(keras.StatelessScope):
    """Notes which variables are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[int] = set()

    def get_current_value(self, variable: keras.Variable) -> Any:
        """The value, as in any scope."""
        self.read.add(id(variable))
        return super().get_current_value(variable)


def inference_weights(model: Any) -> dict[str, np.ndarray]:
    """The weights of all networks that some endpoint reads: averages, encoders and decoders, not discriminators.

    Args:
        model: a built model.

    Returns:
        Arrays by names that are the same in every process.
    """
    watching = _Watching()
    for endpoint in model.endpoints().values():
        given = [ops.convert_to_tensor(example(spec)) for spec in endpoint.inputs.values()]
        with watching:
            endpoint.function(*given)
    weights = named_weights(model)
    parts = {_part(name) for name, weight in weights.items() if id(weight) in watching.read}
    return {name: ops.convert_to_numpy(weight) for name, weight in weights.items() if _part(name) in parts}


def example(spec: ArraySpec) -> np.ndarray:
    """An input of an endpoint: one example where any number may come, 1 for a number, a half for a float."""
    sizes = [size or 1 for size in spec.shape]
    if not sizes:
        return np.array(0.5 if spec.dtype.startswith("float") else 1, spec.dtype)
    numbers = counter_rng.uniform(0, np.arange(sizes[0]), math.prod(sizes[1:])).reshape(sizes)
    return (numbers if spec.dtype.startswith("float") else spec.below * numbers).astype(spec.dtype)


def write_inference(path: Path, model: Any, dtype: Precision = "float16") -> None:
    """Writes a model's inference weights, whole or not at all; integers stay as they are.

    Raises:
        RunError: a weight is not finite, or too large for float16.
    """
    arrays = {}
    for name, value in inference_weights(model).items():
        cast = value.astype(dtype) if value.dtype.kind == "f" else value
        if not np.isfinite(cast).all():
            reason = f"too large for {dtype}: give float32" if np.isfinite(value).all() else "not finite"
            raise RunError(f"{type(model).__name__}: the weight {name} is {reason}.")
        arrays[name] = cast
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]  # numpy takes names for its own options
    write_bytes(path, content.getbuffer())


def read_inference(model: Any, path: Path) -> frozenset[str]:
    """Gives a model the weights of a file; where they are averages, the networks in training begin there too.

    Args:
        model: a built model of the arguments that the weights are of.
        path: the file, which may come from a stranger.

    Returns:
        The names of the weights that it has now; the others are as they were.

    Raises:
        RunError: a name or a shape is another, or a number is not finite.
    """
    try:
        check_npz(path)
        arrays = read_npz(path, _MOST)
    except UntrustedError as error:
        raise RunError(f"{error}.") from None
    model.begin_stage(len(model.stages()) - 1)  # of a training that has ended
    weights = named_weights(model)
    for name, array in arrays.items():
        if name not in weights:
            raise RunError(f"{path} holds a weight {name}, of which this {type(model).__name__} has none.")
        if array.shape != tuple(weights[name].shape):
            raise RunError(f"{path}: {name} has shape {array.shape}, but {tuple(weights[name].shape)} is expected.")
        if not np.isfinite(array).all():
            raise RunError(f"{path}: {name} is not finite.")
    averages = {average: network for network, average in model.averages().items()}
    parts = {*map(_part, arrays), *averages}
    if missing := [name for name in weights if _part(name) in parts and name not in arrays]:
        raise RunError(f"{path} holds no weight {missing[0]}, which this {type(model).__name__} has.")
    given = dict(arrays)
    for name, array in arrays.items():
        twin = f"{averages.get(_part(name), '')}/{name.partition('/')[2]}"
        if twin in weights:
            given.setdefault(twin, array)
    for name, array in given.items():
        weights[name].assign(ops.cast(ops.convert_to_tensor(array), weights[name].dtype))
    return frozenset(given)


def _part(name: str) -> str:
    """The network that a weight is of; a weight of the model itself is a part of its own."""
    return name.partition("/")[0]
