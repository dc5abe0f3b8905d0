"""Posteriors of latents, q(z given x): from an encoder's output and standard normal noise to draws and their density.

A posterior has `sample(parameters, epsilon) -> z, log q(z given x)`; `center(parameters)`, the latent without noise;
and `size`, how many parameters the encoder gives. This file has the Gaussian, `flows.py` those that
transform it.
"""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo.registry import POSTERIORS

Tensor = Any

LOG_VARIANCES = (-30.0, 20.0)
"""Bounds of log variances, beyond which their exponential overflows: those of Rombach et al. 2022, in their code."""


def gaussian_log_density(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """`log N(z; mean, exp(log_var))` of each latent by itself, in nats; the arguments broadcast against each other."""
    return -0.5 * (ops.square(z - mean) * ops.exp(-log_var) + log_var + math.log(2.0 * math.pi))


@POSTERIORS.register("gaussian")
class DiagonalGaussian(keras.layers.Layer):
    """Latents are normal, each by itself.

    Reference: Kingma & Welling 2014, arXiv:1312.6114, equation 9.

    Args:
        latent_dim: integer, the length of a latent vector.
        kwargs: `name`.
    """

    def __init__(self, latent_dim: int, **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)
        self.size = 2 * latent_dim
        self.built = True

    def moments(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each (..., latent_dim), the latter within `LOG_VARIANCES`."""
        mean, log_var = ops.split(parameters, 2, axis=-1)
        return mean, ops.clip(log_var, *LOG_VARIANCES)

    def sample(self, parameters: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor]:
        """Draws, and the logarithm of their density.

        Args:
            parameters: the encoder's output, of shape (..., size); its leading axes broadcast against epsilon's.
            epsilon: standard normal, of shape (..., latent_dim).

        Returns:
            z of shape (..., latent_dim), and log q(z given x) of shape (...), in nats.
        """
        mean, log_var = self.moments(parameters)
        log_q = -0.5 * ops.sum(ops.square(epsilon) + log_var + math.log(2.0 * math.pi), axis=-1)
        return mean + ops.exp(0.5 * log_var) * epsilon, log_q

    def center(self, parameters: Tensor) -> Tensor:
        """The mean."""
        return self.moments(parameters)[0]
