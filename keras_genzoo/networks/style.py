"""The two networks of StyleGAN's generator: latents to styles, and styles to images.

Reference: Karras et al. 2019, arXiv:1812.04948, figure 1b.
"""

import itertools
from typing import Any

import keras
from keras import layers

from keras_genzoo.layers.blur import Blur
from keras_genzoo.layers.channel_bias import ChannelBias
from keras_genzoo.layers.constant import Constant
from keras_genzoo.layers.equalized import EqualizedConv2D, EqualizedDense
from keras_genzoo.layers.fade import Fade
from keras_genzoo.layers.pixel_normalization import PixelNormalization
from keras_genzoo.layers.running_mean import RunningMean
from keras_genzoo.layers.scaled_noise import ScaledNoise
from keras_genzoo.layers.style import Style
from keras_genzoo.networks.conditioning import Conditioning, condition
from keras_genzoo.networks.progressive import SMALLEST, filters_of, taking_over
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, Filters, ImageShape, Positive

Tensor = Any


def sizes_of_layers(image_shape: ImageShape) -> tuple[int, ...]:
    """The sides of the maps of each layer that takes a style and noise: two layers at each size from 4 pixels on."""
    size, sizes = SMALLEST, []
    while size <= image_shape[0]:
        sizes += [size, size]
        size *= 2
    return tuple(sizes)


@NETWORKS.register("style_mapping")
def style_mapping(
    latent_dim: Count,
    style_dim: Count,
    depth: Count = 8,
    rate: Positive = 0.01,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Normalized latents and dense layers: z to w. A label's learned numbers, normalized, stand behind the latents.

    Reference: labels: Karras et al. 2020, arXiv:2006.06676, whose code has them so.

    Args:
        latent_dim: integer, the length of a latent vector z.
        style_dim: integer, the length of w, and of what is between.
        depth: integer, dense layers.
        rate: float, by which their learning rate is multiplied.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from latents (n, latent_dim) to w (n, style_dim), float32; its layer `mean` keeps the running mean of w.
    """
    latents = keras.Input((latent_dim,), name="latents")
    inputs, x, codes = condition(latents, PixelNormalization()(latents), conditioning)
    if codes:
        embedded = [PixelNormalization()(EqualizedDense(style_dim, gain=1.0)(code.tensor)) for code in codes]
        x = layers.Concatenate()([x, *embedded])
    for number in range(depth):
        x = layers.LeakyReLU(0.2)(EqualizedDense(style_dim, rate=rate, name=f"dense_{number}")(x))
    return keras.Model(inputs, RunningMean(name="mean", dtype="float32")(x))


@NETWORKS.register("style_synthesis")
def style_synthesis(
    style_dim: Count,
    image_shape: ImageShape,
    filters: Filters | None = None,
    fade: bool = False,
    earlier: keras.Model | None = None,
) -> keras.Model:
    """A learned constant and two layers at each size, from 4 pixels on; noise and a style enter in each of them.

    A layer is a convolution (of the first one, the constant), noise, a bias, leaky ReLU and the style. Maps are
    enlarged by nearest neighbors before a convolution, and blurred after it.

    Args:
        style_dim: integer, the length of w.
        image_shape: (height, width, channels): a square whose side is a power of two.
        filters: of each level, from that of 4 pixels on; more than the image has levels are for later. None for the
            paper's: 512 up to 32 pixels, half as many at each size after it.
        fade: bool, whether the image is a mixture of this level's and of the enlarged one of the level before, by the
            weight `alpha` of the layer `fade`.
        earlier: the same network at half the size, whose layers it takes over.

    Returns:
        model from a list of styles (n, layers, style_dim) and noise (n or 1, values), the maps of all layers behind one
        another, to images (n, height, width, channels), float32, linear as in the paper.
    """
    filters = filters_of(filters, image_shape, "style_synthesis")
    layer = taking_over(earlier)
    sizes = sizes_of_layers(image_shape)
    ends = list(itertools.accumulate(size**2 for size in sizes))
    styles = keras.Input((len(sizes), style_dim), name="styles")
    noise = keras.Input((ends[-1],), name="noise")

    def styled(x: Tensor, index: int) -> Tensor:
        size, name = sizes[index], f"{sizes[index]}_{index % 2 + 1}"
        x = layer(ScaledNoise, name=f"noise_{name}")([x, noise[:, ends[index] - size**2 : ends[index]]])
        x = layers.LeakyReLU(0.2)(layer(ChannelBias, name=f"bias_{name}")(x))
        return layer(Style, name=f"style_{name}")([x, styles[:, index]])

    def convolution(x: Tensor, index: int, count: int) -> Tensor:
        name = f"convolution_{sizes[index]}_{index % 2 + 1}"
        return layer(EqualizedConv2D, count, 3, padding="same", use_bias=False, name=name)(x)

    def to_image(x: Tensor, size: int) -> Tensor:
        return layer(EqualizedConv2D, image_shape[-1], 1, gain=1.0, name=f"image_{size}")(x)

    x = before = styled(layer(Constant, (SMALLEST, SMALLEST, filters[0]), name="constant")(styles), 0)
    x = styled(convolution(x, 1, filters[0]), 1)
    for level, count in enumerate(filters[1:], start=1):
        before = x
        x = styled(Blur()(convolution(layers.UpSampling2D(2)(x), 2 * level, count)), 2 * level)
        x = styled(convolution(x, 2 * level + 1, count), 2 * level + 1)
    images = to_image(x, sizes[-1])
    if fade and len(filters) > 1:
        images = Fade(name="fade")([layers.UpSampling2D(2)(to_image(before, sizes[-1] // 2)), images])
    return keras.Model([styles, noise], layers.Activation("linear", dtype="float32")(images))
