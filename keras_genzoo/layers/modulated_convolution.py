"""Modulated convolution: a style scales the weights of a convolution."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo.layers.equalized import EqualizedDense

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class ModulatedConv2D(keras.layers.Layer):
    """A convolution whose weights are scaled by a style, and normalized again: `w''_jk = s_j w_jk / |s w_k|`.

    The style of an image scales the channels of the input, and what normalizes the weights those of the output: the
    same as weights of its own for each image, without making them. The affine map of w has an equalized learning rate
    and begins about 1.

    Reference: Karras et al. 2020, arXiv:1912.04958, equations 1 to 3.

    Args:
        filters: integer, channels of the output.
        kernel_size: integer.
        demodulate: bool, whether weights are normalized.
        upsample: bool, whether the maps are doubled: a transposed convolution, one line longer than twice the input.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, filters: int, kernel_size: int, demodulate: bool = True, upsample: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.demodulate = demodulate
        self.upsample = upsample

    def build(self, input_shape: Any) -> None:
        """Makes the kernel, N(0, 1), and the affine map of w."""
        maps, w = input_shape
        normal = keras.initializers.RandomNormal(stddev=1.0)
        shape = (self.kernel_size, self.kernel_size, maps[-1], self.filters)
        self.kernel = self.add_weight(shape, normal, name="kernel")
        # In float32: a norm of many weights would overflow half precision.
        self.affine = EqualizedDense(maps[-1], gain=1.0, bias_initializer="ones", dtype="float32", name="affine")
        self.affine.build(tuple(w))

    def weights_of(self, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The kernel (height, width, inputs, filters), scales of its inputs (n, inputs) and outputs (n, filters).

        Args:
            w: styles (n, style_dim).
        """
        kernel = ops.cast(self.kernel, "float32") / math.sqrt(math.prod(self.kernel.shape[:-1]))
        scale = self.affine(ops.cast(w, "float32"))
        if not self.demodulate:
            return kernel, scale, ops.ones_like(scale[:, :1])
        # Of a style's length the result does not depend: products stay in the range of half precision.
        scale = scale / ops.maximum(ops.max(ops.abs(scale), axis=1, keepdims=True), 1e-8)
        squares = ops.matmul(ops.square(scale), ops.sum(ops.square(kernel), axis=(0, 1)))
        return kernel, scale, ops.rsqrt(squares + 1e-8)

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Feature maps of such (n, height, width, channels) and of w (n, style_dim)."""
        x, w = inputs
        kernel, before, after = (ops.cast(part, self.compute_dtype) for part in self.weights_of(w))
        x = x * before[:, None, None, :]
        if self.upsample:
            turned = ops.transpose(kernel, (0, 1, 3, 2))
            x = ops.conv_transpose(x, turned, strides=2, padding="valid", data_format="channels_last")
        else:
            x = ops.conv(x, kernel, strides=1, padding="same", data_format="channels_last")
        return x * after[:, None, None, :]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of the feature maps."""
        count, height, width, _ = input_shape[0]
        if self.upsample:
            height, width = 2 * height + self.kernel_size - 2, 2 * width + self.kernel_size - 2
        return (count, height, width, self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {name: getattr(self, name) for name in ("filters", "kernel_size", "demodulate", "upsample")}
        return {**super().get_config(), **own}
