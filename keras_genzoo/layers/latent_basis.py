"""Feature maps that latents weigh."""

from typing import Any

import keras
from keras import initializers

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class LatentBasis(keras.layers.Layer):
    """Learned feature maps, each multiplied by a linear function of the latents.

    Reference: Huang et al. 2024, arXiv:2501.05441, the authors' code.

    Args:
        shape: (height, width, channels) of the maps.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, shape: tuple[int, int, int], **kwargs: Any):
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the maps, N(0, 1), and the linear function."""
        self.maps = self.add_weight(self.shape, initializers.RandomNormal(stddev=1.0), name="maps")
        normal = initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal")
        self.linear = self.add_weight((input_shape[-1], self.shape[-1]), normal, name="linear")

    def call(self, inputs: Tensor) -> Tensor:
        """Feature maps (n, height, width, channels) of latents (n, size)."""
        return self.maps * keras.ops.matmul(inputs, self.linear)[:, None, None, :]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the maps."""
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "shape": list(self.shape)}
