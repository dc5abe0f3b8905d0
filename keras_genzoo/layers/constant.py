"""A learned constant in the place of an input."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class Constant(keras.layers.Layer):
    """Gives the same learned array for each example of its input.

    Reference: Karras et al. 2019, arXiv:1812.04948, section 2: what their synthesis network begins with.

    Args:
        shape: integers, of the array without the batch.
        deviation: float, of the numbers it begins with; 0 for ones.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, shape: tuple[int, ...], deviation: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.deviation = deviation

    def build(self, input_shape: Any) -> None:
        """Makes the array."""
        normal = keras.initializers.RandomNormal(stddev=self.deviation)
        self.value = self.add_weight(self.shape, normal if self.deviation else "ones", name="value")

    def call(self, inputs: Tensor) -> Tensor:
        """The array (n, *shape), for inputs (n, ...)."""
        return ops.broadcast_to(self.value, (ops.shape(inputs)[0], *self.shape))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The array's, for each example."""
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "shape": self.shape, "deviation": self.deviation}
