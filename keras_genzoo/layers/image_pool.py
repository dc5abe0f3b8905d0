"""A pool of generated images, from which a discriminator gets past ones beside the newest."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import backend

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class ImagePool(keras.layers.Layer):
    """Keeps past images, and gives back for each new one itself or, half of the time, one that it replaces.

    Use it for the fakes of a discriminator, which else forgets what its generator made before, and the two go round in
    circles. Until the pool is full, images are kept and given back. Images enter one after the other, so that a batch
    gives what as many batches of one image do. The pool is a weight: it is saved with the model. On several replicas
    there is one pool, through which the images of all of them pass.

    Reference: Shrivastava et al. 2017, arXiv:1612.07828, section 2.3; as here, in Zhu et al. 2017, arXiv:1703.10593,
        section 4 and its code.

    Args:
        size: integer, images that it holds.
        image_shape: (height, width, channels).
        kwargs: `name`, as for every layer.
    """

    def __init__(self, size: int, image_shape: tuple[int, int, int], **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)
        self.size = size
        self.image_shape = tuple(image_shape)
        # The same on all replicas, which all assign what comes of all images.
        state: dict[str, Any] = {"initializer": "zeros", "trainable": False, "aggregation": "only_first_replica"}
        self.images = self.add_weight((size, *self.image_shape), name="images", **state)
        self.count = self.add_weight((), dtype="int32", name="count", **state)
        self.built = True

    def call(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Images (n, height, width, channels) for the discriminator in the place of new ones; no gradient passes.

        Args:
            images: as many new ones, of this replica.
            numbers: uniform numbers (n, 2), drawn anew: whether to exchange, and which image of the pool.
        """
        images = ops.stop_gradient(ops.cast(images, "float32"))
        share = ops.shape(images)[0]
        everything, numbers = backend.gathered(images), backend.gathered(numbers)
        given, kept = self._exchange(numbers, ops.shape(everything)[0])
        known = ops.concatenate([self.images, everything])
        self.images.assign(ops.take(known, kept, axis=0))
        self.count.assign(ops.minimum(self.count + ops.shape(everything)[0], self.size))
        first = backend.replica_id() * share
        return ops.take(known, ops.take(given, ops.arange(share) + first, axis=0), axis=0)

    def _exchange(self, numbers: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        """Which images are given back and which are kept, by their places in the pool with the new ones behind it."""
        places = ops.arange(self.size)
        present = ops.convert_to_tensor(self.count)

        def enter(number: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            given, kept = state
            new = self.size + number
            filling = present + number < self.size
            exchanged = ops.logical_or(filling, numbers[number, 0] < 0.5)
            drawn = ops.cast(numbers[number, 1] * self.size, "int32")
            place = ops.where(filling, present + number, ops.minimum(drawn, self.size - 1))
            old = ops.where(filling, new, ops.take(kept, place))
            given = ops.where(ops.equal(ops.arange(total), number), ops.where(exchanged, old, new), given)
            return given, ops.where(ops.logical_and(exchanged, ops.equal(places, place)), new, kept)

        start = ops.zeros((total,), "int32"), ops.cast(places, "int32")
        return ops.fori_loop(0, total, enter, start)

    def compute_output_shape(self, input_shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        """The shape of the images."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "size": self.size, "image_shape": self.image_shape}
