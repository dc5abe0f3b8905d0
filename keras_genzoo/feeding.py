"""Checks of what a user feeds: arrays, streams, datasets and generators get the same ones, with the same messages."""

import collections.abc
import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo import images
from keras_genzoo.data.tf_data import DatasetFacts, checked_dataset, dataset_facts

Batch = Any


@dataclasses.dataclass
class BatchCheck:
    """Checks batches `(x,)`, `(x, y)` or `x` of arrays, each before it is used.

    An error that is raised in a thread, or under TensorFlow, comes out in other words: `error` keeps it.

    Args:
        where: string, what messages call the door: "VAE.fit".
        image_shape: (height, width, channels) of the images that are due.
        check_targets: function `(y or None, number of images, where)` that raises a ValueError.
        turns: integer, parts into which a batch to train on divides.
        replicas: integer, devices that share each batch.
        training: bool; a batch to validate on may be of any size that leaves no replica without images.
        trusted: bool, whether pixels after the first batch are taken as they are, as those of a stream.
    """

    where: str
    image_shape: tuple[int, ...]
    check_targets: Callable[[Any, int, str], None]
    turns: int = 1
    replicas: int = 1
    training: bool = True
    trusted: bool = False
    error: ValueError | None = dataclasses.field(default=None, init=False)
    _first: bool = dataclasses.field(default=True, init=False)

    def __call__(self, batch: Batch) -> Batch:
        """Returns the batch.

        Raises:
            ValueError: it is none that the model can use.
        """
        try:
            self._check(batch)
        except ValueError as error:
            self.error = error
            raise
        return batch

    def _check(self, batch: Batch) -> None:
        x, y = self.pair(batch)
        if not hasattr(x, "shape"):
            raise ValueError(f"{self.where}: a batch begins with {x!r:.60}, but an array of images is expected.")
        self.check_shape(tuple(x.shape))
        self.check_size(x.shape[0])
        if self._first or not self.trusted:
            array = ops.convert_to_numpy(x)
            if self.trusted:  # NaN is left to the guard, which names the images
                array = np.where(np.isnan(array), np.zeros((), array.dtype), array)
            images.check_range(array, self.where)
            if self._first and not self.trusted:
                warn_if_never_negative(array, self.where)
        self._first = False
        self.check_targets(None if y is None else ops.convert_to_numpy(y), x.shape[0], self.where)

    def pair(self, batch: Batch) -> tuple[Any, Any]:
        """The images of a batch, and its targets or None; of anything that has a batch's structure."""
        if isinstance(batch, collections.abc.Mapping):
            raise ValueError(
                f"{self.where}: batches are dictionaries of {', '.join(map(str, batch))}, but (x,) or (x, y) is "
                "expected: map them, as by lambda batch: (batch['image'], batch['label'])."
            )
        if not isinstance(batch, tuple | list):
            return batch, None
        if len(batch) > 2 and batch[2] is not None:
            raise ValueError(f"{self.where}: sample_weight has no meaning for its losses: leave it out.")
        if not batch:
            raise ValueError(f"{self.where}: a batch is empty, but (x,) or (x, y) is expected.")
        return batch[0], batch[1] if len(batch) > 1 else None

    def check_shape(self, shape: tuple[int | None, ...]) -> None:
        """Raises a ValueError unless this can be a shape of batches of images."""
        known = zip(shape[1:], self.image_shape, strict=False)
        if len(shape) == len(self.image_shape) + 1 and all(size in (None, due) for size, due in known):
            return
        mend = ""
        if shape == tuple(self.image_shape):
            mend = ": batch the dataset, as by .batch(32)"
        elif shape[1:] == tuple(self.image_shape[:-1]) and self.image_shape[-1] == 1:
            mend = ": add the channel with x[..., None]"
        raise ValueError(f"{self.where}: images have shape {shape}, but {self.due()} is expected{mend}.")

    def due(self) -> str:
        """The shape of a batch in words."""
        return f"(n, {', '.join(map(str, self.image_shape))})"

    def check_size(self, size: int) -> None:
        """Raises a ValueError unless batches may hold `size` images."""
        if self.training and self.turns > 1 and (size == 0 or size % self.turns):
            raise ValueError(
                f"{self.where}: a batch of {size} images does not divide into {self.turns} turns: batch "
                f"{self.turns} * batch_size with drop_remainder=True."
            )
        share = self.turns * self.replicas if self.training else 1
        if self.replicas > 1 and (size < self.replicas or size % share):
            raise ValueError(
                f"{self.where}: a batch of {size} images cannot be shared by {self.replicas} replicas"
                f"{' in ' + str(self.turns) + ' turns' if self.turns > 1 else ''}: give multiples of {share}, with "
                "drop_remainder=True."
                if self.training
                else f"{self.where}: a batch of {size} images leaves one of {self.replicas} replicas without: give "
                "another batch size."
            )


def as_array(x: Any, where: str) -> np.ndarray | None:
    """The array that `x` is: an array, a tensor, or a list of images; None for anything else."""
    if isinstance(x, list):
        try:
            return np.stack([ops.convert_to_numpy(image) if ops.is_tensor(image) else np.asarray(image) for image in x])
        except ValueError:
            shapes = sorted({np.shape(image) for image in x})
            raise ValueError(
                f"{where}: a list of {len(x)} images of the shapes {', '.join(map(str, shapes[:4]))}: all must have "
                "one shape."
            ) from None
    if ops.is_tensor(x):
        return ops.convert_to_numpy(x)
    return np.asarray(x) if isinstance(x, np.ndarray) or hasattr(x, "__array__") else None


def warn_if_never_negative(array: np.ndarray, where: str) -> None:
    """Warns of float images that seem to lie in [0, 1]: none is negative, and there are black and white ones."""
    if array.size and 0.0 <= array.min() <= 0.1 and array.max() >= 0.9:
        warnings.warn(
            f"{where}: no pixel is negative: images must lie in [-1, 1]; where these lie in [0, 1], give 2 * x - 1.",
            stacklevel=2,
        )


class _CheckedDataset(keras.utils.PyDataset):
    """Another `PyDataset`, each of whose batches is checked."""

    def __init__(self, dataset: keras.utils.PyDataset, check: BatchCheck):
        super().__init__(dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size)
        self._dataset, self._check = dataset, check

    @property
    def num_batches(self) -> int | None:
        return self._dataset.num_batches

    def __getitem__(self, index: int) -> Batch:
        return self._check(self._dataset[index])

    def on_epoch_begin(self) -> None:
        self._dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._dataset.on_epoch_end()


def checked(data: Any, check: BatchCheck, steps: int | None) -> Any:
    """The same data, each of whose batches is checked; the first batch alone of data that Keras alone can read.

    Args:
        data: `tf.data.Dataset`, `PyDataset`, generator, or what else Keras reads.
        check: the check.
        steps: integer, batches of a pass, if the user said it.

    Raises:
        ValueError: what is known before data are read does not fit, or Keras cannot read it.
    """
    facts = dataset_facts(data)
    if facts is not None:
        _check_facts(facts, check, steps)
        return checked_dataset(data, check)
    if isinstance(data, keras.utils.PyDataset):
        return _CheckedDataset(data, check)
    if isinstance(data, collections.abc.Iterator):
        return _checked_items(data, check)
    if isinstance(data, str | bytes | collections.abc.Mapping | tuple) or not hasattr(data, "__iter__"):
        raise ValueError(
            f"{check.where}: a {type(data).__name__} holds no batches: give a Stream, an array {check.due()} and its "
            "targets y, or a dataset or generator of batches (x,) or (x, y)."
        )
    if type(data).__name__ in ("DataLoader", "MapDataset", "IterDataset"):  # of PyTorch and Grain: can be read again
        check(keras.tree.map_structure(np.asarray, next(iter(data))))
    return data


def _check_facts(facts: DatasetFacts, check: BatchCheck, steps: int | None) -> None:
    where = f"{check.where}: the dataset"
    x, _ = check.pair(facts.element)
    check.check_shape((None,) * (len(check.image_shape) + 1) if x.shape.rank is None else tuple(x.shape))
    if not x.dtype.is_floating:
        raise ValueError(
            f"{where}'s images have dtype {x.dtype.name}, but floats in [-1, 1] are expected: map them through "
            "keras_genzoo.images.from_pixels."
        )
    if facts.batches == 0:
        raise ValueError(f"{where} is empty: is a batch larger than the data, and drop_remainder=True?")
    if facts.batches is None and steps is None:
        raise ValueError(
            f"{where} does not know its length, and Keras would take one step too many in each pass: give the "
            "number of steps, or apply tf.data.experimental.assert_cardinality."
        )
    size = x.shape[0] if x.shape.rank else None
    if check.turns > 1 and (size is None or size % check.turns):
        raise ValueError(
            f"{where}'s batches hold {size or 'an unknown number of'} images, which does not divide "
            f"into {check.turns} turns: batch {check.turns} * batch_size with drop_remainder=True."
        )


def _checked_items(batches: Iterator[Batch], check: BatchCheck) -> Iterator[Batch]:
    for batch in batches:
        yield check(batch)
