"""WGAN-GP: the Wasserstein GAN whose critic is kept Lipschitz by a penalty."""

from typing import Any

import keras

from keras_genzoo.losses import GradientPenalty
from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, ImageShape, Network, NonNegative


@MODELS.register("wgan_gp")
@keras.saving.register_keras_serializable("keras_genzoo")
class WGANGP(Adversarial):
    """Wasserstein GAN with gradient penalty: a critic estimates a distance that the generator minimizes.

    Use it where a GAN collapses or diverges: its losses have a meaning (minus `critic_loss` is the distance) and no
    balance between the players is needed; it costs `critic_steps` critic updates for each generator update.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        critic_steps: integer, critic updates for each generator update (n_critic), each with images of its own.
        penalty_weight: float, of the gradient penalty (lambda).
        adversarial_loss: name of the losses of both players beside the penalty: see `Adversarial`.
        generator: network from latents to images.
        critic: network from images to unbounded scores, without batch normalization (section 4).
        kwargs: `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`,
            `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = WGANGP(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    discriminator_name = "critic"
    logs = ("critic_loss", "generator_loss")  # and "gradient_penalty", where it has a weight
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 1e-4, "beta_1": 0.0, "beta_2": 0.9}}
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "critic_steps": 2,
        "generator": {"network": "dcgan_generator", "filters": (8, 4)},
        "critic": {"network": "dcgan_discriminator", "filters": (4, 8), "normalization": "layer"},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 128,
        critic_steps: Count = 5,
        penalty_weight: NonNegative = 10.0,
        adversarial_loss: AdversarialLossName = "wasserstein",
        generator: Network = "resnet_generator",
        critic: Network = "resnet_critic",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, adversarial_loss, generator, **kwargs)
        self.penalty_weight = penalty_weight
        if penalty_weight:
            self.regularizers = [GradientPenalty(penalty_weight), *self.regularizers]
        self.critic_steps = critic_steps
        self.critic = self.network("critic", critic, image_shape=self.image_shape, outputs=1)
        self.ready(self.latent_inputs)
