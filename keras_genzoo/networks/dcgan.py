"""DCGAN's generator and discriminator. Reference: Radford et al. 2016, arXiv:1511.06434, section 3 and figure 1."""

import functools
from typing import Any

import keras
from keras import initializers, layers

from keras_genzoo.networks.attention import check_attention, self_attention
from keras_genzoo.networks.blocks import Normalization, base_shape, check_spectral, linear, normalize
from keras_genzoo.networks.conditioning import Conditioning, condition, normalized, score
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape


def _filters(image_shape: ImageShape) -> Filters:
    """1024 filters at 4 x 4, half as many at each doubling: the paper's at 64 x 64."""
    side, levels = min(image_shape[:2]), 1
    while side % 4 == 0 and side > 8:
        side, levels = side // 2, levels + 1
    return tuple(1024 // 2**level for level in range(levels))


def _normal() -> initializers.Initializer:
    return initializers.RandomNormal(stddev=0.02)  # section 4; an initializer of its own for each layer


def _convolution(count: int, kernel_size: int, spectral: bool = False, **kwargs: Any) -> layers.Layer:
    arguments = {"padding": "same", "kernel_initializer": _normal(), **kwargs}
    return linear(layers.Conv2D, count, kernel_size, spectral=spectral, **arguments)


@NETWORKS.register("dcgan_generator")
def dcgan_generator(
    latent_dim: Count,
    image_shape: ImageShape,
    filters: Filters | None = None,
    kernel_size: Count = 5,
    normalization: Normalization = "batch",
    attention: Count | None = None,
    conditioning: Conditioning = (),
) -> keras.Model:
    """A projection of the latents, then transposed convolutions of stride 2, ReLU inside and tanh at the end.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        filters: of the feature maps before each doubling; the last doubling makes the image. None for 1024 at the
            smallest size, which is 4 x 4 for powers of two, and half as many at each doubling: at 64 x 64 the paper's.
        kernel_size: pixels.
        normalization: "batch" as in the paper, "layer" or None.
        attention: integer, the height of the feature maps that get self-attention; None for none, as in the paper.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from latents (n, latent_dim) to images (n, height, width, channels) in [-1, 1], float32.
    """
    filters = filters or _filters(image_shape)
    height, width = base_shape(image_shape, len(filters), "dcgan_generator")
    check_attention(attention, [height * 2**level for level in range(len(filters))], "dcgan_generator")
    biased = normalization is None
    latents = keras.Input((latent_dim,), name="latents")
    inputs, x, codes = condition(latents, latents, conditioning)
    x = layers.Dense(height * width * filters[0], use_bias=biased, kernel_initializer=_normal())(x)
    x = layers.ReLU()(normalized(layers.Reshape((height, width, filters[0]))(x), normalization, codes))
    for count in filters[1:]:
        if x.shape[1] == attention:
            x = self_attention(x, _convolution)
        x = layers.Conv2DTranspose(
            count, kernel_size, strides=2, padding="same", use_bias=biased, kernel_initializer=_normal()
        )(x)
        x = layers.ReLU()(normalized(x, normalization, codes))
    if x.shape[1] == attention:
        x = self_attention(x, _convolution)
    x = layers.Conv2DTranspose(image_shape[-1], kernel_size, strides=2, padding="same", kernel_initializer=_normal())(x)
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32")(x))


@NETWORKS.register("dcgan_discriminator")
def dcgan_discriminator(
    image_shape: ImageShape,
    outputs: Count = 1,
    filters: Filters | None = None,
    kernel_size: Count = 5,
    normalization: Normalization = "batch",
    spectral: bool = False,
    attention: Count | None = None,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Convolutions of stride 2 with LeakyReLU, then one dense layer; without normalization it serves as a critic.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        outputs: integer, scores for each image.
        filters: of each level; a level halves the image. None for `dcgan_generator`'s, the other way round.
        kernel_size: pixels.
        normalization: "batch" as in the paper, "layer" or None; not after the first convolution. A penalized critic
            must not have "batch", which makes the score of an image depend on its neighbors.
        spectral: bool, whether to normalize all kernels spectrally, as Miyato et al. 2018 do, arXiv:1802.05957;
            `normalization` must be None then.
        attention: integer, the height of the feature maps that get self-attention; None for none, as in the paper.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to scores (n, outputs) in float32.
    """
    filters = filters or _filters(image_shape)[::-1]
    base_shape(image_shape, len(filters), "dcgan_discriminator")
    check_spectral(spectral, normalization, "dcgan_discriminator")
    check_attention(
        attention, [image_shape[0] // 2 ** (level + 1) for level in range(len(filters))], "dcgan_discriminator"
    )
    convolution = functools.partial(_convolution, spectral=spectral)
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning, spectral)
    for level, count in enumerate(filters):
        chosen = normalization if level else None
        x = convolution(count, kernel_size, strides=2, use_bias=chosen is None)(x)
        x = layers.LeakyReLU(0.2)(normalize(x, chosen))
        if x.shape[1] == attention:
            x = self_attention(x, convolution)
    return keras.Model(inputs, score(x, outputs, codes, spectral, _normal))
