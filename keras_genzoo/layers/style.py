"""Adaptive instance normalization: a style gives feature maps their means and deviations."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.layers.equalized import EqualizedDense

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class Style(keras.layers.Layer):
    """Adaptive instance normalization (AdaIN): `y_s * (x - mean(x)) / std(x) + y_b`, with (y_s, y_b) affine in w.

    The affine map A has an equalized learning rate; y_s begins about 1 and y_b about 0.

    Reference: Karras et al. 2019, arXiv:1812.04948, equation 1; Huang and Belongie 2017, arXiv:1703.06868.

    Args:
        epsilon: float, added to the variance.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, epsilon: float = 1e-8, **kwargs: Any):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Makes the affine map of w."""
        maps, w = input_shape
        self.affine = EqualizedDense(2 * maps[-1], gain=1.0, dtype=self.dtype_policy, name="affine")
        self.affine.build(tuple(w))

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Feature maps (n, height, width, channels) of such and of w (n, style_dim)."""
        x, w = inputs
        scale, offset = ops.split(self.affine(w)[:, None, None, :], 2, axis=-1)
        wide = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
        mean = ops.mean(wide, axis=(1, 2), keepdims=True)
        centered = wide - mean
        variance = ops.mean(ops.square(centered), axis=(1, 2), keepdims=True)
        normalized = ops.cast(centered * ops.rsqrt(variance + self.epsilon), self.compute_dtype)
        return normalized * (1.0 + scale) + offset

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of the feature maps."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "epsilon": self.epsilon}
