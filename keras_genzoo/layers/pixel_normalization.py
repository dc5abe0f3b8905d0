"""Pixel normalization: feature vectors of length 1."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class PixelNormalization(keras.layers.Layer):
    """Divides the feature vector of each pixel by its root mean square; of a latent vector likewise.

    Use it in a generator, where it keeps magnitudes from growing while generator and discriminator compete.

    Reference: Karras et al. 2018, arXiv:1710.10196, section 4.2.

    Args:
        epsilon: float, added to the mean square.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, epsilon: float = 1e-8, **kwargs: Any):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs: Tensor) -> Tensor:
        """Normalizes in float32 at least, where squares cannot overflow."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        scale = ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + self.epsilon)
        return ops.cast(x * scale, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "epsilon": self.epsilon}
