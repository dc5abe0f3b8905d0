"""A bias for each channel, apart from the layer before it."""

from typing import Any

import keras

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class ChannelBias(keras.layers.Layer):
    """Adds one learned number for each channel, all of which begin at 0.

    Use it where something stands between a linear layer and its bias, such as a reshape or noise.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the numbers."""
        self.bias = self.add_weight((input_shape[-1],), "zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """Adds them."""
        return inputs + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape
