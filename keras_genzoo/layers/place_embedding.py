"""A learned vector for each place, added to what stands there."""

from typing import Any

import keras

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class PlaceEmbedding(keras.layers.Layer):
    """Adds a learned vector to each of (n, places, size).

    Use it where a network would not know the order of its inputs, as attention does not.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes a vector of the inputs' size for each place."""
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        self.vectors = self.add_weight(tuple(input_shape[1:]), normal, name="vectors")

    def call(self, x: Tensor) -> Tensor:
        """The sum, of the same shape."""
        return x + keras.ops.cast(self.vectors, x.dtype)
