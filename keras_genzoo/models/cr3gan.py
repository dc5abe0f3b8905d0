"""Conditional R3GAN: the plain modern GAN of labeled images."""

from typing import Any

import keras

from keras_genzoo.models.labeled_adversarial import LabeledAdversarial
from keras_genzoo.models.r3gan import R3GAN
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, ImageShape, LabelCondition


@MODELS.register("cr3gan")
@keras.saving.register_keras_serializable("keras_genzoo")
class CR3GAN(LabeledAdversarial, R3GAN):
    """`R3GAN` of images of a chosen class: learned numbers of the label stand behind the latents.

    The discriminator's score has a term for each label, the product of its features with learned numbers (Miyato &
    Koyama 2018); real and generated images are compared in pairs of one label.

    Reference: Huang et al. 2024, arXiv:2501.05441; labels: their code, and Miyato & Koyama 2018, arXiv:1802.05637.

    Differs from the paper: as `R3GAN`; the score has the unconditional term too.

    Args:
        image_shape: (height, width, channels) of the images: a square whose side is a power of two.
        num_classes: integer, how many labels there are, from 0 on.
        kwargs: as for `R3GAN`.

    Example:
        >>> model = CR3GAN(image_shape=(32, 32, 3), num_classes=10, gamma=0.05)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=100)
        >>> model.generate(8, labels=3)
    """

    condition: LabelCondition = "every_layer"  # its networks have no normalizations: see `resnext_generator`
    tiny = {**R3GAN.tiny, "num_classes": 3}

    def __init__(self, image_shape: ImageShape, num_classes: Classes = 10, **kwargs: Any):
        self.num_classes = num_classes
        super().__init__(image_shape, **kwargs)
