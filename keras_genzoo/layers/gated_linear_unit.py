"""Gated linear unit: half of the channels decide how much of the other half passes."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class GatedLinearUnit(keras.layers.Layer):
    """`a * sigmoid(b)` of the two halves of the channels; `Activation("glu")` tells Keras that none is lost.

    Reference: Dauphin et al. 2017, arXiv:1612.08083, equation 1.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Maps (..., channels / 2) of maps (..., channels)."""
        values, gates = ops.split(inputs, 2, axis=-1)
        return values * ops.sigmoid(gates)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Half of the channels."""
        return (*input_shape[:-1], input_shape[-1] // 2)  # type: ignore[operator]
