"""SNGAN: a GAN with spectral normalization of the discriminator."""

from typing import Any

import keras

from keras_genzoo.layers.spectral_normalization import SpectralNormalization
from keras_genzoo.models.gan import GAN
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, ImageShape, Network


@MODELS.register("sngan")
@keras.saving.register_keras_serializable("keras_genzoo")
class SNGAN(GAN):
    """Spectrally normalized GAN: the weights of each discriminator layer are divided by their largest singular value.

    Use it where a discriminator wins too soon: it stays Lipschitz at the cost of a few products with vectors, where
    WGAN-GP differentiates twice. With `attention` in both networks, and a larger learning rate for the discriminator,
    it is the unconditional part of SAGAN (Zhang et al. 2019, arXiv:1805.08318), less the spectral normalization of the
    generator.

    Reference: Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17 (hinge loss), table 4 (residual networks).

    Differs from the paper: the discriminator's last feature maps are weighed by place, not summed; one layer fewer is
    at the full size.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        discriminator_steps: integer, discriminator updates for each generator update (n_dis), each with images of its
            own.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        generator: network from latents to images.
        discriminator: network from images to scores, with `spectral` and without another normalization.
        kwargs: `label_smoothing`, `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`;
            `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the discriminator has no spectral normalization.

    Example:
        >>> model = SNGAN(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.0, "beta_2": 0.9}}
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "discriminator_steps": 1,
        "generator": {"network": "dcgan_generator", "filters": (8,), "attention": 4},
        "discriminator": {
            "network": "dcgan_discriminator",
            "filters": (8,),
            "normalization": None,
            "spectral": True,
            "attention": 4,
        },
        "regularizers": ({"regularizer": "r1", "weight": 1.0, "every": 2},),
        "discriminator_augmentation": {"augmentation": "ada", "operations": ("blit",), "images": 1_000_000},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 128,
        discriminator_steps: Count = 5,
        adversarial_loss: AdversarialLossName = "hinge",
        generator: Network = "resnet_generator",
        discriminator: Network = {"network": "resnet_critic", "normalization": None, "spectral": True},  # noqa: B006
        **kwargs: Any,
    ):
        super().__init__(
            image_shape, latent_dim, discriminator_steps, adversarial_loss, generator, discriminator, **kwargs
        )
        layers = self.discriminator._flatten_layers()
        if not any(isinstance(layer, SpectralNormalization) for layer in layers):
            raise ValueError(
                f"{type(self).__name__}.discriminator has no layer with spectral normalization: give it "
                "'spectral': true and 'normalization': null, or take DCGAN."
            )
