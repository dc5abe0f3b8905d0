"""Progressive GAN: generator and discriminator grow with the images."""

from typing import Any

import keras

from keras_genzoo.losses.regularizers import Drift, GradientPenalty
from keras_genzoo.models.growing import Growing, growth_of_the_paper
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, Growth, ImageShape, Network, NonNegative


@MODELS.register("progan")
@keras.saving.register_keras_serializable("keras_genzoo")
class ProGAN(Growing):
    """Progressive GAN: training begins at 4 x 4 pixels, and layers for twice the size fade in one stage after another.

    Use it for images of 64 pixels and more: large structures are learned first, where steps are cheap and stable.

    Reference: Karras et al. 2018, arXiv:1710.10196.

    Args:
        image_shape: (height, width, channels) of the images in the last stage: a square, its side a power of two.
        latent_dim: integer, the length of a latent vector z, of which the direction alone counts.
        growth: the stages: dictionaries with `size`, `images` seen in it, `fade`, those over which its layers fade in
            (half of them by default), `batch_size` and `learning_rate`. None for the paper's: 800,000 images at 4
            pixels and 1,600,000 at each size after it.
        discriminator_steps: integer, discriminator updates for each generator update (n_critic).
        penalty_weight: float, of the gradient penalty (lambda).
        drift_weight: float, of the mean square of real images' scores (epsilon_drift).
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        generator: name of a network from latents to images, which grows.
        discriminator: name of a network from images to scores, which grows.
        kwargs: `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`,
            `ema_half_life` (10,000 images in the authors' code), `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the stages are not in order, or the last is not of the size of `image_shape`.

    Example:
        >>> model = ProGAN(image_shape=(64, 64, 3), ema_half_life=10_000)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("discriminator_loss", "generator_loss")
    default_optimizer = {
        "class_name": "Adam",
        "config": {"learning_rate": 1e-3, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8},
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "growth": ({"size": 8, "fade": 16},),
        "generator": {"network": "progressive_generator", "filters": (4, 4)},
        "discriminator": {"network": "progressive_discriminator", "filters": (4, 4)},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 512,
        growth: Growth | None = None,
        discriminator_steps: Count = 1,
        penalty_weight: NonNegative = 10.0,
        drift_weight: NonNegative = 0.001,
        adversarial_loss: AdversarialLossName = "wasserstein",
        generator: Network = "progressive_generator",
        discriminator: Network = "progressive_discriminator",
        **kwargs: Any,
    ):
        growth = growth or growth_of_the_paper(4, image_shape[0])
        networks = (generator, discriminator, discriminator_steps)
        super().__init__(image_shape, growth, latent_dim, adversarial_loss, *networks, **kwargs)
        self.penalty_weight = penalty_weight
        self.drift_weight = drift_weight
        if drift_weight:
            self.regularizers = [Drift(drift_weight), *self.regularizers]
        if penalty_weight:
            self.regularizers = [GradientPenalty(penalty_weight), *self.regularizers]
        self.ready(self.latent_inputs)
