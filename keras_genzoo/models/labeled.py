"""What models of labeled images share: images of chosen labels."""

from typing import Any

from keras import ops

from keras_genzoo import images
from keras_genzoo.data.labels import as_labels
from keras_genzoo.data.stream import Stream
from keras_genzoo.export import Endpoint
from keras_genzoo.model import GenerativeModel

Tensor = Any
Array = Any


class Labeled(GenerativeModel):
    """A model that is trained with a label for each image; a subclass defines `sample_labeled` and has `num_classes`.

    Where no labels are asked for they go round: image number i has label `i % num_classes`.
    """

    targets = "label"
    num_classes: int

    def sample_labeled(self, indices: Tensor, labels: Tensor, seed: Tensor) -> Tensor:
        """Images in [-1, 1] of the given numbers and labels, each of shape (n,); see `sample`."""
        raise NotImplementedError(f"{type(self).__name__} must define sample_labeled().")

    def sample(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Images of the given numbers, whose labels go round."""
        return self.sample_labeled(indices, ops.mod(indices, self.num_classes), seed)

    def one_hot(self, labels: Tensor) -> Tensor:
        """Labels (n,) as float32 (n, num_classes)."""
        return ops.one_hot(ops.reshape(ops.cast(labels, "int32"), (-1,)), self.num_classes, dtype="float32")

    def _stream(self, x: Any, y: Any, batch_size: int | None, shuffle: bool, where: str) -> Stream | None:
        if y is not None and not isinstance(x, Stream):
            y = ops.convert_to_numpy(y)
            column = y[:, 0] if y.shape[1:] == (1,) else y
            self.labels(column, len(y), where.partition(".")[2])  # else labels that are not there had a code of zeros
        return super()._stream(x, y, batch_size, shuffle, where)

    def generate(self, num: int, seed: int = 0, batch_size: int = 64, start: int = 0, labels: Any = None) -> Array:
        """Makes images, as `GenerativeModel.generate` does, of chosen labels.

        Args:
            num, seed, batch_size, start: as there.
            labels: optional integer for all images, or integers of shape (num,); by default they go round.

        Raises:
            ValueError: labels that are not there, or not as many as images.
        """
        if labels is None:
            return super().generate(num, seed, batch_size, start)
        return self.draw(ops.arange(start, start + num), self.labels(labels, num, "generate"), seed, batch_size)

    def draw(self, indices: Array, labels: Array, seed: int = 0, batch_size: int = 64) -> Array:
        """Images of the given numbers and labels, as uint8; arguments as for `sample_labeled`."""
        pairs = ops.stack([ops.cast(indices, "int32"), ops.cast(labels, "int32")], axis=1)
        seed = ops.convert_to_tensor(seed, "uint32")
        return images.to_pixels(self.in_batches("_sample_pairs", pairs, batch_size, seed))

    def _sample_pairs(self, pairs: Tensor, seed: Tensor) -> Tensor:
        return self.sample_labeled(pairs[:, 0], pairs[:, 1], seed)

    def labels(self, labels: Any, num: int, method: str) -> Array:
        """Labels that a user gave to `method`, as integers of shape (num,); see `as_labels`."""
        return as_labels(labels, num, self.num_classes, f"{type(self).__name__}.{method}")

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `draw`: images of any numbers and labels."""

        def draw(indices: Tensor, labels: Tensor, seed: Tensor) -> Tensor:
            return images.to_pixels(self.sample_labeled(indices, labels, seed), ops)

        inputs = {"indices": ((None,), "int32"), "labels": ((None,), "int32"), "seed": ((), "int64")}
        return {**super().endpoints(), "draw": Endpoint(draw, inputs)}
