"""The residual translator of CycleGAN.

Reference: Zhu et al. 2017, arXiv:1703.10593, appendix 7.2, after Johnson et al. 2016, arXiv:1603.08155.
"""

from typing import Any

import keras
from keras import initializers, layers

from keras_genzoo.layers.reflection_padding import ReflectionPadding2D
from keras_genzoo.networks.blocks import Normalization, base_shape, normalize
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, ImageShape

Tensor = Any

_LARGE = 256  # pixels, from which on the paper has 9 blocks


def _convolution(x: Tensor, count: int, normalization: Normalization, **kwargs: Any) -> Tensor:
    """A convolution with a normalization; a kernel of 3 unless `kernel_size` is given."""
    arguments = {"kernel_size": 3, "use_bias": normalization is None, "kernel_initializer": _normal(), **kwargs}
    return normalize(layers.Conv2D(count, **arguments)(x), normalization)


def _normal() -> initializers.Initializer:
    return initializers.RandomNormal(stddev=0.02)  # appendix 7.1; an initializer of its own for each layer


def _block(x: Tensor, normalization: Normalization, name: str) -> Tensor:
    """A residual block that keeps the shape of its feature maps."""
    count = x.shape[-1]
    inside = layers.ReLU()(_convolution(ReflectionPadding2D(1)(x), count, normalization))
    inside = _convolution(ReflectionPadding2D(1)(inside), count, normalization)
    return layers.Add(name=name)([x, inside])


@NETWORKS.register("resnet_translator")
def resnet_translator(
    image_shape: ImageShape,
    target_shape: ImageShape,
    filters: Count = 64,
    blocks: Count | None = None,
    normalization: Normalization = "instance",
) -> keras.Model:
    """Two convolutions that halve the image, residual blocks, and two transposed convolutions that double it again.

    Its layers `down_1`, `down_2` and `block_1` to `block_N` are named, for losses of features.

    Args:
        image_shape: (height, width, channels), divisible by 4; so must be the images of other sizes that it may be
            given later.
        target_shape: (height, width, channels) of the translations: of the same height and width.
        filters: integer, of the first convolution: twice as many at half the size, and four times as many in the
            blocks.
        blocks: integer; None for 9 from 256 pixels on and 6 below, as in the paper.
        normalization: "instance" as in the paper, "batch", "layer" or None.

    Returns:
        model from images (n, height, width, channels) to images in [-1, 1], float32.
    """
    base_shape(image_shape, 2, "resnet_translator")
    images = keras.Input((None, None, image_shape[-1]), name="images")
    x = layers.ReLU()(_convolution(ReflectionPadding2D(3)(images), filters, normalization, kernel_size=7))
    for level in (1, 2):
        size, name = filters * 2**level, f"down_{level}"
        x = _convolution(x, size, normalization, strides=2, padding="same", name=name)
        x = layers.ReLU()(x)
    for number in range(blocks or (9 if min(image_shape[:2]) >= _LARGE else 6)):
        x = _block(x, normalization, f"block_{number + 1}")
    for size in (2 * filters, filters):
        x = layers.Conv2DTranspose(
            size, 3, strides=2, padding="same", use_bias=normalization is None, kernel_initializer=_normal()
        )(x)
        x = layers.ReLU()(normalize(x, normalization))
    # A convolution with its kernel turned by 180 degrees: TensorFlow's own, of 64 channels into 3, takes several times
    # as long on a CPU (forward and backward at 128 pixels: 4 times with oneDNN, 11 times without).
    x = layers.Conv2DTranspose(target_shape[-1], 7, padding="same", kernel_initializer=_normal())(
        ReflectionPadding2D(3)(x)
    )
    x = layers.Cropping2D(3)(x)
    return keras.Model(images, layers.Activation("tanh", dtype="float32")(x))
