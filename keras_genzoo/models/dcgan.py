"""DCGAN: the convolutional generative adversarial network."""

from typing import Any

import keras

from keras_genzoo.models.gan import GAN
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Count, ImageShape, Network


@MODELS.register("dcgan")
@keras.saving.register_keras_serializable("keras_genzoo")
class DCGAN(GAN):
    """Deep convolutional GAN: a GAN of convolutional networks that train stably.

    Use it for sharp images of one kind (faces, garments) where some modes may be lost. Its networks take images of
    any power of two from 16 x 16 to 256 x 256 pixels without further arguments; the paper's are 64 x 64.

    Reference: Radford et al. 2016, arXiv:1511.06434; the losses are Goodfellow et al. 2014, arXiv:1406.2661.

    Differs from the paper: latents are normal, not uniform.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        generator: network from latents to images.
        discriminator: network from images to logits.
        kwargs: `discriminator_steps`, `adversarial_loss`: see `GAN`; `label_smoothing`, `instance_noise`,
            `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`, `dtype`, `name`: see
            `GenerativeModel`.

    Example:
        >>> model = DCGAN(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

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
        super().__init__(image_shape, latent_dim, generator=generator, discriminator=discriminator, **kwargs)
