"""SGAN: the GAN whose discriminator learns classes from few labels."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.models.adversarial import Logs
from keras_genzoo.models.classifying import SemiSupervised
from keras_genzoo.models.gan import GAN
from keras_genzoo.networks.penultimate import penultimate
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Classes, Count, ImageShape, Network, NonNegative

Tensor = Any


@MODELS.register("sgan")
@keras.saving.register_keras_serializable("keras_genzoo")
class SGAN(SemiSupervised, GAN):
    """Semi-supervised GAN: a discriminator of the classes and one more, "generated", where few images have labels.

    Use it to train a classifier with few labels and many images without one, for which y is -1: see `labeled` of
    `load_data`. With `feature_matching` it classifies best and its samples are poor; without, the other way round
    (Salimans et al. 2016, section 6.1; Dai et al. 2017, arXiv:1705.09783, say why).

    The logit of "generated" is 0, so that the discriminator gives as many numbers as there are classes, and the score
    of an image is the logarithm of the sum of their exponentials: D(x) = Z(x) / (Z(x) + 1).

    | here | paper |
    | --- | --- |
    | `discriminator_loss` | L_unsupervised |
    | `class_loss` | L_supervised |
    | `feature_matching` | the generator's loss of section 3.1, for f(x) what enters the discriminator's last layer |

    Reference: Salimans et al. 2016, arXiv:1606.03498, sections 3.1 and 5; Odena 2016, arXiv:1606.01583.

    Differs from the paper: `DCGAN`'s networks by default, without weight normalization, and without noise in the
    discriminator but for `instance_noise` and the dropout of its network.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        class_weight: float, of the cross-entropy of images with labels in the discriminator's loss.
        feature_matching: bool, whether the generator matches the mean of the discriminator's features, by their squared
            distance; otherwise it fools the discriminator by `adversarial_loss`.
        discriminator_steps, adversarial_loss: as for `GAN`.
        generator: network from latents to images.
        discriminator: Functional network from images to a logit for each class.
        kwargs: as for `GAN`.

    Example:
        >>> model = SGAN(image_shape=(32, 32, 1), num_classes=10)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=20)  # with labels of -1 where there is none
        >>> model.classify(photos).argmax(axis=-1)
    """

    logs = ("discriminator_loss", "class_loss", "class_accuracy", "generator_loss")
    tiny = {
        "image_shape": (8, 8, 3),
        "num_classes": 3,
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": (8, 4)},
        "discriminator": {"network": "dcgan_discriminator", "filters": (4, 8)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: Classes = 10,
        latent_dim: Count = 100,
        class_weight: NonNegative = 1.0,
        feature_matching: bool = True,
        discriminator_steps: Count = 1,
        adversarial_loss: AdversarialLossName = "non_saturating",
        generator: Network = "dcgan_generator",
        discriminator: Network = "dcgan_discriminator",
        **kwargs: Any,
    ):
        self.num_classes = num_classes
        self.class_weight = class_weight
        self.feature_matching = feature_matching
        super().__init__(
            image_shape, latent_dim, discriminator_steps, adversarial_loss, generator, discriminator, **kwargs
        )
        features = keras.Model(self.discriminator.input, penultimate(self.discriminator))
        # As a function, not as a model: Keras would save the discriminator's layers under its name.
        self._features = lambda x, training: features(x, training=training)

    @property
    def num_outputs(self) -> int:
        """A logit for each class."""
        return self.num_classes

    def scores_of(self, outputs: Tensor) -> Tensor:
        """The scores (n, 1), logits of D(x): the logarithm of the sum of the logits' exponentials."""
        return ops.logsumexp(outputs, axis=-1, keepdims=True)

    def auxiliary_loss(
        self, player: str, images: tuple[Tensor, ...], outputs: tuple[Tensor, ...], y: Tensor, training: bool
    ) -> tuple[Tensor, Logs]:
        """The cross-entropy of real images that have labels, in the discriminator's loss."""
        if player == "generator":
            return 0.0, {}
        logs = self.class_logs(outputs[0], y)
        return self.class_weight * logs["class_loss"], logs

    def generator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The squared distance of mean features, or the adversarial loss."""
        if not self.feature_matching:
            return super().generator_loss(x, y, training)
        made = self.augmented(self.sample_like(x, y, training))
        fake, real = (
            ops.mean(ops.cast(self._features(part, training), "float32"), axis=0) for part in (made, self.augmented(x))
        )
        loss = ops.sum(ops.square(ops.stop_gradient(real) - fake))
        return loss, {"generator_loss": loss}

    def logits_of(self, x: Tensor) -> Tensor:
        """The discriminator's logits (n, num_classes) of images in [-1, 1]."""
        return self.discriminator(x)
