"""InBatches: methods of tensors, called on arrays of any length."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo import backend
from keras_genzoo.bounds import SEEDS, integer_in

Tensor = Any


class InBatches(keras.Model):
    """The part of a `GenerativeModel` that calls its methods of tensors as graphs, on a batch after the other."""

    _graphs: dict[str, Callable[..., Tensor]]

    def graph(self, method: str, tensors: Sequence[str] = (), /, **options: Any) -> Callable[..., Tensor]:
        """The method `method` of tensors as a graph, which is made once for the same options.

        Args:
            method: string, a method's name.
            tensors: keywords that the graph is going to be called with.
            options: keywords that are fixed in it.
        """
        # TensorFlow's graphs take the same keywords in each call. A string: it saves no dictionary with other keys.
        key = f"{method}{sorted(options.items())}{sorted(tensors)}"
        if key not in self._graphs:
            self._graphs[key] = backend.compiled(functools.partial(getattr(self, method), **options), self)
        return self._graphs[key]

    def seed_number(self, seed: int, method: str) -> np.uint32:
        """A seed that a user gave to `method`, as `in_batches` takes it for a tensor.

        Raises:
            ValueError: it is out of range.
        """
        return np.uint32(integer_in(seed, 0, SEEDS, f"{type(self).__name__}.{method}: seed"))

    def in_batches(self, method: str, inputs: Any, batch_size: int = 64, *more: Any, **options: Any) -> Any:
        """Calls the method `method` of tensors on arrays of any length, as a graph.

        The last batch is filled up, so that one shape is compiled.

        Args:
            method: string, a method's name.
            inputs: its first argument: an array (n, ...), or a structure of such.
            batch_size: integer, how many at a time.
            more: further arguments, the same for all batches.
            options: keywords: arrays are passed to the graph, other values are fixed in it.

        Returns:
            What the method returns, an array or a structure of such, each of length n.
        """
        tensors = {name: value for name, value in options.items() if isinstance(value, np.ndarray | np.generic)}
        fixed = {name: value for name, value in options.items() if name not in tensors}
        graph = self.graph(method, list(tensors), **fixed)
        integer_in(batch_size, 1, SEEDS, f"{type(self).__name__}: batch_size")
        length = len(keras.tree.flatten(inputs)[0])
        results = []
        for first in range(0, length, batch_size):
            count = min(batch_size, length - first)
            fill = min(batch_size, length) - count

            def part(array: Any, first: int = first, count: int = count, fill: int = fill) -> Tensor:
                rows = np.asarray(array[first : first + count])
                return ops.convert_to_tensor(np.concatenate([rows, np.repeat(rows[-1:], fill, axis=0)]))

            whole = graph(keras.tree.map_structure(part, inputs), *more, **tensors)
            results.append(keras.tree.map_structure(lambda tensor, n=count: ops.convert_to_numpy(tensor)[:n], whole))
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *results)
