"""GAN: the generative adversarial network, with dense networks."""

from typing import Any

import keras

from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, ImageShape, Network


@MODELS.register("gan")
@keras.saving.register_keras_serializable("keras_genzoo")
class GAN(Adversarial):
    """Generative adversarial network: a generator is trained to fool a discriminator of real and generated images.

    Use it with its dense networks for points and small images, and to see how adversarial training can fail; for images
    `DCGAN` is better by far.

    | here | paper |
    | --- | --- |
    | `discriminator_steps` | k |
    | `discriminator_loss` | minus V(D, G) |
    | `adversarial_loss="minimax"` | equation 1 |
    | `adversarial_loss="non_saturating"` | section 3: log D(G(z)) is maximized |

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, equation 1 and algorithm 1.

    Differs from the paper: LeakyReLU in place of maxout, and images in [-1, 1]; latents are normal, not uniform; Adam,
    not SGD with momentum.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        discriminator_steps: integer, discriminator updates for each generator update, each with images of its own.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        generator: network from latents to images.
        discriminator: network from images to logits, or to scores if the loss takes such.
        kwargs: `label_smoothing`, `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`;
            `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = GAN(image_shape=(28, 28, 1), adversarial_loss="minimax")
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs: tuple[str, ...] = ("discriminator_loss", "generator_loss")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "generator": {"network": "mlp_decoder", "hidden": (8,)},
        "discriminator": {"network": "mlp_encoder", "hidden": (8,), "hidden_activation": "leaky_relu"},
        "label_smoothing": 0.1,
        "instance_noise": 0.1,
        "regularizers": ({"regularizer": "lecam", "weight": 0.1},),
        "discriminator_augmentation": "diffaugment",
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
        given = {"image_shape": self.image_shape, "outputs": self.num_outputs}
        self.discriminator = self.network("discriminator", discriminator, **given, **self.given_to("discriminator"))
        self.ready(self.latent_inputs)
