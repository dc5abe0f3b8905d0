"""Blur: a small fixed filter beside resampling."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class Blur(keras.layers.Layer):
    """Filters each channel by a binomial in height and width, whose sum is 1; zeros surround the maps.

    Use it after maps are enlarged, and before they are halved: a lowpass filter against aliasing.

    Reference: Karras et al. 2019, arXiv:1812.04948, section 2; Zhang 2019, arXiv:1904.11486.

    Args:
        taps: integer, the length of the filter: 3 for [1, 2, 1], 4 for [1, 3, 3, 1].
        margin: integer, zeros on each side; None for as many as keep the size of the maps, for an odd filter.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, taps: int = 3, margin: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.taps = taps
        self.margin = margin

    def call(self, inputs: Tensor) -> Tensor:
        """Feature maps (n, height, width, channels), by `2 * margin - taps + 1` longer; by default of the same size."""
        binomial = np.array([math.comb(self.taps - 1, place) for place in range(self.taps)]) / 2.0 ** (self.taps - 1)
        kernel = np.tile(np.outer(binomial, binomial)[..., None, None], (1, 1, inputs.shape[-1], 1))
        kernel = ops.convert_to_tensor(kernel, dtype=self.compute_dtype)
        padding = "same" if self.margin is None else "valid"
        if self.margin:
            around = (self.margin, self.margin)
            inputs = ops.pad(inputs, ((0, 0), around, around, (0, 0)))
        return ops.depthwise_conv(inputs, kernel, strides=1, padding=padding, data_format="channels_last")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The size of the input, by what the margin and the filter make of it."""
        if self.margin is None:
            return input_shape
        more = 2 * self.margin - self.taps + 1
        sides = (None if side is None else side + more for side in input_shape[1:3])
        return (input_shape[0], *sides, input_shape[3])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "taps": self.taps, "margin": self.margin}
