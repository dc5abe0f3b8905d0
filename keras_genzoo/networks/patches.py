"""Discriminators that score patches, not images, and the patch of pixels that a score depends on.

Reference: Isola et al. 2017, arXiv:1611.07004, sections 3.2.2 and 6.1.2.
"""

from typing import Any, Literal

import keras
from keras import initializers, layers

from keras_genzoo.networks.blocks import Normalization, check_spectral, linear, normalize
from keras_genzoo.networks.conditioning import Conditioning, condition
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, ImageShape

Tensor = Any
ReceptiveField = Literal[1, 16, 34, 70, 142, 286]
_FIELDS: tuple[ReceptiveField, ...] = (16, 34, 70, 142, 286)  # of 1, 2, ... convolutions of stride 2


def receptive_field_of(network: keras.Model) -> int:
    """Returns the height of the square of pixels that one score of a network of convolutions depends on.

    Each convolution adds `(kernel - 1) * jump` pixels, where `jump` is the product of the strides before it. Those that
    lie beyond the image's border count as well.

    Args:
        network: model of convolutions in a row (and of layers that treat each pixel alone), such as
            `patch_discriminator`.

    Raises:
        ValueError: a layer mixes all pixels.
    """
    field, jump = 1, 1
    for layer in network.layers:
        if isinstance(layer, layers.Dense | layers.Flatten | layers.GlobalAveragePooling2D):
            raise ValueError(f"receptive_field_of: the layer '{layer.name}' of '{network.name}' mixes all pixels.")
        inner = getattr(layer, "layer", layer)  # within a spectral normalization
        if isinstance(inner, layers.Conv2D):
            field += (inner.kernel_size[0] - 1) * jump
            jump *= inner.strides[0]
    return field


@NETWORKS.register("patch_discriminator")
def patch_discriminator(
    image_shape: ImageShape,
    outputs: Count = 1,
    receptive_field: ReceptiveField | None = 70,
    filters: Count = 64,
    normalization: Normalization = "batch",
    spectral: bool = False,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Convolutions that score each patch of an image, real or generated: PatchGAN.

    A score is of a square of pixels; squares overlap. Small ones see textures alone, and have fewer parameters.

    Args:
        image_shape: (height, width, channels).
        outputs: integer, scores of a patch: 1.
        receptive_field: pixels along each side of a patch: 70 as in the paper, 16, 1 ("PixelGAN"), ... None for the
            smallest that covers the image ("ImageGAN").
        filters: integer, of the first convolution: twice as many at each one after it, at most 8 times as many.
        normalization: "batch" as in pix2pix, "instance" as in CycleGAN, "layer" or None; not after the first
            convolution.
        spectral: bool, whether to normalize all kernels spectrally, as Miyato et al. 2018 do, arXiv:1802.05957;
            `normalization` must be None then.
        conditioning: what the network is given beside its main input, an input each: an image, such as the input of a
            translation. See `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to scores (n, rows, columns, 1) in float32, one of each patch.

    Raises:
        ValueError: several outputs, or an image that is too small for such patches.
    """
    check_spectral(spectral, normalization, "patch_discriminator")
    if outputs != 1:
        raise ValueError(f"patch_discriminator: outputs={outputs}, but a patch has one score: take another network.")
    height, width, _ = image_shape
    if receptive_field is None:
        receptive_field = next((size for size in _FIELDS if size >= max(height, width)), _FIELDS[-1])
    levels = 0 if receptive_field == 1 else _FIELDS.index(receptive_field) + 1
    least = 2**levels * 3 if levels else 1  # both last convolutions leave one row less
    if min(height, width) < least:
        raise ValueError(
            f"patch_discriminator: patches of {receptive_field} pixels need images of {least} pixels at least, but "
            f"{height} x {width} are given: give a smaller receptive_field."
        )

    def convolution(x: Tensor, count: int, stride: int, chosen: Normalization) -> Tensor:
        size = 4 if levels else 1
        x = layers.ZeroPadding2D(1)(x) if levels else x
        kernel = initializers.RandomNormal(stddev=0.02)  # section 6.2
        bias = chosen is None
        x = linear(
            layers.Conv2D, count, size, strides=stride, kernel_initializer=kernel, use_bias=bias, spectral=spectral
        )(x)
        return layers.LeakyReLU(0.2)(normalize(x, chosen))

    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning, spectral)
    if codes:
        raise ValueError(
            "patch_discriminator: a label or a noise level cannot act on every layer: let a label enter as 'one_hot'."
        )
    for level in range(max(levels, 1)):
        x = convolution(x, filters * min(2**level, 8), 2 if levels else 1, normalization if level else None)
    x = convolution(x, filters * min(2 ** max(levels, 1), 8), 1, normalization)
    x = layers.ZeroPadding2D(1)(x) if levels else x
    last = initializers.RandomNormal(stddev=0.02)
    x = linear(layers.Conv2D, 1, 4 if levels else 1, kernel_initializer=last, spectral=spectral, dtype="float32")(x)
    return keras.Model(inputs, x)
