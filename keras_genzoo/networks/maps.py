"""Encoder and decoder whose latents are feature maps: wide enough to keep an image's details.

Both are a linear transform of square patches plus a convolutional network. The transform begins as a copy and the
network as zero, so that an image of which the latents can hold all numbers passes as it is from the first step on,
and what is learned is what to change.
"""

from typing import Any

import keras
from keras import layers

from keras_genzoo.networks.blocks import base_shape
from keras_genzoo.networks.conditioning import Code, Conditioning, condition, normalized
from keras_genzoo.networks.convolutional import Activation
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape

Tensor = Any


def _block(x: Tensor, codes: tuple[Code, ...]) -> Tensor:
    """A residual block that keeps the shape of its feature maps."""
    inside = layers.Conv2D(x.shape[-1], 3, padding="same", kernel_initializer="he_normal")(x)
    inside = layers.ReLU()(normalized(inside, None, codes))
    # It begins as the identity, so that deep networks train without a normalization, which would hide the brightness.
    inside = layers.Conv2D(x.shape[-1], 3, padding="same", kernel_initializer="zeros")(inside)
    return layers.Add()([x, inside])


def _map_shape(size: int, image_shape: ImageShape, levels: int, network: str) -> tuple[int, int, int]:
    """(height, width, channels) of `size` latents as feature maps."""
    height, width = base_shape(image_shape, levels, network)
    if size % (height * width):
        below = size // (height * width) * height * width
        raise ValueError(
            f"{network}: {size:,} latents are no whole number of feature maps of {height} x {width}: give "
            f"{f'{below:,} or ' if below else ''}{below + height * width:,} latents, or another number of filters."
        )
    return height, width, size // (height * width)


def _folded(x: Tensor, factor: int) -> Tensor:
    """Images with each patch of `factor` x `factor` pixels laid out along the channels."""
    _, height, width, channels = x.shape
    height, width = height // factor, width // factor
    x = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((height, factor, width, factor, channels))(x))
    return layers.Reshape((height, width, factor * factor * channels))(x)


def _unfolded(x: Tensor, factor: int) -> Tensor:
    """The inverse of `_folded`."""
    _, height, width, size = x.shape
    channels = size // factor**2
    x = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((height, width, factor, factor, channels))(x))
    return layers.Reshape((height * factor, width * factor, channels))(x)


def _copied(x: Tensor, size: int) -> Tensor:
    """A linear transform of the channels that begins as a copy of as many as there are."""
    return layers.Dense(size, use_bias=False, kernel_initializer="identity")(x)


@NETWORKS.register("map_encoder")
def map_encoder(
    image_shape: ImageShape,
    outputs: Count,
    filters: Filters = (64,),
    blocks: Count = 3,
    parts: Count = 1,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Convolutions of stride 2, residual blocks at the smallest size, and a convolution to `outputs` latents.

    Reference: patches along the channels: Zhang et al. 2018, "FFDNet", arXiv:1710.04026, section III; residual blocks:
    He et al. 2016, arXiv:1512.03385, here without normalization.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        outputs: integer, the latents of an image: a multiple of the pixels that are left at the smallest size.
        filters: of each level; a level halves the image.
        blocks: integer, residual blocks.
        parts: integer, how many feature maps of equal shape lie behind one another in the row: 2 for a VAE's means and
            log-variances, else the means would be those of the upper half of the image.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to (n, outputs) in float32: feature maps, laid out in a row.

    Raises:
        ValueError: the image or the latents do not divide.
    """
    if outputs % parts:
        raise ValueError(f"map_encoder: {outputs:,} outputs are not {parts} equal parts: give another number of parts.")
    height, width, channels = _map_shape(outputs // parts, image_shape, len(filters), "map_encoder")
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning)
    for count in filters:
        x = layers.Conv2D(count, 4, strides=2, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    for _ in range(blocks):
        x = _block(x, codes)
    x = layers.Conv2D(parts * channels, 3, padding="same", kernel_initializer="zeros")(x)
    x = layers.Add(dtype="float32")([x, _copied(_folded(images, 2 ** len(filters)), parts * channels)])
    if parts > 1:
        x = layers.Reshape((height, width, parts, channels), dtype="float32")(x)
        x = layers.Permute((3, 1, 2, 4), dtype="float32")(x)
    return keras.Model(inputs, layers.Flatten(dtype="float32")(x))


@NETWORKS.register("map_decoder")
def map_decoder(
    latent_dim: Count,
    image_shape: ImageShape,
    activation: Activation = "linear",
    filters: Filters = (64,),
    blocks: Count = 3,
    conditioning: Conditioning = (),
) -> keras.Model:
    """A convolution, residual blocks, and transposed convolutions of stride 2: `map_encoder` the other way round.

    Args:
        latent_dim: integer, the latents of an image: a multiple of the pixels at the smallest size.
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        activation: of the output: "linear", for a copy to be a copy, or for logits; "tanh" for images that may not
            leave [-1, 1].
        filters: of each level; a level doubles the image.
        blocks: integer, residual blocks.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from latents (n, latent_dim) to (n, height, width, channels) in float32.

    Raises:
        ValueError: the image or the latents do not divide.
    """
    factor, colors = 2 ** len(filters), image_shape[-1]
    latents = keras.Input((latent_dim,), name="latents")
    maps = layers.Reshape(_map_shape(latent_dim, image_shape, len(filters), "map_decoder"))(latents)
    inputs, x, codes = condition(latents, maps, conditioning)
    x = layers.Conv2D(filters[0], 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    for _ in range(blocks):
        x = _block(x, codes)
    for count in filters:
        x = layers.Conv2DTranspose(
            count, 4, strides=2, padding="same", activation="relu", kernel_initializer="he_normal"
        )(x)
    x = layers.Conv2D(colors, 3, padding="same", kernel_initializer="zeros")(x)
    x = layers.Add(dtype="float32")([x, _unfolded(_copied(maps, factor * factor * colors), factor)])
    return keras.Model(inputs, layers.Activation(activation, dtype="float32")(x))
