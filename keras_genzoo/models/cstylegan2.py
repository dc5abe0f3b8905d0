"""Conditional StyleGAN2: styles that depend on a label."""

from typing import Any

import keras

from keras_genzoo.export import Endpoint
from keras_genzoo.models.labeled import Labeled
from keras_genzoo.models.stylegan2 import StyleGAN2
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, ImageShape, LabelCondition

Tensor = Any


@MODELS.register("cstylegan2")
@keras.saving.register_keras_serializable("keras_genzoo")
class CStyleGAN2(Labeled, StyleGAN2):
    """`StyleGAN2` of images of a chosen class: the mapping gets the label, the discriminator projects on it.

    In w there are no labels: `mix`, `project`, `transfer` and walks are as `StyleGAN2`'s. Images are truncated towards
    the mean of all classes.

    Reference: Karras et al. 2020, arXiv:2006.06676, whose code has labels so; projection: Miyato & Koyama 2018,
        arXiv:1802.05637, equation 6.

    Differs from the paper: as `StyleGAN2`.

    Args:
        image_shape: (height, width, channels) of the images: a square whose side is a power of two.
        num_classes: integer, how many labels there are, from 0 on.
        kwargs: as for `StyleGAN2`.

    Example:
        >>> model = CStyleGAN2(image_shape=(32, 32, 3), num_classes=10, r1_weight=0.01)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=100)
        >>> model.generate(8, labels=3, truncation=0.7)
    """

    condition: LabelCondition = "every_layer"  # of the mapping and the score: see `style_mapping`
    tiny = {**StyleGAN2.tiny, "num_classes": 3}

    def __init__(self, image_shape: ImageShape, num_classes: Classes = 10, **kwargs: Any):
        self.num_classes = num_classes
        super().__init__(image_shape, **kwargs)

    def given_to(self, network: str) -> dict[str, Any]:
        """The label, for the mapping and the discriminator."""
        return {} if network == "synthesis" else super().given_to(network)

    def mapped(self, z: Tensor, y: Tensor, training: bool) -> Tensor:
        """As of `Styled`."""
        return self.mapping([z, self.one_hot(y)], training=training)

    def discriminator_outputs(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """The discriminator's output for images with these labels."""
        return self.discriminator([images, self.one_hot(y)], training=training)

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers and labels, integers of shape (n,) both; options: see `sample_options`."""
        return self.images_of_drawn(self.sample_latents(indices, seed, labels), indices, seed, **options)

    def endpoints(self) -> dict[str, Endpoint]:
        """As of `Styled`; `map` takes labels too, as one-hot codes."""
        z, codes = self.latent_inputs
        inputs = {"z": z.batched(), "labels": codes.batched()}
        return {**super().endpoints(), "map": Endpoint(lambda z, codes: self.styles_of((z, codes)), inputs)}
