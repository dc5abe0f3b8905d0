"""DCGAN's generator and discriminator. Reference: Radford et al. 2016, arXiv:1511.06434, section 3 and figure 1."""

import keras
from keras import initializers, layers

from keras_genzoo.arguments import Count, Filters, ImageShape
from keras_genzoo.networks.blocks import Normalization, base_shape, normalize
from keras_genzoo.registry import NETWORKS


def _normal() -> initializers.Initializer:
    return initializers.RandomNormal(stddev=0.02)  # section 4; an initializer of its own for each layer


@NETWORKS.register("dcgan_generator")
def dcgan_generator(
    latent_dim: Count,
    image_shape: ImageShape,
    filters: Filters = (1024, 512, 256, 128),
    kernel_size: Count = 5,
    normalization: Normalization = "batch",
) -> keras.Model:
    """A projection of the latents, then transposed convolutions of stride 2, ReLU inside and tanh at the end.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        filters: of the feature maps before each doubling; the last doubling makes the image.
        kernel_size: pixels.
        normalization: "batch" as in the paper, "layer" or None.

    Returns:
        model from latents (n, latent_dim) to images (n, height, width, channels) in [-1, 1], float32.
    """
    height, width = base_shape(image_shape, len(filters), "dcgan_generator")
    biased = normalization is None
    x = inputs = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(height * width * filters[0], use_bias=biased, kernel_initializer=_normal())(x)
    x = layers.ReLU()(normalize(layers.Reshape((height, width, filters[0]))(x), normalization))
    for count in filters[1:]:
        x = layers.Conv2DTranspose(
            count, kernel_size, strides=2, padding="same", use_bias=biased, kernel_initializer=_normal()
        )(x)
        x = layers.ReLU()(normalize(x, normalization))
    x = layers.Conv2DTranspose(image_shape[-1], kernel_size, strides=2, padding="same", kernel_initializer=_normal())(x)
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32")(x))


@NETWORKS.register("dcgan_discriminator")
def dcgan_discriminator(
    image_shape: ImageShape,
    outputs: Count = 1,
    filters: Filters = (128, 256, 512, 1024),
    kernel_size: Count = 5,
    normalization: Normalization = "batch",
) -> keras.Model:
    """Convolutions of stride 2 with LeakyReLU, then one dense layer; without normalization it serves as a critic.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        outputs: integer, scores for each image.
        filters: of each level; a level halves the image.
        kernel_size: pixels.
        normalization: "batch" as in the paper, "layer" or None; not after the first convolution. A penalized critic
            must not have "batch", which makes the score of an image depend on its neighbors.

    Returns:
        model from images (n, height, width, channels) to scores (n, outputs) in float32.
    """
    base_shape(image_shape, len(filters), "dcgan_discriminator")
    x = inputs = keras.Input(image_shape, name="images")
    for level, count in enumerate(filters):
        chosen = normalization if level else None
        x = layers.Conv2D(
            count, kernel_size, strides=2, padding="same", use_bias=chosen is None, kernel_initializer=_normal()
        )(x)
        x = layers.LeakyReLU(0.2)(normalize(x, chosen))
    x = layers.Dense(outputs, kernel_initializer=_normal(), dtype="float32")(layers.Flatten()(x))
    return keras.Model(inputs, x)
