"""A learned number to multiply by."""

from typing import Any

import keras

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class Gain(keras.layers.Layer):
    """Multiplies by one learned number, which begins at 0.

    Use it on a residual branch, which then starts as the identity: self-attention's, for example.

    Reference: Zhang et al. 2019, arXiv:1805.08318, equation 3 (gamma).
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the number."""
        self.gamma = self.add_weight((), "zeros", name="gamma")

    def call(self, inputs: Tensor) -> Tensor:
        """Multiplies."""
        return self.gamma * inputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape
