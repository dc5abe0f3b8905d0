"""What every adversarial model shares: a generator of latents, and how it is sampled."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import noise
from keras_genzoo.arguments import Count, ImageShape, Network
from keras_genzoo.model import GenerativeModel

Tensor = Any


class GAN(GenerativeModel):
    """A generator against an opponent, which a subclass adds with its losses.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        generator: network from latents to images.
        kwargs: `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.
    """

    ema_of = "generator"

    def __init__(self, image_shape: ImageShape, latent_dim: Count, generator: Network, **kwargs: Any):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.generator = self.network("generator", generator, latent_dim=latent_dim, image_shape=self.image_shape)

    def sample_like(self, x: Tensor, training: bool) -> Tensor:
        """As many generated images as there are in the batch `x`, in [-1, 1], of latents drawn anew."""
        z = keras.random.normal((ops.shape(x)[0], self.latent_dim), seed=self.seeds)
        return self.generator(z, training=training)

    def call(self, z: Tensor, training: bool = False) -> Tensor:
        """Images in [-1, 1] of latents (n, latent_dim), by the averaged generator where there is one."""
        return (self.ema or self.generator)(z, training=training)

    def sample(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Images of latents drawn for each (seed, index)."""
        return self(noise.normal(seed, indices, self.latent_dim, xp=ops))
