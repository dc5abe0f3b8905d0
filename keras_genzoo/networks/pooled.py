"""The discriminator of semi-supervised GANs. Reference: Salimans et al. 2016, arXiv:1606.03498, section 6.2."""

from typing import Any

import keras
from keras import initializers, layers

from keras_genzoo.networks.blocks import base_shape, check_spectral, linear
from keras_genzoo.networks.conditioning import Conditioning, condition, score
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape, NonNegative, Share

Tensor = Any
_CONVOLUTIONS = 3  # of each level, the last of which halves it


def _weights() -> initializers.Initializer:
    return initializers.HeNormal()  # an initializer of its own for each layer


@NETWORKS.register("pooled_discriminator")
def pooled_discriminator(
    image_shape: ImageShape,
    outputs: Count = 1,
    filters: Filters = (96, 192),
    dropout: Share = 0.5,
    noise: NonNegative = 0.0,
    spectral: bool = False,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Convolutions with noise and dropout whose last maps are averaged over all places: for classes from few labels.

    What it learns of an image does not depend on the other images of a batch, and a place counts as much as any other:
    few labels are known by heart less easily than behind `dcgan_discriminator`.

    Differs from the paper: biases instead of weight normalization, whose kernels begin as He et al.'s do.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        outputs: integer, scores for each image.
        filters: of each level, of three convolutions; the third halves the image. Three more follow, of 3, 1 and 1
            pixels.
        dropout: share of the numbers that are dropped in training before each level but the first and before the last
            convolutions; of the image, two fifths of it.
        noise: standard deviation of the Gaussian noise on images in training.
        spectral: bool, whether to normalize all kernels spectrally.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to scores (n, outputs) in float32.
    """
    base_shape(image_shape, len(filters), "pooled_discriminator")
    check_spectral(spectral, None, "pooled_discriminator")

    def convolution(x: Tensor, count: int, size: int, strides: int = 1) -> Tensor:
        arguments = {"strides": strides, "padding": "same", "kernel_initializer": _weights(), "spectral": spectral}
        return layers.LeakyReLU(0.2)(linear(layers.Conv2D, count, size, **arguments)(x))

    images = keras.Input(image_shape, name="images")
    x = layers.GaussianNoise(noise)(images) if noise else images
    inputs, x, codes = condition(images, x, conditioning, spectral)
    x = layers.Dropout(0.4 * dropout)(x)
    for level, count in enumerate(filters):
        x = layers.Dropout(dropout)(x) if level else x
        for number in range(_CONVOLUTIONS):
            x = convolution(x, count, 3, strides=2 if number == _CONVOLUTIONS - 1 else 1)
    x = layers.Dropout(dropout)(x)
    for size in (3, 1, 1):
        x = convolution(x, filters[-1], size)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, score(x, outputs, codes, spectral, _weights))
