"""The constants of TensorFlow's frozen graphs, read without running anything of them."""

from typing import Any, NamedTuple

import numpy as np


class FrozenGraphError(ValueError):
    """Raised for a file that is not a frozen graph; the message is one line."""


class Constant(NamedTuple):
    """A constant as the graph describes it: a large array may be written as a single number: check `shape` first."""

    shape: tuple[int, ...]
    dtype: str
    tensor: Any

    def array(self) -> np.ndarray:
        """Returns the numbers, which take as much memory as `shape` and `dtype` say."""
        import tensorflow as tf

        return tf.make_ndarray(self.tensor)


def read_constants(data: bytes, names: set[str]) -> dict[str, Constant]:
    """Returns those constants of a graph that have one of the given names.

    Args:
        data: bytes, the content of the `.pb` file.
        names: set of strings, names of nodes; others are skipped.

    Returns:
        Dictionary from names to constants; a name that the graph lacks is missing.

    Raises:
        FrozenGraphError: the file is not a graph.
    """
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(data)
    except Exception:  # protobuf's DecodeError, a package that TensorFlow brings along
        raise FrozenGraphError("the file is not a TensorFlow graph, or is cut short: download it again.") from None
    return {node.name: _constant(node) for node in graph.node if node.op == "Const" and node.name in names}


def _constant(node: Any) -> Constant:
    import tensorflow as tf

    tensor = node.attr["value"].tensor
    try:
        dtype = tf.as_dtype(tensor.dtype).name
    except TypeError:
        dtype = f"of the unknown type {tensor.dtype}"
    return Constant(tuple(dim.size for dim in tensor.tensor_shape.dim), dtype, tensor)
