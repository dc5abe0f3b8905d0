"""GAN: the generative adversarial network, with dense networks."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo.models.adversarial import Adversarial, Logs
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, ImageShape, Network

Tensor = Any


@MODELS.register("gan")
@keras.saving.register_keras_serializable("keras_genzoo")
class GAN(Adversarial):
    """Generative adversarial network: a discriminator tells real images from generated ones, a generator fools it.

    Use it with its dense networks for points and small images, and to see what can go wrong in a game of two players;
    for images `DCGAN` is better by far.

    | here | paper |
    | --- | --- |
    | `discriminator_steps` | k |
    | `discriminator_loss` | minus V(D, G) |
    | `adversarial_loss="minimax"` | equation 1 |
    | `adversarial_loss="non_saturating"` | section 3: log D(G(z)) is raised |

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, equation 1 and algorithm 1.

    Differs from the paper: LeakyReLU in place of maxout, and images in [-1, 1]; latents are normal, not uniform; Adam,
    not SGD with momentum.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        discriminator_steps: integer, discriminator turns for each generator turn, each with images of its own.
        adversarial_loss: name of what both players lower: see `Adversarial`.
        generator: network from latents to images.
        discriminator: network from images to logits, or to scores if the loss takes such.
        kwargs: `label_smoothing`, `instance_noise`, `r1_weight`, `lecam_weight`, `augment` and more: see `Adversarial`;
            `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = GAN(image_shape=(28, 28, 1), adversarial_loss="minimax")
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs: ClassVar[tuple[str, ...]] = ("discriminator_loss", "generator_loss")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "generator": {"network": "mlp_decoder", "hidden": (8,)},
        "discriminator": {"network": "mlp_encoder", "hidden": (8,), "hidden_activation": "leaky_relu"},
        "label_smoothing": 0.1,
        "instance_noise": 0.1,
        "lecam_weight": 0.1,
        "augment": ("color", "translation", "cutout"),
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 100,
        discriminator_steps: Count = 1,
        adversarial_loss: AdversarialLossName = "non_saturating",
        generator: Network = {"network": "mlp_decoder", "hidden": (1200, 1200)},  # noqa: B006 - it is only read
        discriminator: Network = {  # noqa: B006
            "network": "mlp_encoder",
            "hidden": (240, 240),
            "hidden_activation": "leaky_relu",
            "dropout": 0.5,
        },
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, adversarial_loss, generator, **kwargs)
        self.discriminator_steps = discriminator_steps
        given = {"image_shape": self.image_shape, "outputs": self.num_judged}
        self.discriminator = self.network(
            "discriminator", discriminator, **given, **self.conditioning_of("discriminator")
        )
        self.ready(self.latent_inputs)

    def players(self) -> tuple[Player, ...]:
        """The discriminator moves `discriminator_steps` times, then the generator once."""
        return (
            Player("discriminator", ("discriminator",), self.discriminator_loss, steps=self.discriminator_steps),
            Player("generator", ("generator",), self.generator_loss),
        )

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The discriminator's loss of real images and generated ones, in batches of their own, as DCGAN has them."""
        fake = ops.stop_gradient(self.sample_like(x, y, training))
        return self.opponent_loss(self.seen(x), self.seen(fake), y, training)
