"""Fourier features: numbers beside sines and cosines of them, by which dense layers see fine detail."""

import math
from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class FourierFeatures(keras.layers.Layer):
    """Turns x (n, size) into x, sin(2^k pi x) and cos(2^k pi x) for k below `octaves`: (n, size * (1 + 2 * octaves)).

    Reference: Tancik et al. 2020, arXiv:2006.10739; the frequencies: Mildenhall et al. 2020, arXiv:2003.08934,
        equation 4.

    Args:
        octaves: integer, how many frequencies.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, octaves: int = 6, **kwargs: Any):
        super().__init__(**kwargs)
        self.octaves = octaves

    def call(self, x: Tensor) -> Tensor:
        """Computes in float32: high frequencies are lost in halves."""
        x = ops.cast(x, "float32")
        angles = [2.0**k * math.pi * x for k in range(self.octaves)]
        parts = [x, *(ops.sin(a) for a in angles), *(ops.cos(a) for a in angles)]
        return ops.cast(ops.concatenate(parts, axis=-1), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """(n, size * (1 + 2 * octaves))."""
        return (*input_shape[:-1], input_shape[-1] * (1 + 2 * self.octaves))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "octaves": self.octaves}
