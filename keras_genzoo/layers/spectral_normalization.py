"""Spectral normalization of a linear layer."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class SpectralNormalization(keras.layers.Wrapper):
    """Divides a linear layer's output by its kernel's largest singular value, which bounds its Lipschitz constant.

    The constant becomes about 1 for `Dense`. For `Conv2D` it is, as in the paper, the kernel as a matrix that is taken:
    the constant of the convolution may be larger, at most by the kernel's side. Use it for all layers of a
    discriminator, to keep it Lipschitz. The singular value is estimated by one step of power iteration a call
    in training, from the vector `u` of the call before. Its gradient by the kernel is that of equation 12.

    `keras.layers.SpectralNormalization` (Keras 3.15) assigns the normalized kernel to the weight itself in each call:
    the gradient of the singular value is lost, and the discriminator's weights change in the generator's updates.

    Reference: Miyato et al. 2018, arXiv:1802.05957, section 2.1 and algorithm 1.

    Args:
        layer: `Dense` or `Conv2D` without bias and activation; its kernel's last axis is that of the outputs.
        use_bias: bool, whether to add a bias after the division.
        kwargs: `dtype`, `name`, as for every layer.

    Raises:
        ValueError: the layer is of another kind, or has a bias or an activation.

    Example:
        >>> layer = SpectralNormalization(keras.layers.Conv2D(64, 3, use_bias=False))
    """

    def __init__(self, layer: keras.layers.Layer, use_bias: bool = True, **kwargs: Any):
        super().__init__(layer, **kwargs)
        if type(layer) not in (keras.layers.Dense, keras.layers.Conv2D):
            raise ValueError(f"SpectralNormalization: {type(layer).__name__} is not taken: give a Dense or a Conv2D.")
        if layer.use_bias or layer.activation is not keras.activations.linear:
            raise ValueError(
                f"SpectralNormalization: {layer.name} has a bias or an activation, which must not be divided: give "
                "use_bias=False and no activation."
            )
        self.use_bias = use_bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the layer's kernel, `u` and the bias."""
        super().build(input_shape)
        outputs = self.layer.kernel.shape[-1]
        self.u = self.add_weight(
            (outputs,), "random_normal", trainable=False, autocast=False, aggregation="mean", name="u"
        )
        self.bias = self.add_weight((outputs,), "zeros", name="bias") if self.use_bias else None

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """The layer's output, divided; `u` is updated in training alone."""
        outputs = self.layer(inputs) / ops.cast(self._sigma(training), self.compute_dtype)
        return outputs if self.bias is None else outputs + self.bias

    def _sigma(self, training: bool) -> Tensor:
        """The estimate of the kernel's largest singular value, in float32."""
        kernel = ops.cast(self.layer.kernel, "float32")  # as the layer takes it, in half precision too
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        u, constant = ops.convert_to_tensor(self.u), ops.stop_gradient(matrix)
        v = _unit(ops.matmul(constant, u[:, None]))
        if training:
            u = _unit(ops.matmul(ops.transpose(constant), v))[:, 0]
            self.u.assign(u)
        else:
            u = _unit(u)
        return ops.maximum(ops.sum(ops.matmul(matrix, u[:, None]) * v), 1e-12)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the layer's output."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "use_bias": self.use_bias}


def _unit(vector: Tensor) -> Tensor:
    return vector / ops.maximum(ops.sqrt(ops.sum(ops.square(vector))), 1e-12)
