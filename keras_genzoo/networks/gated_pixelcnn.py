"""Gated PixelCNN: numbers for each pixel that depend on the pixels before it alone, row by row.

Reference: van den Oord et al. 2016, arXiv:1606.05328, section 2 and figure 2.
"""

from typing import Any

import keras
from keras import layers

from keras_genzoo.networks.conditioning import Code, Conditioning, condition
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Blocks, Count, ImageShape, KernelSize, Momentum

Tensor = Any


@NETWORKS.register("gated_pixelcnn")
def gated_pixelcnn(
    image_shape: ImageShape,
    outputs: Count,
    filters: Count = 64,
    blocks: Blocks = 6,
    kernel: KernelSize = 3,
    dropout: Momentum = 0.0,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Two stacks of causal convolutions with gates: one of the rows above a pixel, one of the pixels left of it.

    Convolutions are causal by padding, so no weight is masked. Each block sees `kernel // 2` rows further up, and as
    many pixels further to the left.

    Args:
        image_shape: (height, width, channels) of images, or of maps of vectors that stand for codes.
        outputs: integer, numbers for each pixel.
        filters: integer, of each stack.
        blocks: integer, of both stacks.
        kernel: integer, odd, pixels along a side of the square whose upper half the rows above are seen by.
        dropout: float in [0, 1), the share of hidden numbers that is left out in training.
        conditioning: a label, which acts on the gates of every layer: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to (n, height, width, outputs) in float32.

    Raises:
        ValueError: the kernel is even.
    """
    if not kernel % 2:
        raise ValueError(f"gated_pixelcnn: kernel={kernel}, but an odd number is expected.")
    half = kernel // 2
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, images, conditioning)
    # A channel of ones, by which pixels beyond the border differ from pixels of value 0.
    ones = layers.Rescaling(0.0, offset=1.0)(x[..., :1])
    x = layers.Concatenate()([x, ones])

    def above(x: Tensor, count: int, shift: int = 0) -> Tensor:
        """Of the rows up to this one, or up to the one before."""
        x = layers.Cropping2D(((0, shift), (0, 0)))(x) if shift else x
        x = layers.ZeroPadding2D(((half + shift, 0), (half, half)))(x)
        return layers.Conv2D(count, (half + 1, kernel))(x)

    def left(x: Tensor, count: int, shift: int = 0) -> Tensor:
        """Of the pixels of this row up to this one, or up to the one before."""
        x = layers.Cropping2D(((0, 0), (0, shift)))(x) if shift else x
        x = layers.ZeroPadding2D(((0, 0), (half + shift, 0)))(x)
        return layers.Conv2D(count, (1, half + 1))(x)

    vertical = above(x, filters, 1)
    horizontal = layers.Add()([left(x, filters, 1), layers.Conv2D(filters, 1)(vertical)])
    for _ in range(blocks):
        inner = layers.Activation("elu")(vertical)
        vertical = layers.Add()([vertical, _gated(above(inner, 2 * filters), filters, codes)])
        inner = layers.Activation("elu")(vertical)
        beside = layers.Activation("elu")(horizontal)
        both = layers.Add()([left(beside, 2 * filters), layers.Conv2D(2 * filters, 1)(inner)])
        made = _gated(both, filters, codes)
        made = layers.Dropout(dropout)(made) if dropout else made
        horizontal = layers.Add()([horizontal, layers.Conv2D(filters, 1)(made)])
    x = layers.Activation("elu")(layers.Conv2D(filters, 1)(layers.Activation("elu")(horizontal)))
    small = keras.initializers.VarianceScaling(0.01)  # at first all pixels are predicted alike
    return keras.Model(inputs, layers.Conv2D(outputs, 1, kernel_initializer=small, dtype="float32")(x))


def _gated(x: Tensor, filters: int, codes: tuple[Code, ...]) -> Tensor:
    """Equation 2, and with a label equation 4."""
    for code in codes:
        added = layers.Dense(2 * filters, use_bias=False)(code.tensor)
        x = layers.Add()([x, layers.Reshape((1, 1, 2 * filters))(added)])
    value, gate = x[..., :filters], x[..., filters:]
    return layers.Multiply()([layers.Activation("tanh")(value), layers.Activation("sigmoid")(gate)])
