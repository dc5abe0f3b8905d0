"""R3GAN: a plain modern GAN, with a loss that compares images and a penalty on the discriminator's gradient."""

from typing import Any

import keras

from keras_genzoo.losses import R1, R2, Regularizer
from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, ImageShape, Network, Scalar


@MODELS.register("r3gan")
@keras.saving.register_keras_serializable("keras_genzoo")
class R3GAN(Adversarial):
    """R3GAN: a relativistic GAN with penalties R1 and R2, and residual networks without normalization or tricks.

    Use it where a GAN must not lose modes: its training converges, and needs no balance between the players, no
    minibatch deviation and no style. Its networks are larger than `DCGAN`'s, and each step differentiates twice.

    | here | paper |
    | --- | --- |
    | `adversarial_loss="relativistic"` | RpGAN, equation 2 |
    | `gamma` | gamma of R1 and R2, section 3.2 |
    | `ScheduledAdam`, schedules `over` images | appendix D: learning rate, beta_2 and gamma fall or rise by a cosine |

    Reference: Huang et al. 2024, arXiv:2501.05441.

    Differs from the paper: the half-life of the average is at most a twentieth of the images seen, and does not rise by
    a cosine; augmentation changes colors as often as places; the score of labels is that of Miyato & Koyama 2018, and
    it has a bias, which the loss cancels.

    Args:
        image_shape: (height, width, channels) of the images: a square whose side is a power of two.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        gamma: number, or schedule: the weight of half of each penalty. 0.05 for small images, 2 at 64 pixels, 150 at
            256 in the authors' code, which lets it fall to a tenth.
        discriminator_steps: integer, discriminator updates for each generator update.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        generator: network from latents to images.
        discriminator: network from images to scores, without batch normalization.
        kwargs: `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`,
            `ema_half_life` (500,000 images at 64 pixels in the authors' code), `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = R3GAN(image_shape=(64, 64, 3), gamma=2.0, ema_half_life=500_000)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("discriminator_loss", "generator_loss")  # and "r1" and "r2"
    default_optimizer = {
        "class_name": "Adam",
        "config": {"learning_rate": 2e-4, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8},
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "generator": {"network": "resnext_generator", "filters": (4, 4), "blocks": 1, "group_size": 4},
        "discriminator": {"network": "resnext_discriminator", "filters": (4, 4), "blocks": 1, "group_size": 4},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 64,
        gamma: Scalar = 1.0,
        discriminator_steps: Count = 1,
        adversarial_loss: AdversarialLossName = "relativistic",
        generator: Network = "resnext_generator",
        discriminator: Network = "resnext_discriminator",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, adversarial_loss, generator, **kwargs)
        self.gamma = gamma
        self.discriminator_steps = discriminator_steps
        given = {"image_shape": self.image_shape, "outputs": self.num_outputs}
        self.discriminator = self.network("discriminator", discriminator, **given, **self.given_to("discriminator"))
        self._penalties = (R1(1.0), R2(1.0))
        self.regularizers = [*self._penalties, *self.regularizers]
        self.ready(self.latent_inputs)

    def weight_of(self, regularizer: Regularizer) -> Any:
        """gamma / 2 of R1 and R2, as it is now."""
        if regularizer in self._penalties:
            return regularizer.weight * self.scheduled(self.gamma)
        return super().weight_of(regularizer)
