"""StyleGAN2's networks: a synthesis network of skips, and a residual discriminator.

Reference: Karras et al. 2020, arXiv:1912.04958, sections 2 and 4.1, and figures 2 and 7.
"""

import itertools
import math
from typing import Any

import keras
from keras import layers

from keras_genzoo.layers.blur import Blur
from keras_genzoo.layers.channel_bias import ChannelBias
from keras_genzoo.layers.constant import Constant
from keras_genzoo.layers.equalized import EqualizedConv2D, EqualizedDense
from keras_genzoo.layers.minibatch_deviation import MinibatchDeviation
from keras_genzoo.layers.modulated_convolution import ModulatedConv2D
from keras_genzoo.layers.pixel_normalization import PixelNormalization
from keras_genzoo.layers.scaled_noise import ScaledNoise
from keras_genzoo.networks.conditioning import Code, Conditioning, condition
from keras_genzoo.networks.progressive import SMALLEST, filters_of
from keras_genzoo.networks.style import sizes_of_layers
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape

Tensor = Any

_GAIN = math.sqrt(2.0)  # of a leaky ReLU
_LABEL_LAYERS = 8  # of the discriminator's network of labels, which learns as slowly as the mapping
_LABEL_RATE = 0.01


def _activated(x: Tensor, gain: float = _GAIN) -> Tensor:
    return layers.Rescaling(gain)(layers.LeakyReLU(0.2)(x))


def _filters(filters: Filters | None, image_shape: ImageShape, network: str) -> Filters:
    """Of None the paper's "config F": 512 up to 64 pixels, half as many at each size after it."""
    levels = len(filters_of(None, image_shape, network))
    return filters_of(
        filters or tuple(min(512, 2**15 // 2**level) for level in range(2, 2 + levels)), image_shape, network
    )


@NETWORKS.register("skip_synthesis")
def skip_synthesis(style_dim: Count, image_shape: ImageShape, filters: Filters | None = None) -> keras.Model:
    """A learned constant and modulated convolutions; the image is the sum of images of all sizes, each enlarged.

    The constant's size has one convolution, each later one two, the first of which doubles the maps. A style enters as
    the scale of weights, then come noise, a bias and leaky ReLU.

    Args:
        style_dim: integer, the length of w.
        image_shape: (height, width, channels): a square whose side is a power of two.
        filters: of each level, from that of 4 pixels on; more than the image has levels are for larger images. None for
            the paper's: 512 up to 64 pixels, half as many at each size after it.

    Returns:
        model from a list of styles (n, layers, style_dim) and noise (n or 1, values), the maps of all convolutions
        behind one another, to images (n, height, width, channels), float32, linear as in the paper.
    """
    filters = _filters(filters, image_shape, "skip_synthesis")
    sizes = sizes_of_layers(image_shape)[1:]  # of the constant there is one convolution
    ends = list(itertools.accumulate(size**2 for size in sizes))
    styles = keras.Input((len(sizes) + 1, style_dim), name="styles")
    noise = keras.Input((ends[-1],), name="noise")

    def convolved(x: Tensor, index: int, count: int, upsample: bool = False) -> Tensor:
        size, name = sizes[index], f"{sizes[index]}_{1 if upsample else 2}"
        x = ModulatedConv2D(count, 3, upsample=upsample, name=f"convolution_{name}")([x, styles[:, index]])
        if upsample:
            x = layers.Rescaling(4.0)(Blur(4, 1)(x))  # zeros lie between the pixels of a transposed convolution
        x = ScaledNoise(shared=True, name=f"noise_{name}")([x, noise[:, ends[index] - size**2 : ends[index]]])
        return _activated(ChannelBias(name=f"bias_{name}")(x))

    def to_image(x: Tensor, index: int) -> Tensor:
        name = f"image_{x.shape[1]}"
        image = ModulatedConv2D(image_shape[-1], 1, demodulate=False, name=name)([x, styles[:, index]])
        return ChannelBias(dtype="float32", name=f"{name}_bias")(image)

    constant = Constant((SMALLEST, SMALLEST, filters[0]), deviation=1.0, name="constant")(styles)
    x = convolved(constant, 0, filters[0])
    images = to_image(x, 1)
    for level, count in enumerate(filters[1:], start=1):
        x = convolved(x, 2 * level - 1, count, upsample=True)
        x = convolved(x, 2 * level, count)
        larger = Blur(dtype="float32")(layers.UpSampling2D(2, dtype="float32")(images))
        images = layers.Add(dtype="float32")([larger, to_image(x, 2 * level + 1)])
    return keras.Model([styles, noise], images)


@NETWORKS.register("residual_discriminator")
def residual_discriminator(
    image_shape: ImageShape,
    outputs: Count = 1,
    filters: Filters | None = None,
    group_size: Count = 4,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Residual blocks that halve the maps down to 4 pixels, the deviation in the minibatch, and two dense layers.

    Args:
        image_shape: (height, width, channels): a square whose side is a power of two.
        outputs: integer, scores for each image.
        filters: of each level, from that of 4 pixels on, as for `skip_synthesis`.
        group_size: integer, images of which the deviation is taken: see `MinibatchDeviation`.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`. With
            a label the score is its features times a function of the label, 8 dense layers.

    Returns:
        model from images (n, height, width, channels) to scores (n, outputs) in float32.
    """
    filters = _filters(filters, image_shape, "residual_discriminator")

    def linear(x: Tensor, count: int, size: int, **kwargs: Any) -> Tensor:
        return EqualizedConv2D(count, size, gain=1.0, **{"padding": "same", **kwargs})(x)

    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning)
    x = _activated(linear(x, filters[-1], 1))
    for level in reversed(range(1, len(filters))):
        skip = linear(layers.AveragePooling2D(2)(Blur()(x)), filters[level - 1], 1, use_bias=False)
        x = Blur(4, 2)(_activated(linear(x, filters[level], 3)))
        x = _activated(linear(x, filters[level - 1], 3, strides=2, padding="valid"), 1.0)  # sqrt(2) by sqrt(1 / 2)
        x = layers.Add()([x, layers.Rescaling(math.sqrt(0.5))(skip)])
    x = MinibatchDeviation(group_size)(x)
    x = _activated(linear(x, filters[0], 3))
    x = _activated(EqualizedDense(filters[0], gain=1.0)(layers.Flatten()(x)))
    if not codes:
        return keras.Model(inputs, EqualizedDense(outputs, gain=1.0, name="score", dtype="float32")(x))
    # A row for each score, whose product with the label's numbers is the score.
    rows = EqualizedDense(outputs * filters[0], gain=1.0, name="score", dtype="float32")(x)
    rows = layers.Reshape((outputs, filters[0]))(rows)
    scores = [layers.Dot((2, 1), dtype="float32")([rows, _label_numbers(code, filters[0])]) for code in codes]
    scores = scores[0] if len(scores) == 1 else layers.Add(dtype="float32")(scores)
    return keras.Model(inputs, layers.Rescaling(filters[0] ** -0.5, dtype="float32")(scores))


def _label_numbers(code: Code, count: int) -> Tensor:
    """What a label's features are multiplied by in the score: the authors' mapping network of labels."""
    x = PixelNormalization(dtype="float32")(EqualizedDense(count, gain=1.0, dtype="float32")(code.tensor))
    for _ in range(_LABEL_LAYERS):
        x = layers.LeakyReLU(0.2, dtype="float32")(EqualizedDense(count, rate=_LABEL_RATE, dtype="float32")(x))
    return x
