"""CGAN: conditional generative adversarial networks, of any networks and losses of the unconditional ones."""

from typing import Any

import keras

from keras_genzoo.models.gan import GAN
from keras_genzoo.models.labeled_adversarial import LabeledAdversarial
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, Count, ImageShape, LabelCondition, Network


@MODELS.register("cgan")
@keras.saving.register_keras_serializable("keras_genzoo")
class CGAN(LabeledAdversarial, GAN):
    """Conditional GAN: generator and discriminator get the label, so that images of a chosen class can be made.

    Use it for labeled images. Dense networks make it the conditional `GAN`, convolutional ones, as by default, the
    conditional `DCGAN`, and `adversarial_loss="wasserstein"` with `regularizers=["gradient_penalty"]`,
    `discriminator_steps=5` and a discriminator without batch normalization the conditional `WGANGP`.

    | `condition` | generator | discriminator | source |
    | --- | --- | --- | --- |
    | "one_hot" | the code behind the latents | a plane for each class (dense networks: the code) | Mirza & Osindero |
    | "embedding" | learned numbers behind them | a learned plane (dense networks: numbers) | Denton et al. |
    | "every_layer" | normalizations have a scale and an offset for each class | projection | Miyato & Koyama |

    `call` takes a pair: latents, and the labels' one-hot codes.

    Reference: Mirza & Osindero 2014, arXiv:1411.1784, equation 2; Denton et al. 2015, arXiv:1506.05751, section 2.2;
        Miyato & Koyama 2018, arXiv:1802.05637, equations 4 to 6.

    Differs from the papers: the networks are `DCGAN`'s by default; latents are normal; embeddings are linear.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        condition: how the label enters the networks: see the table.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        generator: network from latents and codes to images.
        discriminator: network from images and codes to scores.
        kwargs: `discriminator_steps`, `adversarial_loss`: see `GAN`; `label_smoothing`, `instance_noise`,
            `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`, `dtype`, `name`: see
            `GenerativeModel`.

    Example:
        >>> model = CGAN(image_shape=(32, 32, 1), num_classes=10, condition="every_layer")
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=20)
        >>> model.generate(8, labels=3)
    """

    tiny = {
        "image_shape": (8, 8, 3),
        "num_classes": 3,
        "condition": "one_hot",
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": (8, 4)},
        "discriminator": {"network": "dcgan_discriminator", "filters": (4, 8), "normalization": "layer"},
        "regularizers": ({"regularizer": "gradient_penalty", "weight": 1.0},),
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: Classes = 10,
        condition: LabelCondition = "one_hot",
        latent_dim: Count = 100,
        generator: Network = "dcgan_generator",
        discriminator: Network = "dcgan_discriminator",
        **kwargs: Any,
    ):
        self.num_classes = num_classes
        self.condition = condition
        super().__init__(image_shape, latent_dim, generator=generator, discriminator=discriminator, **kwargs)
