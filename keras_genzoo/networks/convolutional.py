"""Plain convolutional encoder and decoder, for autoencoders."""

from typing import Any, Literal

import keras
from keras import layers

from keras_genzoo.networks.blocks import Normalization, base_shape
from keras_genzoo.networks.conditioning import Conditioning, condition, normalized
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape

Tensor = Any
Activation = Literal["tanh", "linear"]


@NETWORKS.register("conv_encoder")
def conv_encoder(
    image_shape: ImageShape,
    outputs: Count,
    filters: Filters = (32, 64, 128, 256),
    kernel_size: Count = 4,
    normalization: Normalization = "batch",
    conditioning: Conditioning = (),
) -> keras.Model:
    """Convolutions of stride 2, then one dense layer.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        outputs: integer, the length of the vector for each image.
        filters: of each level; a level halves the image.
        kernel_size: pixels.
        normalization: "batch", "layer" or None, after each convolution.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to (n, outputs) in float32.
    """
    base_shape(image_shape, len(filters), "conv_encoder")
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning)
    for count in filters:
        x = layers.Conv2D(count, kernel_size, strides=2, padding="same", use_bias=normalization is None)(x)
        x = layers.LeakyReLU(0.2)(normalized(x, normalization, codes))
    return keras.Model(inputs, layers.Dense(outputs, dtype="float32")(layers.Flatten()(x)))


@NETWORKS.register("conv_decoder")
def conv_decoder(
    latent_dim: Count,
    image_shape: ImageShape,
    activation: Activation = "tanh",
    filters: Filters = (256, 128, 64, 32),
    kernel_size: Count = 4,
    normalization: Normalization = "batch",
    conditioning: Conditioning = (),
) -> keras.Model:
    """One dense layer, then transposed convolutions of stride 2: `conv_encoder` the other way round.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        activation: of the output: "tanh" for images in [-1, 1], "linear" for logits.
        filters: of each level; a level doubles the image.
        kernel_size: pixels.
        normalization: "batch", "layer" or None.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from latents (n, latent_dim) to (n, height, width, channels) in float32.
    """
    height, width = base_shape(image_shape, len(filters), "conv_decoder")
    latents = keras.Input((latent_dim,), name="latents")
    inputs, x, codes = condition(latents, latents, conditioning)
    x = layers.Dense(height * width * filters[0], use_bias=normalization is None)(x)
    x = layers.Reshape((height, width, filters[0]))(x)
    for count in filters:
        x = layers.LeakyReLU(0.2)(normalized(x, normalization, codes))
        x = layers.Conv2DTranspose(count, kernel_size, strides=2, padding="same", use_bias=normalization is None)(x)
    x = layers.LeakyReLU(0.2)(normalized(x, normalization, codes))
    x = layers.Conv2D(image_shape[-1], 3, padding="same", activation=activation, dtype="float32")(x)
    return keras.Model(inputs, x)
