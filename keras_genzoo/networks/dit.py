"""DiT: a transformer on patches. Reference: Peebles & Xie 2023, arXiv:2212.09748, section 3.2 (adaLN-Zero)."""

from typing import Any

import keras
from keras import layers

from keras_genzoo.layers.modulation import Gated, Modulated
from keras_genzoo.layers.place_embedding import PlaceEmbedding
from keras_genzoo.networks.conditioning import Conditioning, condition
from keras_genzoo.networks.diffusion_unet import unpatched
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Blocks, Count, Heads, ImageShape, Momentum

Tensor = Any


@NETWORKS.register("dit")
def dit(
    image_shape: ImageShape,
    outputs: Count,
    patch_size: Count = 2,
    units: Count = 192,
    blocks: Blocks = 6,
    heads: Heads = 3,
    dropout: Momentum = 0.0,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Blocks of self-attention and two dense layers on patches, scaled, shifted and gated by what they are given.

    Each block, and the network, begins at zero. The time of attention grows with the square of the number of patches.

    Args:
        image_shape: (height, width, channels), whose sides `patch_size` divides.
        outputs: integer, channels of the output.
        patch_size: integer, pixels along each side of a patch.
        units: integer, numbers for each patch within; `heads` divides it.
        blocks: integer.
        heads: integer, of the attention.
        dropout: float in [0, 1), the share of numbers left out in training, behind attention and dense layers.
        conditioning: noise level and label: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to (n, height, width, outputs) in float32.

    Raises:
        ValueError: the heads do not divide the units, or patches do not fit.
    """
    height, width, _ = image_shape
    if units % heads:
        raise ValueError(f"dit: units={units} do not divide into heads={heads}: give a multiple.")
    if height % patch_size or width % patch_size:
        raise ValueError(
            f"dit: patches of {patch_size} pixels do not fit images of {height} x {width}: give a divisor of both."
        )
    rows, columns = height // patch_size, width // patch_size
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning)
    x = layers.Conv2D(units, patch_size, strides=patch_size)(x)
    x = PlaceEmbedding()(layers.Reshape((rows * columns, units))(x))
    parts = [layers.Dense(units, use_bias=number == 0)(code.tensor) for number, code in enumerate(codes)]
    code = layers.Activation("silu")(parts[0] if len(parts) == 1 else layers.Add()(parts)) if parts else None

    def from_code(count: int) -> list[Tensor]:
        """Shifts, scales or gates, (n, units) each: 0 at first, or without anything given always."""
        return [] if code is None else [layers.Dense(units, kernel_initializer="zeros")(code) for _ in range(count)]

    def attended(x: Tensor) -> Tensor:
        return layers.MultiHeadAttention(heads, units // heads)(x, x)

    def dense(x: Tensor) -> Tensor:
        return layers.Dense(units)(layers.Dense(4 * units, activation="gelu")(x))

    for _ in range(blocks):
        for inner in (attended, dense):
            y = layers.LayerNormalization(epsilon=1e-6, center=False, scale=False)(x)
            y = inner(Modulated()([y, *from_code(2)]))
            y = layers.Dropout(dropout)(y) if dropout else y
            x = layers.Add()([x, Gated()([y, *from_code(1)])])
    x = layers.LayerNormalization(epsilon=1e-6, center=False, scale=False)(x)
    x = Modulated()([x, *from_code(2)])
    x = layers.Dense(patch_size**2 * outputs, kernel_initializer="zeros", dtype="float32")(x)
    x = layers.Reshape((rows, columns, patch_size**2 * outputs), dtype="float32")(x)
    return keras.Model(inputs, unpatched(x, patch_size))
