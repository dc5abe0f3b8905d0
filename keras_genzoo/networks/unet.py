"""The U-Net of pix2pix. Reference: Isola et al. 2017, arXiv:1611.07004, sections 3.2.1 and 6.1.1."""

import math
from typing import Any

import keras
from keras import initializers, layers

from keras_genzoo.networks.blocks import Normalization, base_shape, normalize
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Filters, ImageShape, Momentum

Tensor = Any

_WITH_DROPOUT = 3  # levels: section 6.1.1


def _filters(image_shape: ImageShape) -> Filters:
    """64 filters, twice as many at each halving and 512 at most, as long as both sides halve: at 256 the paper's."""
    side, levels = math.gcd(*image_shape[:2]), 0
    while side % 2 == 0 and levels < 8:
        side, levels = side // 2, levels + 1
    return tuple(min(64 * 2**level, 512) for level in range(max(levels, 1)))


def _normal() -> initializers.Initializer:
    return initializers.RandomNormal(stddev=0.02)  # section 6.2; an initializer of its own for each layer


@NETWORKS.register("unet")
def unet(
    image_shape: ImageShape,
    target_shape: ImageShape,
    filters: Filters | None = None,
    normalization: Normalization = "batch",
    dropout: Momentum = 0.5,
) -> keras.Model:
    """Convolutions that halve the image down to a point, transposed ones back, and what was on the way beside them.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** len(filters)`; so must be the images of other sizes
            that it may be given later.
        target_shape: (height, width, channels) of the translations: of the same height and width.
        filters: of the first convolution, which halves the image, and of each one after it. None for 64, 128, 256 and
            512 from there on, as many as halve height and width without a rest, at most 8: at 256 x 256 the
            paper's.
        normalization: "batch" as in the paper, "instance", "layer" or None; not of the first and the smallest maps.
        dropout: float in [0, 1), the share of features that are dropped after each of the first three transposed
            convolutions: the only noise in the paper's generator.

    Returns:
        model from images (n, height, width, channels) to images in [-1, 1], float32.
    """
    filters = filters or _filters(image_shape)
    base_shape(image_shape, len(filters), "unet")
    images = keras.Input((None, None, image_shape[-1]), name="images")
    x, skips = images, []
    for level, count in enumerate(filters):
        # The smallest maps have a pixel a channel, which a normalization by instance would make 0.
        chosen = normalization if 0 < level < len(filters) - 1 else None
        x = layers.LeakyReLU(0.2)(x) if level else x
        x = layers.Conv2D(
            count,
            4,
            strides=2,
            padding="same",
            use_bias=chosen is None,
            kernel_initializer=_normal(),
            name=f"down_{level + 1}",
        )(x)
        x = normalize(x, chosen)
        skips.append(x)
    for level, count in enumerate(reversed(filters[:-1])):
        x = layers.ReLU()(x if not level else layers.Concatenate()([x, skips[-1 - level]]))
        x = layers.Conv2DTranspose(
            count, 4, strides=2, padding="same", use_bias=normalization is None, kernel_initializer=_normal()
        )(x)
        x = normalize(x, normalization)
        if dropout and level < _WITH_DROPOUT:
            x = layers.Dropout(dropout)(x)
    x = layers.ReLU()(x if len(filters) == 1 else layers.Concatenate()([x, skips[0]]))
    x = layers.Conv2DTranspose(target_shape[-1], 4, strides=2, padding="same", kernel_initializer=_normal())(x)
    return keras.Model(images, layers.Activation("tanh", dtype="float32")(x))
