"""Blur: a small fixed filter beside resampling."""

from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class Blur(keras.layers.Layer):
    """Filters each channel by the binomial [1, 2, 1] in height and width; its sum is 1, and zeros surround the maps.

    Use it after maps are enlarged, and before they are halved: a lowpass filter against aliasing.

    Reference: Karras et al. 2019, arXiv:1812.04948, section 2; Zhang 2019, arXiv:1904.11486.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Feature maps (n, height, width, channels), as they come in."""
        binomial = np.array([1.0, 2.0, 1.0]) / 4.0
        kernel = np.tile(np.outer(binomial, binomial)[..., None, None], (1, 1, inputs.shape[-1], 1))
        kernel = ops.convert_to_tensor(kernel, dtype=self.compute_dtype)
        return ops.depthwise_conv(inputs, kernel, strides=1, padding="same", data_format="channels_last")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape
