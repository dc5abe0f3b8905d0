"""Streams: batches of a source as a function of how many images came before, so that training goes on anywhere."""

import functools
import inspect
import itertools
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.augmentation import AUGMENTATIONS, GEOMETRIC
from keras_genzoo.data.few_labels import with_share
from keras_genzoo.data.source import DataError, Source, Targets
from keras_genzoo.data.tf_data import map_on_host
from keras_genzoo.data.weighting import probabilities, weighted_order
from keras_genzoo.images import from_pixels

Batch = tuple[np.ndarray, ...]

_PAIRS = "take a dataset of pairs, such as 'pairs' (a folder) or 'drawn_outlines'"
_SECOND_DOMAINS = f"take a dataset of two domains, such as 'unpaired' (a folder) or 'drawn_smiles'; or {_PAIRS}"


def in_words(targets: str | None) -> str:
    """What a batch has as y for each image, for messages: "a label", "an image of a second domain"."""
    return "an image of a second domain" if targets == "other" else f"a {targets}"


def _one_pass(batch: Callable[[int], Batch], starts: range) -> Any:
    """One pass, which may be read again: of a generator, `fit` would repeat the first batches in each validation."""
    import keras

    class Pass(keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(starts)

        def __getitem__(self, index: int) -> Batch:
            return batch(starts[index])

    return Pass()


class Stream:
    """Batches of a source, addressed by the number of images before them: the same on every backend.

    A stream is an endless row of images. Pass e over the source visits the images in an order drawn from [seed, e];
    image number n of the row is in pass n // len(source). Augmentation is a function of (seed, augmentation, pass,
    index). With weights a pass draws as many images as there are, each in proportion to its weight, so that some come
    more than once, each time augmented otherwise. A stream keeps no state: where a training stands is the number of
    images that the model has seen, whatever its batch sizes were.

    Images of a second domain (the source's `other`) are a row of their own beside it, `other`, with an order, passes
    and augmentations of its own. The longer of the two is an epoch, and its length is that of the stream.

    Args:
        source: a `Source`.
        batch_size: integer, images in one turn of a player, over all replicas.
        seed: integer, of the order and of the augmentation.
        shuffle: bool. Streams that are not shuffled are for validation: they end after one pass and are not augmented.
        augment: names of `AUGMENTATIONS`, applied in this order.
        weights: optional numbers >= 0 of shape (n,), one for each image; see `keras_genzoo.uses.rarity_weights`.
        image_size: optional integer, the height that images are reduced to, after augmentation, by the mean of square
            blocks of pixels; it divides the source's height.
        labels: optional integers of shape (n,), labels in the place of the source's own, -1 for none; see
            `data.few_labels`.
        labeled_share: optional float above 0 and below 1, the share of images with a label in each pass, which then
            come more often, or less, than the others. By default all come alike.

    Raises:
        DataError: the batch is larger than the source, the weights or labels do not fit it, none of its images has a
            label or all of them have one where `labeled_share` is given, or its images cannot be reduced so.
    """

    def __init__(
        self,
        source: Source,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        augment: Iterable[str] = (),
        weights: np.ndarray | None = None,
        image_size: int | None = None,
        labels: np.ndarray | None = None,
        labeled_share: float | None = None,
    ):
        self.source = source
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.augment = tuple(augment)
        for name in self.augment:
            AUGMENTATIONS[name]  # refuses a name that is not there
        self.weights = None if weights is None else probabilities(weights, len(source), source.name)
        self.image_size = image_size
        self.labels = labels
        self.labeled_share = labeled_share
        self._probabilities = self.weights
        if labels is not None and len(labels) != len(source):
            raise DataError(f"{source.name}: {len(labels)} labels, but {len(source)} images: expected one each.")
        if labeled_share is not None:
            own = source.labels if labels is None else labels
            self._probabilities = with_share(own, labeled_share, self.weights, source.name)
        self._order = functools.lru_cache(maxsize=2)(self._order)  # type: ignore[method-assign]
        if batch_size < 1:
            raise DataError(f"batch_size={batch_size} must be at least 1.")
        if weights is not None and not shuffle:
            raise DataError(f"{source.name}: weights are for training: held-out images come once each, leave them out.")
        for side in self._sides():
            if shuffle and batch_size > len(side):
                raise DataError(
                    f"batch_size={batch_size} is larger than the data: {side.name} has {len(side)} images; "
                    f"give a batch_size of at most {len(side)}."
                )
            if not len(side) and len(self):  # the other side has some
                raise DataError(f"{side.name} has no images, but the other domain has {len(self)}: give both, or none.")
        height, width, _ = source.image_shape
        if image_size is not None and (image_size < 1 or height % image_size or width % (height // image_size)):
            raise DataError(
                f"{source.name}: images of {height} x {width} pixels cannot be reduced to a height of {image_size} by "
                "whole blocks: give a divisor of the height."
            )

    def __len__(self) -> int:
        return max(len(side) for side in self._sides())

    def _sides(self) -> list[Source]:
        return [side for side in (self.source, self.source.other) if side is not None]

    @functools.cached_property
    def other(self) -> "Stream":
        """The row of images of the second domain: the source's `other`, or without one its targets.

        Raises:
            DataError: the source has neither.
        """
        other = self.source.other
        if other is None:
            if not len(self.source) or "target" not in self.source[np.arange(1)]:
                raise DataError(
                    f"{self.source.name} has no images of a second domain, and this model needs them as y: "
                    f"{_SECOND_DOMAINS}."
                )
            other = Targets(self.source)
        seed = int(np.random.SeedSequence([self.seed, zlib.crc32(b"other")]).generate_state(1)[0])
        return Stream(other, self.batch_size, seed, self.shuffle, self.augment, None, self.image_size)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        height, width, channels = self.source.image_shape
        if self.image_size is None:
            return height, width, channels
        return self.image_size, width * self.image_size // height, channels

    def reordered(self, number: int) -> "Stream":
        """The same images in another order, and augmented otherwise; 0 is the stream itself."""
        if not number:
            return self
        return self._changed(seed=int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0]))

    def at(self, batch_size: int | None = None, image_size: int | None = None) -> "Stream":
        """The same row of images in batches of another size, or of another size of images; None leaves it."""
        changes = {"batch_size": batch_size, "image_size": image_size}
        return self._changed(**{name: value for name, value in changes.items() if value is not None})

    def _changed(self, **changes: Any) -> "Stream":
        names = list(inspect.signature(Stream).parameters)
        return Stream(**{**{name: getattr(self, name) for name in names}, **changes})

    def steps(self, turns: int = 1) -> int:
        """Train steps in an epoch, of `turns * batch_size` images each (the last may be short if not shuffled).

        Raises:
            DataError: the source is too small for one step.
        """
        size = turns * self.batch_size
        if not self.shuffle:
            return -(-len(self) // size)
        shorter = min(self._sides(), key=len)
        if size > len(shorter):
            raise DataError(
                f"a step takes {turns} turns of batch_size={self.batch_size}, {size} images, but {shorter.name} "
                f"has {len(shorter)}; give a batch_size of at most {len(shorter) // turns}."
            )
        return len(self) // size

    def _order(self, number: int) -> np.ndarray:
        """The positions in the source that pass number `number` visits."""
        if self._probabilities is not None:
            return weighted_order(self._probabilities, self.seed, number)
        count = len(self.source)
        return counter_rng.permutation(self.seed, number, count) if self.shuffle else np.arange(count)

    def indices(self, first: int, count: int) -> np.ndarray:
        """The positions in the source of images number `first` to `first + count - 1` of the row."""
        return self._places(first, self._within(first, count))[2]

    def _within(self, first: int, count: int) -> int:
        """How many of `count` images from number `first` on there are: without shuffling, the row has an end."""
        return count if self.shuffle else max(0, min(count, len(self) - first))

    def _places(self, first: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of images of the row: the pass over the source, the place in it, and the position in the source."""
        passes, places = np.divmod(np.arange(first, first + count, dtype="int64"), max(1, len(self.source)))
        positions = [self._order(int(number))[places[passes == number]] for number in np.unique(passes)]
        return passes, places, np.concatenate([*positions, np.zeros(0, "int64")]).astype("int64")

    def _records(self, first: int, count: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """What the source has of images of the row, and the passes and numbers by which they are augmented."""
        passes, places, positions = self._places(first, count)
        record = self.source[positions]
        if self.labels is not None:
            record = {**record, "label": self.labels[positions].astype("int32")}
        # With weights an image may come twice in a pass: its places in it tell them apart.
        return record, passes, positions if self._probabilities is None else places

    def batch(self, first: int, count: int | None = None, targets: str | None = None) -> Batch:
        """Images of the row.

        Args:
            first: integer >= 0, how many images come before.
            count: integer, how many; `batch_size` by default.
            targets: what becomes y: None; "label"; "target", the paired images, augmented by the same geometry; or
                "other", images of the second domain: image number n of the row of its own.

        Returns:
            (x,) or (x, y), with x float32 (count, height, width, channels) in [-1, 1].
        """
        count = self._within(first, self.batch_size if count is None else count)
        record, passes, numbers = self._records(first, count)
        x = self._images(record["image"], passes, numbers, self.augment)
        if targets is None:
            return (x,)
        if targets == "other":
            record, passes, numbers = self.other._records(first, count)
            return x, self.other._images(record["image"], passes, numbers, self.augment)
        if targets not in record:
            mend = f": {_PAIRS}" if targets == "target" else ""
            raise DataError(f"{self.source.name} has no {targets}s, and this model needs them as y{mend}.")
        if targets == "target":
            geometric = tuple(name for name in self.augment if name in GEOMETRIC)
            return x, self._images(record["target"], passes, numbers, geometric)
        return x, record[targets]

    def _images(
        self, images: np.ndarray, passes: np.ndarray, numbers: np.ndarray, augment: tuple[str, ...]
    ) -> np.ndarray:
        images = from_pixels(images) if images.dtype == np.uint8 else images.astype("float32", copy=False)
        if self.shuffle:
            for name in augment:
                # Each augmentation draws with a seed of its own, whatever others there are or will be.
                seed = np.random.SeedSequence([self.seed, zlib.crc32(name.encode())]).generate_state(1)[0]
                images = AUGMENTATIONS[name](images, counter_rng.uniform(seed, numbers, 4, stream=passes))
        if self.image_size not in (None, images.shape[1]):
            images = reduced(images, self.image_size or images.shape[1])
        return np.ascontiguousarray(images)

    def batches(
        self,
        turns: int = 1,
        targets: str | None = None,
        start: int = 0,
        check: Callable[[Batch], Any] | None = None,
    ) -> Any:
        """What `fit` reads: endless from image number `start` on if shuffled, else one pass over all images.

        Args:
            turns: integer; a batch has `turns * batch_size` images.
            targets: as for `batch`.
            start: integer, images before the first one.
            check: optional function that is called with each batch, and raises where it must not be used.

        Returns:
            a `tf.data.Dataset` on TensorFlow; elsewhere a generator, or a `PyDataset` of one pass.
        """
        import keras

        size = turns * self.batch_size

        def batch(first: Any) -> Batch:
            arrays = self.batch(int(first), size, targets)
            if check is not None:
                check(arrays)
            return arrays

        if keras.backend.backend() == "tensorflow":
            return self._dataset(batch, size, start)
        if not self.shuffle:
            return _one_pass(batch, range(start, len(self), size))
        return (batch(first) for first in itertools.count(start, size))

    def _dataset(self, batch: Callable[[Any], Batch], size: int, start: int) -> Any:
        import tensorflow as tf

        count = size if self.shuffle else None
        outputs = tuple(tf.TensorSpec((count, *array.shape[1:]), array.dtype) for array in batch(0))
        starts = tf.data.Dataset.counter(start, size)
        if not self.shuffle:
            starts = tf.data.Dataset.range(start, len(self), size)
        options = tf.data.Options()
        options.autotune.enabled = False  # an autotuned iterator can hold up the end of an epoch for seconds
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return map_on_host(starts, batch, outputs, parallel=2).prefetch(2).with_options(options)


def reduced(images: np.ndarray, image_size: int) -> np.ndarray:
    """Float images (n, height, width, channels) at a height that divides theirs, by the mean of square blocks."""
    n, height, width, channels = images.shape
    factor = height // image_size
    blocks = images.reshape(n, height // factor, factor, width // factor, factor, channels)
    return blocks.mean(axis=(2, 4), dtype="float32")
