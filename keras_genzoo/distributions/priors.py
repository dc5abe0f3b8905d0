"""Priors of latents, p(z): `log_prob(z, encode)` in nats, and `sample(indices, seed, encode)`, addressed by number.

`encode` gives mean and log variance of q(z given x) of images, of which the VampPrior is made; the standard normal
ignores it.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_genzoo import counter_rng
from keras_genzoo.distributions.posteriors import gaussian_log_density
from keras_genzoo.registry import PRIORS
from keras_genzoo.types import Components, ImageShape

Tensor = Any
Encode = Callable[[Tensor], tuple[Tensor, Tensor]]

_COMPONENTS = 2**31  # the stream of noise that chooses components; latents have the first one


@PRIORS.register("normal")
class StandardNormal(keras.layers.Layer):
    """Latents are N(0, I).

    Args:
        latent_dim: integer, the length of a latent vector.
        kwargs: `name`.
    """

    def __init__(self, latent_dim: int, **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)
        self.latent_dim = latent_dim
        self.built = True

    def log_prob(self, z: Tensor, encode: Encode | None = None) -> Tensor:
        """The logarithm of the density of z (..., latent_dim), of shape (...)."""
        return -0.5 * ops.sum(ops.square(z) + math.log(2.0 * math.pi), axis=-1)

    def sample(self, indices: Tensor, seed: Tensor, encode: Encode | None = None) -> Tensor:
        """Latents (n, latent_dim) of the given numbers: number i of a seed is the same in every batch."""
        return counter_rng.normal(seed, indices, self.latent_dim, xp=ops)


@PRIORS.register("vamp")
class VampPrior(keras.layers.Layer):
    """The mean of the posteriors of `components` images, which are learned: the variational mixture of posteriors.

    Use it where the standard normal keeps the posteriors too close to one another. Its log density takes
    `components * latent_dim` numbers for each draw.

    Reference: Tomczak & Welling 2018, arXiv:1705.07120, equation 9.

    Differs from the paper: pseudo-inputs are kept in [-1, 1] by a tanh, and start as noise of half that range.

    Args:
        image_shape: (height, width, channels) of the pseudo-inputs.
        latent_dim: integer, the length of a latent vector.
        components: integer, K.
        kwargs: `name`.
    """

    def __init__(self, image_shape: ImageShape, latent_dim: int, components: Components = 500, **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)
        self.components = components
        self.latent_dim = latent_dim
        self._weight = self.add_weight(
            (components, *image_shape), initializer=keras.initializers.RandomNormal(stddev=0.5), name="pseudo_inputs"
        )
        self.built = True

    @property
    def pseudo_inputs(self) -> Tensor:
        """The images, (components, height, width, channels) in [-1, 1]."""
        return ops.tanh(ops.convert_to_tensor(self._weight))

    def log_prob(self, z: Tensor, encode: Encode) -> Tensor:
        """The logarithm of the density of z (..., latent_dim), of shape (...)."""
        mean, log_var = encode(self.pseudo_inputs)
        nats = ops.sum(gaussian_log_density(z[..., None, :], mean, log_var), axis=-1)
        return ops.logsumexp(nats, axis=-1) - math.log(self.components)

    def sample(self, indices: Tensor, seed: Tensor, encode: Encode) -> Tensor:
        """Latents (n, latent_dim) of the given numbers: number i of a seed is the same in every batch."""
        mean, log_var = encode(self.pseudo_inputs)
        uniform = counter_rng.uniform(seed, indices, 1, _COMPONENTS, xp=ops)[:, 0]
        component = ops.minimum(ops.cast(uniform * self.components, "int32"), self.components - 1)
        epsilon = counter_rng.normal(seed, indices, self.latent_dim, xp=ops)
        return ops.take(mean, component, axis=0) + ops.exp(0.5 * ops.take(log_var, component, axis=0)) * epsilon
