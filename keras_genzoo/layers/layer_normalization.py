"""Layer normalization of feature maps, which a gradient penalty may differentiate twice."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class LayerNormalization(keras.layers.Layer):
    """Normalizes each image's feature maps, or units, over all but the batch; scale and offset for each channel.

    Use it in a critic whose gradient by its input is penalized. It computes what
    `keras.layers.GroupNormalization(groups=1)` does, but Keras 3.15 on TensorFlow takes the mean within the variance
    for a constant (`tf.nn.moments`): the first derivative is right all the same, the second is not.

    Reference: Ba et al. 2016, arXiv:1607.06450; in critics: Gulrajani et al. 2017, arXiv:1704.00028, section 4.

    Args:
        epsilon: float, added to the variance.
        affine: bool, whether there are a scale and an offset; without them a label may bring its own.
        kwargs: `dtype`, `name`, as for every layer.
    """

    over_channels = True

    def __init__(self, epsilon: float = 1e-5, affine: bool = True, **kwargs: Any):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.affine = affine

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the scale and the offset."""
        if self.affine:
            self.gamma = self.add_weight((input_shape[-1],), initializer="ones", name="gamma")
            self.beta = self.add_weight((input_shape[-1],), initializer="zeros", name="beta")

    def call(self, inputs: Tensor) -> Tensor:
        """Normalizes in float32 at least."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        axes = tuple(range(1, len(x.shape) if self.over_channels else len(x.shape) - 1))
        centered = x - ops.mean(x, axis=axes, keepdims=True)
        variance = ops.mean(ops.square(centered), axis=axes, keepdims=True)
        scale = ops.rsqrt(variance + self.epsilon)
        if not self.affine:
            return ops.cast(centered * scale, self.compute_dtype)
        scale = scale * ops.cast(self.gamma, x.dtype)
        return ops.cast(centered * scale + ops.cast(self.beta, x.dtype), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "epsilon": self.epsilon, "affine": self.affine}


@keras.saving.register_keras_serializable("keras_genzoo")
class InstanceNormalization(LayerNormalization):
    """Normalizes each channel of each image's feature maps over its places; scale and offset for each channel.

    Use it in translators and wherever batches are of a few images: what it gives for an image does not depend on the
    others, in training as afterwards.

    Reference: Ulyanov et al. 2016, arXiv:1607.08022.

    Args:
        epsilon: float, added to the variance.
        affine: bool, whether there are a scale and an offset; without them a label may bring its own.
        kwargs: `dtype`, `name`, as for every layer.
    """

    over_channels = False
