"""Streams: batches of a source as a function of their position, so that training can go on from any of them."""

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.source import DataError, Source
from keras_genzoo.data.weighting import probabilities, weighted_order
from keras_genzoo.images import from_pixels
from keras_genzoo.registry import Registry

Batch = tuple[np.ndarray, ...]

AUGMENTATIONS: Registry[Callable[..., np.ndarray]] = Registry("augmentation")
"""Functions (images, numbers) -> images of float32 (n, height, width, channels) and uniform numbers (n, 4)."""


@AUGMENTATIONS.register("flip")
def flip(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Mirrors every other image, left to right."""
    return np.where(numbers[:, 0, None, None, None] < 0.5, images[:, :, ::-1], images)


@AUGMENTATIONS.register("shift")
def shift(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Moves each image by whole pixels, up to 1/16 of its size either way; the border is mirrored."""
    moved = images
    for axis in (1, 2):
        size = images.shape[axis]
        reach = max(1, size // 16)
        offset = np.floor(numbers[:, axis] * (2 * reach + 1)).astype(int) - reach
        place = np.abs(np.arange(size) + offset[:, None])
        place = np.where(place >= size, 2 * (size - 1) - place, place)
        shape = [len(images), 1, 1, 1]
        shape[axis] = size
        moved = np.take_along_axis(moved, place.reshape(shape), axis=axis)
    return moved


@AUGMENTATIONS.register("color")
def color(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Changes brightness and contrast, each by up to a tenth of the range."""
    brightness, contrast = 0.2 * (numbers[:, :2, None, None, None] - 0.5).swapaxes(0, 1)
    return np.clip(images * (1.0 + contrast) + brightness, -1.0, 1.0).astype("float32")


_GEOMETRIC = ("flip", "shift")  # what a paired target must undergo too


class _Pass(keras.utils.PyDataset):
    """One pass, which may be read again: of a generator, `fit` would repeat the first batches in each validation."""

    def __init__(self, batch: Callable[[int], Batch], positions: range):
        super().__init__()
        self._batch, self._positions = batch, positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index: int) -> Batch:
        return self._batch(self._positions[index])


class Stream:
    """Batches of a source, addressed by position: the same for the same (seed, position), on every backend.

    Epoch e visits the images in an order drawn from [seed, e]; augmentation is a function of (seed, e, index). With
    weights an epoch draws as many images as there are, each in proportion to its weight, so that some come more than
    once, each time augmented otherwise. A stream keeps no state: where training stands is the model's number of
    iterations.

    Args:
        source: a `Source`.
        batch_size: integer, images that one turn of a player sees, over all replicas.
        seed: integer, of the order and of the augmentation.
        shuffle: bool. Streams that are not shuffled are for validation: they keep the remainder and are not augmented.
        augment: names of `AUGMENTATIONS`, applied in this order.
        weights: optional numbers >= 0 of shape (n,), one for each image; see `keras_genzoo.uses.rarity_weights`.

    Raises:
        DataError: the batch is larger than the source, or the weights do not fit it.
    """

    def __init__(
        self,
        source: Source,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        augment: Iterable[str] = (),
        weights: np.ndarray | None = None,
    ):
        self.source = source
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.augment = tuple(augment)
        self._augmentations = [AUGMENTATIONS[name] for name in self.augment]
        self.weights = None if weights is None else probabilities(weights, len(source), source.name)
        self._order = functools.lru_cache(maxsize=2)(self._order)  # type: ignore[method-assign]
        if batch_size < 1:
            raise DataError(f"batch_size={batch_size} must be at least 1.")
        if weights is not None and not shuffle:
            raise DataError(f"{source.name}: weights are for training: held-out images come once each, leave them out.")
        if shuffle and batch_size > len(source):
            raise DataError(
                f"batch_size={batch_size} is larger than the data: {source.name} has {len(source)} images; "
                f"give a batch_size of at most {len(source)}."
            )

    def __len__(self) -> int:
        return len(self.source)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        return self.source.image_shape

    def reordered(self, number: int) -> "Stream":
        """The same images in another order, and augmented otherwise; 0 is the stream itself."""
        if not number:
            return self
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        return Stream(self.source, self.batch_size, seed, self.shuffle, self.augment, self.weights)

    def steps(self, turns: int = 1) -> int:
        """Train steps in an epoch, of `turns * batch_size` images each (the last may be short if not shuffled).

        Raises:
            DataError: the source is too small for one step.
        """
        size = turns * self.batch_size
        if not self.shuffle:
            return -(-len(self) // size)
        if size > len(self):
            raise DataError(
                f"a step plays {turns} turns of batch_size={self.batch_size}, {size} images, but {self.source.name} "
                f"has {len(self)}; give a batch_size of at most {len(self) // turns}."
            )
        return len(self) // size

    def _order(self, epoch: int) -> np.ndarray:
        if self.weights is not None:
            return weighted_order(self.weights, self.seed, epoch)
        return counter_rng.permutation(self.seed, epoch, len(self)) if self.shuffle else np.arange(len(self))

    def indices(self, position: int, turns: int = 1) -> tuple[int, np.ndarray]:
        """The epoch of step number `position`, and the positions in the source of the images that it sees."""
        epoch, step = divmod(position, self.steps(turns))
        size = turns * self.batch_size
        return epoch, self._order(epoch)[step * size : (step + 1) * size]

    def batch(self, position: int, turns: int = 1, targets: str | None = None) -> Batch:
        """The batch of step number `position`, counted from the first step of epoch 0.

        Args:
            position: integer >= 0.
            turns: integer, turns a step; the batch holds `turns * batch_size` images.
            targets: what becomes y: None, "label" or "target" (a paired image).

        Returns:
            (x,) or (x, y), with x float32 (size, height, width, channels) in [-1, 1].
        """
        epoch, indices = self.indices(position, turns)
        record = self.source[indices]
        # Of weighted images the same one may come twice in an epoch: their places in it tell them apart.
        start = position % self.steps(turns) * turns * self.batch_size
        numbers = indices if self.weights is None else np.arange(start, start + len(indices))
        x = self._images(record["image"], epoch, numbers, self.augment)
        if targets is None:
            return (x,)
        if targets not in record:
            raise DataError(f"{self.source.name} has no {targets}s, and this model needs them as y.")
        if targets == "target":
            geometric = tuple(name for name in self.augment if name in _GEOMETRIC)
            return x, self._images(record["target"], epoch, numbers, geometric)
        return x, record[targets]

    def _images(self, images: np.ndarray, epoch: int, numbers: np.ndarray, augment: tuple[str, ...]) -> np.ndarray:
        images = from_pixels(images) if images.dtype == np.uint8 else images.astype("float32", copy=False)
        if self.shuffle:
            for name in augment:
                # A stream number for each (augmentation, epoch), so that no two of them draw the same numbers.
                stream = 1 + epoch * len(AUGMENTATIONS) + list(AUGMENTATIONS).index(name)
                images = AUGMENTATIONS[name](images, counter_rng.uniform(self.seed, numbers, 4, stream=stream))
        return np.ascontiguousarray(images)

    def batches(self, turns: int = 1, targets: str | None = None, start: int = 0) -> Any:
        """What `fit` reads: endless from step `start` on if shuffled, else one pass over all images.

        Returns:
            a `tf.data.Dataset` on TensorFlow; elsewhere a generator, or a `PyDataset` of one pass.
        """
        last = None if self.shuffle else self.steps(turns)
        if keras.backend.backend() == "tensorflow":
            return self._dataset(turns, targets, start, last)
        if last is not None:
            return _Pass(functools.partial(self.batch, turns=turns, targets=targets), range(start, last))
        return (self.batch(position, turns, targets) for position in itertools.count(start))

    def _dataset(self, turns: int, targets: str | None, start: int, last: int | None) -> Any:
        import tensorflow as tf

        arrays = self.batch(0, turns, targets)

        def load(position: Any) -> Any:
            tensors = tf.numpy_function(
                lambda number: self.batch(int(number), turns, targets),
                [position],
                [array.dtype for array in arrays],
                stateful=False,
            )
            for tensor, array in zip(tensors, arrays, strict=True):
                tensor.set_shape((turns * self.batch_size if self.shuffle else None, *array.shape[1:]))
            return tuple(tensors)

        positions = tf.data.Dataset.counter(start) if last is None else tf.data.Dataset.range(start, last)
        options = tf.data.Options()
        options.autotune.enabled = False  # an autotuned iterator can hold up the end of an epoch for seconds
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return positions.map(load, num_parallel_calls=2, deterministic=True).prefetch(2).with_options(options)
