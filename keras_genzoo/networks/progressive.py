"""The generator and discriminator of progressive GAN, at any of the sizes through which they grow.

A network of twice the size takes over the layers of the one before it: they stand under the same names in both.

Reference: Karras et al. 2018, arXiv:1710.10196, table 2.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from keras_genzoo.layers.blur import Blur
from keras_genzoo.layers.channel_bias import ChannelBias
from keras_genzoo.layers.equalized import EqualizedConv2D, EqualizedDense
from keras_genzoo.layers.fade import Fade
from keras_genzoo.layers.minibatch_deviation import MinibatchDeviation
from keras_genzoo.layers.pixel_normalization import PixelNormalization
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape

Tensor = Any
SMALLEST = 4
"""Pixels along each side of the smallest images."""


def check_square(image_shape: ImageShape, where: str) -> int:
    """Returns the side of square images whose sides are a power of two.

    Raises:
        ValueError: they are not, or too small.
    """
    height, width, _ = image_shape
    if height != width or height < SMALLEST or height & (height - 1):
        raise ValueError(
            f"{where}: images of {height} x {width} pixels, but squares are expected whose side is a power of two from "
            f"{SMALLEST} on: give 8, 16, ... 1024."
        )
    return height


def filters_of(filters: Filters | None, image_shape: ImageShape, network: str) -> Filters:
    """The filters of each level from 4 x 4 pixels to those of `image_shape`; of None those of the paper.

    Raises:
        ValueError: they are too few, or the image has no such size.
    """
    levels = int(math.log2(check_square(image_shape, network))) - 1
    if filters is None:
        return tuple(min(512, 8192 // 2 ** (level + 1)) for level in range(levels))
    if len(filters) < levels:
        raise ValueError(
            f"{network}: {len(filters)} filters, but images of {image_shape[0]} pixels have {levels} levels, from 4 "
            f"pixels on: give {levels}."
        )
    return tuple(filters[:levels])


def taking_over(earlier: keras.Model | None) -> Callable[..., keras.layers.Layer]:
    """A function `(kind, *args, name, **kwargs)` that gives the layer of that name in `earlier`, or makes it."""
    there = {layer.name: layer for layer in earlier.layers} if earlier is not None else {}

    def layer(kind: type[keras.layers.Layer], *args: Any, name: str, **kwargs: Any) -> keras.layers.Layer:
        return there[name] if name in there else kind(*args, name=name, **kwargs)

    return layer


@NETWORKS.register("progressive_generator")
def progressive_generator(
    latent_dim: Count,
    image_shape: ImageShape,
    filters: Filters | None = None,
    fade: bool = False,
    earlier: keras.Model | None = None,
) -> keras.Model:
    """Normalized latents, a dense layer, and two convolutions at each size, from 4 pixels on.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels): a square whose side is a power of two.
        filters: of each level, from that of 4 pixels on; more than the image has levels are for later. None for the
            paper's: 512 up to 32 pixels, half as many at each size after it.
        fade: bool, whether the image is a mixture of this level's and of the enlarged one of the level before, by the
            weight `alpha` of the layer `fade`.
        earlier: the same network at half the size, whose layers it takes over.

    Returns:
        model from latents (n, latent_dim) to images (n, height, width, channels), float32, linear as in the paper.
    """
    filters = filters_of(filters, image_shape, "progressive_generator")
    layer = taking_over(earlier)

    def convolution(x: Tensor, count: int, name: str) -> Tensor:
        x = layer(EqualizedConv2D, count, 3, padding="same", name=name)(x)
        return PixelNormalization()(layers.LeakyReLU(0.2)(x))

    def to_image(x: Tensor, size: int) -> Tensor:
        return layer(EqualizedConv2D, image_shape[-1], 1, gain=1.0, name=f"image_{size}")(x)

    latents = keras.Input((latent_dim,), name="latents")
    x = PixelNormalization()(latents)
    # The gain is the authors' code's, a quarter of the others'.
    x = layer(EqualizedDense, 16 * filters[0], gain=math.sqrt(2) / 4, use_bias=False, name="dense")(x)
    x = layer(ChannelBias, name="dense_bias")(layers.Reshape((4, 4, filters[0]))(x))
    x = convolution(PixelNormalization()(layers.LeakyReLU(0.2)(x)), filters[0], "convolution_4")
    before, size = x, SMALLEST
    for count in filters[1:]:
        before, size = x, 2 * size
        x = convolution(layers.UpSampling2D(2)(x), count, f"convolution_{size}_1")
        x = convolution(x, count, f"convolution_{size}_2")
    images = to_image(x, size)
    if fade and size > SMALLEST:
        images = Fade(name="fade")([layers.UpSampling2D(2)(to_image(before, size // 2)), images])
    return keras.Model(latents, layers.Activation("linear", dtype="float32")(images))


@NETWORKS.register("progressive_discriminator")
def progressive_discriminator(
    image_shape: ImageShape,
    outputs: Count = 1,
    filters: Filters | None = None,
    group_size: Count = 4,
    blur: bool = False,
    fade: bool = False,
    earlier: keras.Model | None = None,
) -> keras.Model:
    """Two convolutions at each size down to 4 pixels, the deviation in the minibatch, a convolution, two dense layers.

    Args:
        image_shape: (height, width, channels): a square whose side is a power of two.
        outputs: integer, scores for each image.
        filters: of each level, from that of 4 pixels on, as for `progressive_generator`.
        group_size: integer, images of which the deviation is taken: see `MinibatchDeviation`.
        blur: bool, whether maps are blurred before the convolution that halves them, and halved before its leaky ReLU:
            StyleGAN's discriminator (Karras et al. 2019, arXiv:1812.04948, section 2).
        fade: bool, whether this level's first features are mixed with those of the halved image, by the weight `alpha`
            of the layer `fade`.
        earlier: the same network at half the size, whose layers it takes over.

    Returns:
        model from images (n, height, width, channels) to scores (n, outputs) in float32.
    """
    filters = filters_of(filters, image_shape, "progressive_discriminator")
    layer = taking_over(earlier)

    def linear(x: Tensor, count: int, name: str, size: int = 3) -> Tensor:
        return layer(EqualizedConv2D, count, size, padding="same", name=name)(x)

    def convolution(x: Tensor, count: int, name: str, size: int = 3) -> Tensor:
        return layers.LeakyReLU(0.2)(linear(x, count, name, size))

    def halving(x: Tensor, count: int, name: str) -> Tensor:
        # Means, whose second-order gradient a penalty needs: a resize has none.
        if blur:
            return layers.LeakyReLU(0.2)(layers.AveragePooling2D(2)(linear(Blur()(x), count, name)))
        return layers.AveragePooling2D(2)(convolution(x, count, name))

    images = keras.Input(image_shape, name="images")
    size = image_shape[0]
    x = convolution(images, filters[-1], f"image_{size}", 1)
    for level in reversed(range(1, len(filters))):
        x = convolution(x, filters[level], f"convolution_{size}_1")
        x, size = halving(x, filters[level - 1], f"convolution_{size}_2"), size // 2
        if fade and level == len(filters) - 1:
            halved = layers.AveragePooling2D(2)(images)
            x = Fade(name="fade")([convolution(halved, filters[level - 1], f"image_{size}", 1), x])
    x = MinibatchDeviation(group_size)(x)
    x = convolution(x, filters[0], "convolution_4")
    x = layers.LeakyReLU(0.2)(layer(EqualizedDense, filters[0], name="dense")(layers.Flatten()(x)))
    return keras.Model(images, layer(EqualizedDense, outputs, gain=1.0, name="score", dtype="float32")(x))
