"""The fade from one tensor to another, by a number that training moves."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class Fade(keras.layers.Layer):
    """Goes from its first input to its second as `alpha` goes from 0 to 1: `(1 - alpha) * first + alpha * second`.

    `alpha` is a weight that no optimizer trains: a model that grows sets it.

    Reference: Karras et al. 2018, arXiv:1710.10196, figure 2.
    """

    def build(self, input_shape: Any) -> None:
        """Makes alpha, which begins at 0."""
        self.alpha = self.add_weight(
            (), "zeros", trainable=False, autocast=False, aggregation="only_first_replica", name="alpha"
        )

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """The mixture of both."""
        first, second = inputs
        alpha = ops.cast(self.alpha, self.compute_dtype)
        return first + alpha * (second - first)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of both."""
        return tuple(input_shape[0])
