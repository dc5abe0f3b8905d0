"""Scales, shifts and gates of (n, places, size) by vectors (n, size).

Reference: Peebles & Xie 2023, arXiv:2212.09748, section 3.2.
"""

from typing import Any

import keras

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class Modulated(keras.layers.Layer):
    """`x (1 + scale) + shift` for a list [x, scale, shift]; x itself for a list [x]."""

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Of the shape of x."""
        if len(inputs) == 1:
            return inputs[0]
        x, scale, shift = inputs
        return x * (1.0 + scale[:, None]) + shift[:, None]

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of x."""
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable("keras_genzoo")
class Gated(keras.layers.Layer):
    """`x gate` for a list [x, gate]; x times a learned number for each channel, at first 0, for a list [x]."""

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes the numbers, if no gate is given."""
        if len(input_shape) == 1:
            self.gate = self.add_weight((input_shape[0][-1],), "zeros", name="gate")

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Of the shape of x."""
        return inputs[0] * (self.gate if len(inputs) == 1 else inputs[1][:, None])

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of x."""
        return tuple(input_shape[0])
