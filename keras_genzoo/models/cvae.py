"""CVAE: the conditional variational autoencoder."""

from typing import Any

import keras

from keras_genzoo.models.conditional_variational import ConditionalVariational
from keras_genzoo.models.vae import VAE
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, Count, ImageShape


@MODELS.register("cvae")
@keras.saving.register_keras_serializable("keras_genzoo")
class CVAE(ConditionalVariational, VAE):
    """Conditional VAE: encoder and decoder get each image's label, so that latents hold what it does not say.

    Use it to make images of a chosen class, and to give one image the classes of others in its own style.

    `encode` gives a pair, z and the labels' one-hot codes, and `decode` takes one. A label that is not given is
    inferred: the one under which the bound at the posterior's mean is highest.

    Reference: Sohn et al. 2015, doi:10.5555/2969442.2969628, equation 5.

    Differs from the paper: images are modeled given labels, and the prior of z does not depend on the label, as in
        Kingma et al. 2014, arXiv:1406.5298 (M2).

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        latent_dim: integer, the length of z.
        kwargs: as for `VAE`; `prior` is "normal".

    Example:
        >>> model = CVAE(image_shape=(32, 32, 1), num_classes=10)
        >>> model.fit(train, epochs=20)
        >>> model.generate(8, labels=3)
        >>> model.decode(model.encode(images, labels=labels), labels=other_labels)
    """

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: Classes = 10,
        latent_dim: Count = 64,
        **kwargs: Any,
    ):
        super().__init__(image_shape, num_classes, latent_dim, **kwargs)
