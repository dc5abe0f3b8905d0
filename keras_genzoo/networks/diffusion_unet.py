"""The U-Net of diffusion models. Reference: Ho et al. 2020, arXiv:2006.11239, appendix B; scales and shifts, heads, and
attention at several sizes: Dhariwal & Nichol 2021, arXiv:2105.05233, section 3."""

from typing import Any

import keras
from keras import layers

from keras_genzoo.layers.gain import Gain
from keras_genzoo.layers.group_normalization import GroupNormalization
from keras_genzoo.networks.blocks import base_shape
from keras_genzoo.networks.conditioning import Code, Conditioning, condition
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Blocks, Count, Filters, Heights, ImageShape, Momentum

Tensor = Any


@NETWORKS.register("diffusion_unet")
def diffusion_unet(
    image_shape: ImageShape,
    outputs: Count,
    filters: Filters = (64, 128, 256),
    patch_size: Count = 1,
    blocks: Blocks = 2,
    attention: Heights = (8,),
    head_size: Count = 32,
    dropout: Momentum = 0.0,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Residual blocks at several sizes down and up again, what was on the way down beside what comes up.

    The last layer of each block, and of the network, begins at zero: at first it says 0 of every image.

    Args:
        image_shape: (height, width, channels), divisible by `2 ** (len(filters) - 1)` times `patch_size`.
        outputs: integer, channels of the output.
        filters: of the blocks at each size, from that of the image to the smallest.
        patch_size: integer, pixels along each side of a square that becomes one place of the largest feature maps: with
            2, and twice the filters, a step takes about half the time (Hoogeboom et al. 2023, arXiv:2301.11093,
            section 3.3).
        blocks: integer, at each size on the way down; one more on the way up.
        attention: heights of feature maps at which blocks are followed by self-attention; the middle one always is.
        head_size: integer, channels of each of its heads.
        dropout: float in [0, 1), of each block's features in training.
        conditioning: noise level and label, by scale and shift in every block: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to (n, height, width, outputs) in float32.

    Raises:
        ValueError: the image cannot be halved so often, or there are no feature maps of a height of `attention`.
    """
    height, width, _ = image_shape
    if height % patch_size or width % patch_size:
        raise ValueError(
            f"diffusion_unet: patches of {patch_size} pixels do not fit images of {height} x {width}: give a divisor "
            "of both."
        )
    rows, columns = height // patch_size, width // patch_size
    base_shape((rows, columns, 1), len(filters) - 1, "diffusion_unet")
    heights = [rows // 2**level for level in range(len(filters))]
    if unknown := [height for height in attention if height not in heights]:
        raise ValueError(
            f"diffusion_unet: attention at {unknown[0]}, but its feature maps have the heights "
            f"{', '.join(map(str, heights))}: choose among these."
        )
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning)
    code = _embedded(codes, 4 * filters[0])
    first = {"kernel_size": 3, "padding": "same"} if patch_size == 1 else {"kernel_size": patch_size}
    x = layers.Conv2D(filters[0], strides=patch_size, **first)(x)
    skips = [x]
    for level, count in enumerate(filters):
        for _ in range(blocks):
            x = _block(x, count, code, dropout)
            x = _attended(x, head_size) if heights[level] in attention else x
            skips.append(x)
        if level < len(filters) - 1:
            x = layers.Conv2D(count, 3, strides=2, padding="same")(x)
            skips.append(x)
    x = _block(_attended(_block(x, filters[-1], code, dropout), head_size), filters[-1], code, dropout)
    for level, count in reversed(list(enumerate(filters))):
        for _ in range(blocks + 1):
            x = _block(layers.Concatenate()([x, skips.pop()]), count, code, dropout)
            x = _attended(x, head_size) if heights[level] in attention else x
        if level:
            x = layers.Conv2D(count, 3, padding="same")(layers.UpSampling2D()(x))
    x = layers.Activation("silu")(GroupNormalization()(x))
    last = layers.Conv2D(patch_size**2 * outputs, 3, padding="same", kernel_initializer="zeros", dtype="float32")
    return keras.Model(inputs, unpatched(last(x), patch_size))


def unpatched(x: Tensor, patch_size: int) -> Tensor:
    """Images whose squares of so many pixels are the channels of maps, in float32."""
    if patch_size == 1:
        return x
    _, rows, columns, channels = x.shape
    outputs = channels // patch_size**2
    x = layers.Reshape((rows, columns, patch_size, patch_size, outputs), dtype="float32")(x)
    x = layers.Permute((1, 3, 2, 4, 5), dtype="float32")(x)
    return layers.Reshape((rows * patch_size, columns * patch_size, outputs), dtype="float32")(x)


def _embedded(codes: tuple[Code, ...], size: int) -> Tensor | None:
    """What acts on every block: the sum of the codes, each by a linear layer; None if there are none."""
    if not codes:
        return None
    parts = [layers.Dense(size, use_bias=number == 0)(code.tensor) for number, code in enumerate(codes)]
    return layers.Activation("silu")(parts[0] if len(parts) == 1 else layers.Add()(parts))


def _block(x: Tensor, filters: int, code: Tensor | None, dropout: float) -> Tensor:
    """Two convolutions beside the identity, or a 1 x 1 one where the filters change."""
    inner = layers.Activation("silu")(GroupNormalization()(x))
    inner = layers.Conv2D(filters, 3, padding="same")(inner)
    given = inner if code is None else [inner, layers.Dense(2 * filters, kernel_initializer="zeros")(code)]
    inner = layers.Activation("silu")(GroupNormalization()(given))
    inner = layers.Dropout(dropout)(inner) if dropout else inner
    inner = layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros")(inner)
    return layers.Add()([x if x.shape[-1] == filters else layers.Conv2D(filters, 1)(x), inner])


def _attended(x: Tensor, head_size: int) -> Tensor:
    """Self-attention between all places, beside the identity."""
    _, height, width, channels = x.shape
    heads = max(1, channels // head_size)
    places = layers.Reshape((height * width, channels))(GroupNormalization()(x))
    attended = layers.MultiHeadAttention(heads, channels // heads)(places, places)
    return layers.Add()([x, layers.Reshape((height, width, channels))(Gain()(attended))])
