"""The residual generator and critic of WGAN-GP. Reference: Gulrajani et al. 2017, arXiv:1704.00028, appendix F."""

import functools
from typing import Any, Literal

import keras
from keras import layers

from keras_genzoo.networks.attention import check_attention, self_attention
from keras_genzoo.networks.blocks import Normalization, base_shape, check_spectral, linear
from keras_genzoo.networks.conditioning import Code, Conditioning, condition, normalized, score
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape

Tensor = Any


def _resample(x: Tensor, way: Literal["up", "down"]) -> Tensor:
    # Nearest neighbor and mean pooling have the second-order gradients that a penalty needs; resizing has none.
    return layers.UpSampling2D(2)(x) if way == "up" else layers.AveragePooling2D(2)(x)


def _convolution(count: int, kernel_size: int, spectral: bool = False) -> layers.Layer:
    return linear(layers.Conv2D, count, kernel_size, padding="same", kernel_initializer="he_uniform", spectral=spectral)


def _block(
    x: Tensor,
    count: int,
    way: Literal["up", "down"],
    normalization: Normalization,
    codes: tuple[Code, ...] = (),
    spectral: bool = False,
) -> Tensor:
    """A pre-activation residual block that halves or doubles its feature maps."""
    convolution = functools.partial(_convolution, spectral=spectral)
    inside = layers.ReLU()(normalized(x, normalization, codes))
    if way == "up":
        inside = convolution(count, 3)(_resample(inside, way))
        shortcut = convolution(count, 1)(_resample(x, way))
    else:
        inside = convolution(x.shape[-1], 3)(inside)
        shortcut = convolution(count, 1)(_resample(x, way))
    inside = convolution(count, 3)(layers.ReLU()(normalized(inside, normalization, codes)))
    return layers.Add()([shortcut, inside if way == "up" else _resample(inside, way)])


@NETWORKS.register("resnet_generator")
def resnet_generator(
    latent_dim: Count,
    image_shape: ImageShape,
    filters: Filters = (512, 256, 128, 64),
    normalization: Normalization = "batch",
    attention: Count | None = None,
    conditioning: Conditioning = (),
) -> keras.Model:
    """A projection of the latents, then residual blocks that each double the image.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        filters: of each block.
        normalization: "batch" as in the paper, "layer" or None.
        attention: integer, the height of the feature maps that get self-attention; None for none, as in the paper.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from latents (n, latent_dim) to images (n, height, width, channels) in [-1, 1], float32.
    """
    height, width = base_shape(image_shape, len(filters), "resnet_generator")
    check_attention(attention, [height * 2 ** (level + 1) for level in range(len(filters))], "resnet_generator")
    latents = keras.Input((latent_dim,), name="latents")
    inputs, x, codes = condition(latents, latents, conditioning)
    x = layers.Reshape((height, width, filters[0]))(layers.Dense(height * width * filters[0])(x))
    for count in filters:
        x = _block(x, count, "up", normalization, codes)
        if x.shape[1] == attention:
            x = self_attention(x, _convolution)
    x = layers.ReLU()(normalized(x, normalization, codes))
    return keras.Model(inputs, layers.Conv2D(image_shape[-1], 3, padding="same", activation="tanh", dtype="float32")(x))


@NETWORKS.register("resnet_critic")
def resnet_critic(
    image_shape: ImageShape,
    outputs: Count = 1,
    filters: Filters = (64, 128, 256, 512),
    normalization: Normalization = "layer",
    spectral: bool = False,
    attention: Count | None = None,
    conditioning: Conditioning = (),
) -> keras.Model:
    """A convolution, then residual blocks that each halve the image, then one dense layer.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`.
        outputs: integer, scores for each image.
        filters: of the first convolution and the blocks after it; the last block keeps the last number.
        normalization: "layer" as in the paper, or None.
        spectral: bool, whether to normalize all kernels spectrally, as Miyato et al. 2018 do, arXiv:1802.05957;
            `normalization` must be None then.
        attention: integer, the height of the feature maps that get self-attention; None for none, as in the paper.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to scores (n, outputs) in float32.
    """
    base_shape(image_shape, len(filters), "resnet_critic")
    check_spectral(spectral, normalization, "resnet_critic")
    check_attention(attention, [image_shape[0] // 2 ** (level + 1) for level in range(len(filters))], "resnet_critic")
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning, spectral)
    x = _convolution(filters[0], 3, spectral)(x)
    for count in (*filters[1:], filters[-1]):
        x = _block(x, count, "down", normalization, spectral=spectral)
        if x.shape[1] == attention:
            x = self_attention(x, functools.partial(_convolution, spectral=spectral))
    return keras.Model(inputs, score(x, outputs, codes, spectral))
