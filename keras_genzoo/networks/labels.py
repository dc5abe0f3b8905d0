"""How a label enters a network: at its input, as a one-hot code or an embedding, or in every layer.

A network with labels takes two inputs, of which the second is the labels' one-hot codes: (n, num_classes). Codes,
rather than integers, so that a mixture of two labels is an input as well.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from keras_genzoo.networks.blocks import Normalization, linear, normalize
from keras_genzoo.types import Condition, ImageShape

Tensor = Any
Inputs = tuple[Any, Tensor, Tensor | None]
"""A network's inputs, what its first layer gets, and the codes for each of its layers or None."""

_EMBEDDING = 50
"""Numbers that stand for a label beside the latents."""


def latents_and_label(latent_dim: int, num_classes: int | None, condition: Condition) -> Inputs:
    """The inputs of a generator.

    Reference: one_hot: Mirza & Osindero 2014, arXiv:1411.1784; embedding: Denton et al. 2015, arXiv:1506.05751,
        section 2.2, who learn a linear map of the one-hot code as well.

    Args:
        latent_dim: integer, the length of a latent vector.
        num_classes: integer, or None for a network without labels.
        condition: "one_hot" or "embedding": the code, or 50 learned numbers, behind the latents; "every_layer": the
            latents alone, and the codes for `normalized`.
    """
    z = keras.Input((latent_dim,), name="latents")
    if num_classes is None:
        return z, z, None
    codes = keras.Input((num_classes,), name="labels")
    if condition == "every_layer":
        return [z, codes], z, codes
    return [z, codes], layers.Concatenate()([z, _told(codes, condition)]), None


def _told(codes: Tensor, condition: Condition, spectral: bool = False) -> Tensor:
    return codes if condition == "one_hot" else _embedded(codes, _EMBEDDING, spectral)


def _embedded(codes: Tensor, size: int, spectral: bool = False, **kwargs: Any) -> Tensor:
    return linear(layers.Dense, size, spectral=spectral, use_bias=False, **kwargs)(codes)


def image_and_label(
    image_shape: ImageShape, num_classes: int | None, condition: Condition, flat: bool = False, spectral: bool = False
) -> Inputs:
    """The inputs of a discriminator.

    Args:
        image_shape: (height, width, channels).
        num_classes: integer, or None for a network without labels.
        condition: "one_hot": a plane for each class behind the colors, ones for the image's class; "embedding": one
            learned plane; "every_layer": the image alone, and the codes for `score`.
        flat: bool, whether the network's layers are dense: they get all pixels in a row, and behind them the code or
            as many learned numbers as a generator gets.
        spectral: bool, whether to normalize the kernels of embeddings spectrally.
    """
    image = keras.Input(image_shape, name="images")
    x = layers.Flatten()(image) if flat else image
    if num_classes is None:
        return image, x, None
    codes = keras.Input((num_classes,), name="labels")
    if condition == "every_layer":
        return [image, codes], x, codes
    if flat:
        return [image, codes], layers.Concatenate()([x, _told(codes, condition, spectral)]), None
    height, width, _ = image_shape
    if condition == "one_hot":
        planes = layers.UpSampling2D((height, width))(layers.Reshape((1, 1, num_classes))(codes))
    else:
        planes = layers.Reshape((height, width, 1))(_embedded(codes, height * width, spectral))
    return [image, codes], layers.Concatenate()([x, planes]), None


def normalized(x: Tensor, normalization: Normalization, codes: Tensor | None) -> Tensor:
    """A normalization, whose scale and offset for each channel each label has for itself if there are codes.

    Without a normalization the label's scale and offset are there all the same. They begin as 1 and 0.

    Reference: Dumoulin et al. 2017, arXiv:1610.07629, equation 5; in generators: Miyato & Koyama 2018,
        arXiv:1802.05637, section 4.

    Args:
        x: (n, channels), or feature maps (n, height, width, channels).
        normalization: as for `blocks.normalize`.
        codes: (n, num_classes), or None.
    """
    x = normalize(x, normalization, affine=codes is None)
    if codes is None:
        return x
    channels = x.shape[-1]
    shape = (*[1] * (len(x.shape) - 2), channels)
    scale = layers.Dense(channels, use_bias=False, kernel_initializer="ones")(codes)
    offset = layers.Dense(channels, use_bias=False, kernel_initializer="zeros")(codes)
    return layers.Add()([layers.Multiply()([x, layers.Reshape(shape)(scale)]), layers.Reshape(shape)(offset)])


def score(
    x: Tensor,
    outputs: int,
    codes: Tensor | None,
    spectral: bool = False,
    initializer: Callable[[], keras.initializers.Initializer] = keras.initializers.GlorotUniform,
) -> Tensor:
    """The last layer of a discriminator: a linear function of all its features and, with codes, the projection.

    Reference: Miyato & Koyama 2018, arXiv:1802.05637, equation 6: the label's embedding times the features, which in
        feature maps are summed over places: averaged ones are outvoted by the linear function, and labels are ignored.

    Args:
        x: features (n, units), or feature maps (n, height, width, channels).
        outputs: integer, scores for each image.
        codes: (n, num_classes), or None.
        spectral: bool, whether to normalize kernels spectrally.
        initializer: function that makes an initializer, one for each kernel.

    Returns:
        (n, outputs) in float32.
    """
    last = linear(layers.Dense, outputs, spectral=spectral, kernel_initializer=initializer(), dtype="float32")
    unconditional = last(layers.Flatten()(x))
    if codes is None:
        return unconditional
    features = x
    if len(x.shape) == 4:
        features = layers.Rescaling(x.shape[1] * x.shape[2])(layers.GlobalAveragePooling2D()(x))
    embedding = _embedded(codes, features.shape[-1], spectral, kernel_initializer=initializer())
    return layers.Add(dtype="float32")([unconditional, layers.Dot(1, dtype="float32")([features, embedding])])
