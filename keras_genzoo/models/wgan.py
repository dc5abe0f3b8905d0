"""WGAN: the Wasserstein GAN, whose critic is kept Lipschitz by weight clipping."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, ImageShape, Network, Positive

Tensor = Any


@MODELS.register("wgan")
@keras.saving.register_keras_serializable("keras_genzoo")
class WGAN(Adversarial):
    """Wasserstein GAN: a critic estimates, up to a factor, a distance that the generator minimizes.

    Use it to see the idea; `WGANGP` trains better, as clipped critics are simple functions with vanishing or exploding
    gradients.

    | here | paper |
    | --- | --- |
    | `critic_steps` | n_critic |
    | `clip` | c |
    | minus `critic_loss` | the estimate of the distance, times the critic's unknown Lipschitz constant |

    All trainable weights of the critic are clipped, before the first step too, as in the authors' code: kernels,
    biases, and the scales and offsets of its normalization.

    Reference: Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        critic_steps: integer, critic updates for each generator update, each with images of its own.
        clip: float, the bound to which the critic's weights are clipped after each of its updates.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        generator: network from latents to images.
        critic: network from images to unbounded scores; it is clipped at once, also one given as a `keras.Model`.
        kwargs: `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`,
            `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = WGAN(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    discriminator_name = "critic"
    logs = ("critic_loss", "generator_loss")
    # RMSProp as PyTorch has it, with which the paper's rate goes: Keras adds epsilon under the root, and the gradients
    # of a clipped critic are small.
    default_optimizer = {
        "class_name": "RMSprop",
        "config": {"learning_rate": 5e-5, "rho": 0.99, "epsilon": 1e-16},
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "critic_steps": 2,
        "clip": 0.5,
        "generator": {"network": "dcgan_generator", "filters": (8, 4)},
        "critic": {"network": "dcgan_discriminator", "filters": (4, 8)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 100,
        critic_steps: Count = 5,
        clip: Positive = 0.01,
        adversarial_loss: AdversarialLossName = "wasserstein",
        generator: Network = "dcgan_generator",
        critic: Network = "dcgan_discriminator",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, adversarial_loss, generator, **kwargs)
        self.critic_steps = critic_steps
        self.clip = clip
        self.critic = self.network("critic", critic, image_shape=self.image_shape, outputs=1)
        for variable in self.critic.trainable_variables:
            variable.constraint = self.clipped  # which optimizers apply after each of their steps
            variable.assign(self.clipped(variable))
        self.ready(self.latent_inputs)

    def clipped(self, weight: Tensor) -> Tensor:
        """A weight of the critic, in [-clip, clip]."""
        return ops.clip(weight, -self.clip, self.clip)
