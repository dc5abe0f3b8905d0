"""ACGAN: the GAN whose discriminator is a classifier too."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.models.adversarial import Logs
from keras_genzoo.models.cgan import CGAN
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, Count, ImageShape, LabelCondition, Network, NonNegative

Tensor = Any


@MODELS.register("acgan")
@keras.saving.register_keras_serializable("keras_genzoo")
class ACGAN(CGAN):
    """Auxiliary classifier GAN: the discriminator does not get the label, it predicts it, for real and made images.

    Use it where a class must be recognized in a sample; it favors images that are easy to classify, at the cost of
    variety within a class (Miyato & Koyama 2018, section 6), which `CGAN` keeps.

    | here | paper |
    | --- | --- |
    | minus `discriminator_loss` | L_S |
    | minus `class_loss` | L_C, of both kinds of images |
    | `generator_class_loss` | the second half of L_C, of generated images alone |

    Reference: Odena et al. 2017, arXiv:1610.09585, equations 2 and 3.

    Differs from the paper: `DCGAN`'s networks by default, without noise and dropout in the discriminator; latents are
        normal.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        condition: how the label enters the generator: see `CGAN`.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        class_weight: float, of the cross-entropies of labels in the losses of both players.
        generator: network from latents and codes to images.
        discriminator: network from images to a score, followed by a logit for each class.
        kwargs: as for `CGAN`.

    Example:
        >>> model = ACGAN(image_shape=(32, 32, 1), num_classes=10)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=20)
        >>> model.generate(8, labels=3)
    """

    logs = ("discriminator_loss", "class_loss", "class_accuracy", "generator_loss", "generator_class_loss")
    tiny = {
        "image_shape": (8, 8, 3),
        "num_classes": 3,
        "condition": "every_layer",
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": (8, 4)},
        "discriminator": {"network": "dcgan_discriminator", "filters": (4, 8)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: Classes = 10,
        condition: LabelCondition = "one_hot",
        latent_dim: Count = 100,
        class_weight: NonNegative = 1.0,
        generator: Network = "dcgan_generator",
        discriminator: Network = "dcgan_discriminator",
        **kwargs: Any,
    ):
        self.class_weight = class_weight
        super().__init__(image_shape, num_classes, condition, latent_dim, generator, discriminator, **kwargs)

    @property
    def num_outputs(self) -> int:
        """A score, and a logit for each class."""
        return 1 + self.num_classes

    def given_to(self, network: str) -> dict[str, Any]:
        """The label, for the generator alone."""
        return super().given_to(network) if network == "generator" else {}

    def discriminator_outputs(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """Scores and logits, (n, 1 + num_classes); labels are not shown."""
        return self.discriminator(images, training=training)

    def scores_of(self, outputs: Tensor) -> Tensor:
        """The scores, (n, 1)."""
        return outputs[:, :1]

    def auxiliary_loss(
        self, player: str, images: tuple[Tensor, ...], outputs: tuple[Tensor, ...], y: Tensor, training: bool
    ) -> tuple[Tensor, Logs]:
        """The cross-entropies of the labels, summed over kinds of images as in equation 3."""
        codes = self.one_hot(y)
        loss = sum(ops.mean(ops.categorical_crossentropy(codes, part[:, 1:], from_logits=True)) for part in outputs)
        if player == "generator":
            return self.class_weight * loss, {"generator_class_loss": loss}
        right = ops.equal(ops.argmax(outputs[0][:, 1:], axis=-1), ops.argmax(codes, axis=-1))
        return self.class_weight * loss, {"class_loss": loss, "class_accuracy": ops.mean(ops.cast(right, "float32"))}
