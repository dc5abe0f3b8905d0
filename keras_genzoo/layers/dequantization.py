"""Variational dequantization: noise between grey levels, drawn from a flow that is given the image."""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_genzoo.layers.invertible import Coupling

Tensor = Any

_COUPLINGS = 4


class VariationalDequantization(keras.layers.Layer):
    """q(u given x): couplings by checkerboard on N(0, I), whose networks get the image too, and a sigmoid.

    Reference: Ho et al. 2019 (Flow++), arXiv:1902.00275, section 3.1, equation 12.

    Args:
        image_shape: (height, width, channels) of the images.
        make_network: function from the shape of maps and a number of outputs to a coupling's network.
        kwargs: `name`.
    """

    def __init__(
        self, image_shape: tuple[int, int, int], make_network: Callable[[tuple[int, int, int], int], Any], **kwargs: Any
    ):
        super().__init__(dtype="float32", autocast=False, **kwargs)
        height, width, channels = image_shape
        self.rows = [
            Coupling(make_network((height, width, 2 * channels), 2 * channels), channels, True, bool(number % 2))
            for number in range(_COUPLINGS)
        ]
        self.built = True

    def draw(self, x: Tensor, epsilon: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Noise in (0, 1), and log q(u given x), (n,).

        Args:
            x: images in [-1, 1].
            epsilon: of their shape, N(0, 1).
        """
        log_q = -0.5 * ops.sum(ops.square(epsilon) + math.log(2.0 * math.pi), axis=(1, 2, 3))
        u = epsilon
        for coupling in self.rows:
            u, log_determinant = coupling.forward(u, training, beside=x)
            log_q = log_q - log_determinant
        return ops.sigmoid(u), log_q + ops.sum(ops.softplus(u) + ops.softplus(-u), axis=(1, 2, 3))
