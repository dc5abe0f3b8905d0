"""The running mean of what passes."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class RunningMean(keras.layers.Layer):
    """Gives its input on, and keeps the moving average of its mean over batches, in training, in the weight `mean`.

    Reference: Karras et al. 2019, arXiv:1812.04948, appendix B: the mean of w, towards which they truncate.

    Args:
        momentum: float in [0, 1), of the average, for each batch; 0.995 in the authors' code.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, momentum: float = 0.995, **kwargs: Any):
        super().__init__(**kwargs)
        self.momentum = momentum

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the mean, which begins at 0."""
        self.mean = self.add_weight(
            (input_shape[-1],), "zeros", trainable=False, autocast=False, aggregation="mean", name="mean"
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """The inputs (n, size)."""
        if training:
            present = ops.mean(ops.cast(ops.stop_gradient(inputs), self.mean.dtype), axis=0)
            self.mean.assign(self.mean + (1.0 - self.momentum) * (present - self.mean))
        return inputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum}
