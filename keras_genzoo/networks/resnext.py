"""R3GAN's generator and discriminator: grouped residual blocks without normalization.

Reference: Huang et al. 2024, arXiv:2501.05441, section 4, configuration E.
"""

import math
from typing import Any

import keras
from keras import initializers, layers

from keras_genzoo.layers.blur import Blur
from keras_genzoo.layers.channel_bias import ChannelBias
from keras_genzoo.layers.grouped_convolution import GroupedConv2D
from keras_genzoo.layers.latent_basis import LatentBasis
from keras_genzoo.networks.conditioning import Conditioning, condition, embedded, score
from keras_genzoo.networks.progressive import SMALLEST, filters_of
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Blocks, Count, Filters, ImageShape

Tensor = Any

_GAIN = math.sqrt(2.0 / (1.0 + 0.2**2))  # of leaky ReLU with slope 0.2
_EXPANSION = 2  # of channels inside a block


def _he(gain: float = 1.0) -> initializers.Initializer:
    """Normal weights of deviation gain / sqrt(inputs)."""
    return initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")


def _default_filters(image_shape: ImageShape, network: str) -> Filters:
    """The authors' widths, three quarters of the paper's: 768 up to 32 pixels, half as many at each size after it."""
    return tuple(
        min(768, 768 * 32 // 2 ** (level + 2)) for level, _ in enumerate(filters_of(None, image_shape, network))
    )


def _widths(filters: Filters | None, image_shape: ImageShape, group_size: int, network: str) -> Filters:
    """The channels of each level, from 4 pixels on.

    Raises:
        ValueError: groups do not divide them, or there are too few.
    """
    widths = filters_of(filters or _default_filters(image_shape, network), image_shape, network)
    for count in widths:
        if _EXPANSION * count % group_size:
            raise ValueError(
                f"{network}: {count} filters are {_EXPANSION * count} inside a block, which groups of {group_size} do "
                "not divide: give filters that are multiples of half the group size."
            )
    return widths


def _block(x: Tensor, group_size: int, blocks: int) -> Tensor:
    """1 x 1, grouped 3 x 3, and 1 x 1 convolution, which begins at zero, beside the identity.

    Args:
        x: feature maps.
        group_size: integer, channels of a group.
        blocks: integer, of the whole network: the more, the smaller the weights begin (Zhang et al. 2019,
            arXiv:1901.09321).
    """
    count = x.shape[-1]
    inside, scale = _EXPANSION * count, _GAIN * blocks**-0.25
    y = layers.Conv2D(inside, 1, use_bias=False, kernel_initializer=_he(scale))(x)
    y = layers.LeakyReLU(0.2)(ChannelBias()(y))
    grouped = GroupedConv2D(
        inside, 3, padding="same", groups=inside // group_size, use_bias=False, kernel_initializer=_he(scale)
    )
    y = layers.LeakyReLU(0.2)(ChannelBias()(grouped(y)))
    return layers.Add()([x, layers.Conv2D(count, 1, use_bias=False, kernel_initializer="zeros")(y)])


def _linear(x: Tensor, count: int) -> Tensor:
    """A 1 x 1 convolution, where the number of channels changes."""
    return x if x.shape[-1] == count else layers.Conv2D(count, 1, use_bias=False, kernel_initializer=_he())(x)


@NETWORKS.register("resnext_generator")
def resnext_generator(
    latent_dim: Count,
    image_shape: ImageShape,
    filters: Filters | None = None,
    blocks: Blocks = 2,
    group_size: Count = 16,
    conditioning: Conditioning = (),
) -> keras.Model:
    """A learned 4 x 4 basis weighed by the latents, then residual blocks at each size.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels): a square whose side is a power of two.
        filters: of each level, from that of 4 pixels on; more than the image has levels are for larger images. None for
            the authors': 768 up to 32 pixels, half as many at each size after it.
        blocks: integer, at each level.
        group_size: integer, channels of a group of the 3 x 3 convolutions, which have twice the level's filters.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from latents (n, latent_dim) to images (n, height, width, channels), float32, linear as in the paper.
    """
    widths = _widths(filters, image_shape, group_size, "resnext_generator")
    latents = keras.Input((latent_dim,), name="latents")
    inputs, x, codes = condition(latents, latents, conditioning)
    if codes:  # they stand behind the latents: there are no normalizations whose scales they could be
        x = layers.Concatenate()([x, *(embedded(code.tensor, latent_dim, kernel_initializer=_he()) for code in codes)])
    x = LatentBasis((SMALLEST, SMALLEST, widths[0]))(x)
    for level, count in enumerate(widths):
        if level:
            x = Blur()(layers.UpSampling2D(2)(_linear(x, count)))
        for _ in range(blocks):
            x = _block(x, group_size, blocks * len(widths))
    images = layers.Conv2D(image_shape[-1], 1, use_bias=False, kernel_initializer=_he(), dtype="float32")(x)
    return keras.Model(inputs, images)


@NETWORKS.register("resnext_discriminator")
def resnext_discriminator(
    image_shape: ImageShape,
    outputs: Count = 1,
    filters: Filters | None = None,
    blocks: Blocks = 2,
    group_size: Count = 16,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Residual blocks at each size down to 4 pixels, then a 4 x 4 filter of each channel and a linear function.

    Args:
        image_shape: (height, width, channels): a square whose side is a power of two.
        outputs: integer, scores for each image.
        filters: of each level, from that of 4 pixels on, as for `resnext_generator`.
        blocks: integer, at each level.
        group_size: integer, channels of a group of the 3 x 3 convolutions.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to scores (n, outputs) in float32.
    """
    widths = _widths(filters, image_shape, group_size, "resnext_discriminator")
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning)
    x = layers.Conv2D(widths[-1], 1, use_bias=False, kernel_initializer=_he())(x)
    for level in reversed(range(len(widths))):
        for _ in range(blocks):
            x = _block(x, group_size, blocks * len(widths))
        if level:
            x = _linear(layers.AveragePooling2D(2)(Blur()(x)), widths[level - 1])
    x = layers.DepthwiseConv2D(
        SMALLEST, use_bias=False, depthwise_initializer=initializers.RandomNormal(stddev=1 / SMALLEST)
    )(x)
    return keras.Model(inputs, score(layers.Flatten()(x), outputs, codes, initializer=_he))
