"""Equalized learning rate: linear layers that are scaled when they are used, not when their weights are drawn."""

import math
from typing import Any

import keras
from keras import ops

Tensor = Any


class _Equalized:
    """The kernel is drawn from N(0, 1 / rate^2), and multiplied by `gain * rate / sqrt(inputs)` at each use."""

    def _set(self, gain: float, rate: float) -> None:
        self.gain = gain
        self.rate = rate

    def _scaled(self, kernel: Tensor) -> Tensor:
        return kernel * (self.gain * self.rate / math.sqrt(math.prod(kernel.shape[:-1])))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "gain": self.gain, "rate": self.rate}  # type: ignore[misc]


def _arguments(rate: float, kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"kernel_initializer": keras.initializers.RandomNormal(stddev=1.0 / rate), **kwargs}


@keras.saving.register_keras_serializable("keras_genzoo")
class EqualizedDense(_Equalized, keras.layers.Dense):
    """A dense layer with equalized learning rate: Adam moves each layer's weights by equal parts of their deviation.

    Reference: Karras et al. 2018, arXiv:1710.10196, section 4.1; `rate`: Karras et al. 2019, arXiv:1812.04948,
        appendix C, whose mapping network learns at a hundredth of the rate.

    Args:
        units: integer.
        gain: float, the deviation of an output where inputs have the mean square 1.
        rate: float, by which the learning rate is multiplied; that of the bias, too.
        kwargs: as for `keras.layers.Dense`.
    """

    def __init__(self, units: int, gain: float = math.sqrt(2), rate: float = 1.0, **kwargs: Any):
        super().__init__(units, **_arguments(rate, kwargs))
        self._set(gain, rate)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The layer's output."""
        x = ops.matmul(inputs, self._scaled(self.kernel))
        if self.bias is not None:
            x = x + (self.bias if self.rate == 1.0 else self.bias * self.rate)
        return self.activation(x)


@keras.saving.register_keras_serializable("keras_genzoo")
class EqualizedConv2D(_Equalized, keras.layers.Conv2D):
    """A convolution with equalized learning rate: see `EqualizedDense`.

    Args:
        filters, kernel_size: as for `keras.layers.Conv2D`.
        gain: float, the deviation of an output where inputs have the mean square 1.
        kwargs: as for `keras.layers.Conv2D`.
    """

    def __init__(self, filters: int, kernel_size: int, gain: float = math.sqrt(2), **kwargs: Any):
        kwargs.pop("rate", None)  # of a config
        super().__init__(filters, kernel_size, **_arguments(1.0, kwargs))
        self._set(gain, 1.0)

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The convolution by the scaled kernel."""
        return super().convolution_op(inputs, self._scaled(kernel))
