"""Padding by reflection, without which a translator leaves a frame around its images."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class ReflectionPadding2D(keras.layers.Layer):
    """Pads feature maps with what a mirror at their border shows; the border itself is not repeated.

    Reference: in translators: Johnson et al. 2016, arXiv:1603.08155, supplementary material.

    Args:
        padding: integer, pixels on each side: fewer than the maps have.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, padding: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs: Tensor) -> Tensor:
        """Maps (n, height, width, channels), larger by the padding on each side."""
        sides = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape with padding."""
        n, height, width, channels = input_shape
        more = 2 * self.padding
        return n, None if height is None else height + more, None if width is None else width + more, channels

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "padding": self.padding}
