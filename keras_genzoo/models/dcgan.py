"""DCGAN: the convolutional generative adversarial network."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import losses
from keras_genzoo.arguments import Count, ImageShape, Network
from keras_genzoo.models.gan import GAN
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS

Tensor = Any


@MODELS.register("dcgan")
@keras.saving.register_keras_serializable("keras_genzoo")
class DCGAN(GAN):
    """Deep convolutional GAN: a discriminator tells real images from generated ones, a generator fools it.

    Use it for sharp images of one kind (faces, garments) where some coverage may be lost.

    Reference: Radford et al. 2016, arXiv:1511.06434; the losses are Goodfellow et al. 2014, arXiv:1406.2661.

    Differs from the paper: latents are normal, not uniform.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        generator: network from latents to images.
        discriminator: network from images to logits.
        kwargs: `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = DCGAN(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("discriminator_loss", "generator_loss")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": (8, 4)},
        "discriminator": {"network": "dcgan_discriminator", "filters": (4, 8)},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 100,
        generator: Network = "dcgan_generator",
        discriminator: Network = "dcgan_discriminator",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, generator, **kwargs)
        self.discriminator = self.network("discriminator", discriminator, image_shape=self.image_shape, outputs=1)
        self.ready(latent_dim)

    def players(self) -> tuple[Player, ...]:
        """The discriminator moves first, then the generator."""
        return (
            Player("discriminator", ("discriminator",), self.discriminator_loss),
            Player("generator", ("generator",), self.generator_loss),
        )

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy of real images and generated ones, in batches of their own (section 3, batch statistics)."""
        fake = ops.stop_gradient(self.sample_like(x, training))
        real_logits, fake_logits = (self.discriminator(images, training=training) for images in (x, fake))
        loss = losses.logistic_discriminator(real_logits, fake_logits)
        return loss, {"discriminator_loss": loss}

    def generator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The non-saturating loss."""
        loss = losses.non_saturating_generator(self.discriminator(self.sample_like(x, training), training=training))
        return loss, {"generator_loss": loss}
