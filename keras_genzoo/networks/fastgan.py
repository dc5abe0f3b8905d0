"""FastGAN's networks: skip-layer excitation in the generator, and a discriminator of which images can be decoded.

Reference: Liu et al. 2021, arXiv:2101.04775, section 3 and figures 3 and 4.
"""

from typing import Any

import keras
from keras import layers

from keras_genzoo.layers.gated_linear_unit import GatedLinearUnit
from keras_genzoo.networks.blocks import linear, normalize
from keras_genzoo.networks.progressive import SMALLEST, filters_of
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape

Tensor = Any

SMALL, LARGE = 8, 16
"""Sides of the discriminator's maps of which images are decoded."""
_LARGEST = 128  # pixels of a decoded image
_FAR = 16  # times as large are the maps that smaller ones excite
_MULTIPLES = (16, 8, 4, 2, 2, 1, 0.5, 0.25, 0.125)  # of 64 filters, from 4 pixels on


def _filters(filters: Filters | None, image_shape: ImageShape, network: str) -> Filters:
    """Of None the paper's.

    Raises:
        ValueError: the images are smaller than 32 pixels, no squares, or there are too few filters.
    """
    if min(image_shape[:2]) < 2 * LARGE:
        raise ValueError(f"{network}: images of {image_shape[0]} pixels, but at least {2 * LARGE} are expected.")
    chosen = filters or tuple(int(64 * multiple) for multiple in _MULTIPLES)
    return filters_of(chosen, image_shape, network)


def _convolution(x: Tensor, count: int, size: int, strides: int = 1, padding: str = "same") -> Tensor:
    arguments = {"strides": strides, "padding": padding, "kernel_initializer": "orthogonal"}
    return linear(layers.Conv2D, count, size, spectral=True, use_bias=False, **arguments)(x)


def _gated(x: Tensor, count: int) -> Tensor:
    """A convolution, batch normalization and a gated linear unit."""
    return GatedLinearUnit()(normalize(_convolution(x, 2 * count, 3), "batch"))


def _activated(x: Tensor) -> Tensor:
    return layers.LeakyReLU(0.2)(normalize(x, "batch"))


def _excited(small: Tensor, large: Tensor) -> Tensor:
    """Skip-layer excitation: small maps scale the channels of large ones (equation 1)."""
    x = layers.AveragePooling2D(small.shape[1] // SMALLEST)(small)
    x = layers.Activation("silu")(_convolution(x, large.shape[-1], SMALLEST, padding="valid"))
    return layers.Multiply()([large, layers.Activation("sigmoid")(_convolution(x, large.shape[-1], 1))])


@NETWORKS.register("fast_generator")
def fast_generator(latent_dim: Count, image_shape: ImageShape, filters: Filters | None = None) -> keras.Model:
    """A dense layer, and a gated convolution or two at each size; maps excite those that are 16 times as large.

    Differs from the paper: no noise in between, so that a latent has one image; maps of 32 pixels are excited, too, by
    those of 4.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels): a square whose side is a power of two from 32 on.
        filters: of each level, from that of 4 pixels on; more than the image has levels are for larger images. None for
            the paper's: 1024, 512, 256, 128, 128, 64, 32, 16, 8.

    Returns:
        model from latents (n, latent_dim) to images (n, height, width, channels) in [-1, 1], float32.
    """
    filters = _filters(filters, image_shape, "fast_generator")
    latents = keras.Input((latent_dim,), name="latents")
    x = linear(layers.Dense, 2 * SMALLEST**2 * filters[0], spectral=True, use_bias=False)(latents)
    x = layers.Reshape((SMALLEST, SMALLEST, 2 * filters[0]))(x)
    x = GatedLinearUnit()(normalize(x, "batch"))
    maps = {SMALLEST: x}
    for level, count in enumerate(filters[1:]):
        x = _gated(layers.UpSampling2D(2)(x), count)
        x = x if level % 2 else _gated(x, count)
        size = x.shape[1]
        if size >= LARGE * 2:
            x = _excited(maps[max(SMALLEST, size // _FAR)], x)
        maps[size] = x
    return keras.Model(latents, _to_image(x, image_shape[-1]))


@NETWORKS.register("fast_discriminator")
def fast_discriminator(image_shape: ImageShape, outputs: Count = 1, filters: Filters | None = None) -> keras.Model:
    """Residual blocks that halve the maps down to 8 pixels, and a score for each of 5 x 5 places.

    Args:
        image_shape: (height, width, channels): a square whose side is a power of two from 32 on.
        outputs: integer, scores for each place.
        filters: of each level, from that of 4 pixels on, as for `fast_generator`.

    Returns:
        model from images (n, height, width, channels) to a list of scores (n, 5, 5, outputs) in float32, and of the
        feature maps of 8 x 8 and of 16 x 16 places.
    """
    filters = _filters(filters, image_shape, "fast_discriminator")
    images = keras.Input(image_shape, name="images")
    x = layers.LeakyReLU(0.2)(_convolution(images, filters[-2], 4, 2))
    maps = {x.shape[1]: x}
    for count in filters[-3:0:-1]:
        direct = _activated(_convolution(layers.AveragePooling2D(2)(x), count, 1))
        x = _activated(_convolution(_activated(_convolution(x, count, 4, 2)), count, 3))
        x = layers.Average()([x, direct])
        size = x.shape[1]
        x = _excited(maps[8 * size], x) if 8 * size in maps else x
        maps[size] = x
    x = _convolution(_activated(_convolution(x, filters[0], 1)), outputs, 4, padding="valid")
    made = [layers.Activation("linear", dtype="float32")(part) for part in (x, maps[SMALL], maps[LARGE])]
    return keras.Model(images, made)


@NETWORKS.register("fast_decoder")
def fast_decoder(image_shape: ImageShape, target_shape: ImageShape, filters: Count = 32) -> keras.Model:
    """A small decoder of square maps, with a gated convolution at each size.

    Args:
        image_shape: (height, width, channels) of the maps.
        target_shape: (height, width, channels) of the images: a power of two times as large; at most 128 pixels are
            decoded.
        filters: integer, of the last level; each one before it has twice as many, up to 256.

    Returns:
        model from maps (n, height, width, channels) to images in [-1, 1], float32.
    """
    maps = keras.Input(image_shape, name="maps")
    x, size = maps, min(target_shape[0], _LARGEST)
    while x.shape[1] < size:
        left = (size // x.shape[1]).bit_length() - 2  # levels after this one
        x = _gated(layers.UpSampling2D(2)(x), min(256, filters * 2**left))
    return keras.Model(maps, _to_image(x, target_shape[-1]))


def _to_image(x: Tensor, channels: int) -> Tensor:
    return layers.Activation("tanh", dtype="float32")(_convolution(x, channels, 3))
