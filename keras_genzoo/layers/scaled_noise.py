"""Noise that is added to feature maps, with a learned strength."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class ScaledNoise(keras.layers.Layer):
    """Adds a map of noise to all channels, by a strength that is learned for each of them and begins at 0.

    The noise is an input, so that whoever calls a network decides whether it is fixed or drawn anew.

    Reference: Karras et al. 2019, arXiv:1812.04948, section 2: the blocks B of figure 1b; one strength for all
        channels: Karras et al. 2020, arXiv:1912.04958, the authors' code.

    Args:
        shared: bool, whether all channels have the same strength.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, shared: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.shared = shared

    def build(self, input_shape: Any) -> None:
        """Makes the strengths."""
        self.strength = self.add_weight((1 if self.shared else input_shape[0][-1],), "zeros", name="strength")

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Feature maps (n, height, width, channels) of such and of noise (n or 1, height * width)."""
        x, noise = inputs
        return x + self.strength * ops.reshape(noise, (-1, *x.shape[1:3], 1))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of the feature maps."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "shared": self.shared}
