"""`tf.data`: what is known of a dataset, and Python functions in one, which outlive neither it nor the process."""

import atexit
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_QUIET = 0.05  # seconds without a call, after which no thread of a dataset is about to make one
_PATIENCE = 10.0


class DatasetFacts(NamedTuple):
    """Facts about a `tf.data.Dataset` that are known before it is read.

    Args:
        element: structure of `tf.TensorSpec`: shapes, with None for what is not known, and dtypes of a batch.
        batches: integer, in one pass; negative if endless, None if not known.
    """

    element: Any
    batches: int | None


def dataset_facts(data: Any) -> DatasetFacts | None:
    """Facts about a `tf.data.Dataset`; None for anything else."""
    tf = sys.modules.get("tensorflow")  # who has such a dataset has imported it
    if tf is None or not isinstance(data, tf.data.Dataset):
        return None
    batches = int(data.cardinality())
    return DatasetFacts(data.element_spec, None if batches == tf.data.UNKNOWN_CARDINALITY else batches)


class _Gate:
    """Lets threads of datasets into Python until the process ends.

    An iterator that lives when Python ends has threads that fetch ahead. One that is inside Python then, or enters
    it, waits for ever, and the process with it (or it aborts: seen with TensorFlow 2.21 and Python 3.11).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._last = 0.0
        self._closed = False

    def enter(self) -> bool:
        """Begins a call from a dataset; False once the process ends."""
        with self._lock:
            self._last = time.perf_counter()
            self._inside += not self._closed
            return not self._closed

    def leave(self) -> None:
        """Ends a call."""
        with self._lock:
            self._inside -= 1

    def close(self) -> None:
        """Ends all datasets, and waits for the calls that are under way and for those that learn of it."""
        with self._lock:
            self._closed, self._last = True, time.perf_counter()
        end = time.perf_counter() + _PATIENCE
        while (self._inside or time.perf_counter() < self._last + _QUIET) and time.perf_counter() < end:
            time.sleep(_QUIET / 5)


_gate = _Gate()
_used = False


def map_on_host(dataset: Any, function: Callable[..., Any], outputs: Any, parallel: int = 1) -> Any:
    """A `tf.data.Dataset` of what a Python function makes of each element.

    TensorFlow keeps each function that it calls for the life of the process (`tf.numpy_function`, 2.21), and all that
    such a function holds. So it gets a weak reference, and the dataset, which its iterators hold, the function.

    Args:
        dataset: `tf.data.Dataset` whose elements are a tensor or a tuple of tensors.
        function: called with their arrays; returns a tuple of arrays.
        outputs: tuple of `tf.TensorSpec`, of these arrays.
        parallel: integer, calls at a time; their order is kept.
    """
    import tensorflow as tf

    global _used
    if not _used:
        atexit.register(_gate.close)  # after TensorFlow's own, so that it runs before them
        _used = True
    reference = weakref.ref(function)

    def call(*arrays: np.ndarray) -> Any:
        held = reference()
        if held is None or not _gate.enter():
            raise StopIteration  # the end of the dataset
        try:
            return held(*arrays)
        finally:
            _gate.leave()

    def load(*tensors: Any) -> Any:
        made = tf.numpy_function(call, tensors, [spec.dtype for spec in outputs], stateful=False)
        for tensor, spec in zip(made, outputs, strict=True):
            tensor.set_shape(spec.shape)
        return tuple(made)

    mapped = dataset.map(load, num_parallel_calls=parallel, deterministic=True)
    mapped._function_on_host = function
    return mapped


def checked_dataset(dataset: Any, check: Callable[[Any], Any]) -> Any:
    """The same `tf.data.Dataset`, with `check` called with each element, as arrays in its structure."""
    import tensorflow as tf

    spec = dataset.element_spec

    def check_arrays(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        check(tf.nest.pack_sequence_as(spec, arrays))
        return arrays

    flat = dataset.map(lambda *element: tuple(tf.nest.flatten(element)))
    same = map_on_host(flat, check_arrays, tuple(tf.nest.flatten(spec)))
    return same.map(lambda *tensors: tf.nest.pack_sequence_as(spec, tensors)).prefetch(1)
