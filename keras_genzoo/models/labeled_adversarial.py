"""What conditional GANs share: both players are given the labels."""

from typing import Any

from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.models.labeled import Labeled

Tensor = Any


class LabeledAdversarial(Labeled, Adversarial):
    """A GAN whose generator and discriminator take a pair: latents or images, and the labels' one-hot codes.

    It stands before the unconditional model among a subclass's bases.
    """

    def generated(self, z: Tensor, y: Tensor, training: bool) -> Tensor:
        """Images in [-1, 1] of latents and labels."""
        return self.generator([z, self.one_hot(y)], training=training)

    def discriminator_outputs(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """The discriminator's output for images with these labels."""
        return self.discriminator([images, self.one_hot(y)], training=training)

    def call(self, inputs: tuple[Tensor, Tensor], training: bool = False) -> Tensor:
        """Images in [-1, 1] of a pair of latents (n, latent_dim) and codes (n, num_classes)."""
        return (self.ema or self.generator)(list(inputs), training=training)
