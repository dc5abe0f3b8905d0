"""Dense layers that denoise points. Reference: the residual blocks of He et al. 2016, arXiv:1512.03385, of vectors."""

import math

import keras
from keras import layers

from keras_genzoo.layers.fourier_features import FourierFeatures
from keras_genzoo.networks.conditioning import Conditioning, condition, normalized
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Blocks, Count, ImageShape, Octaves


@NETWORKS.register("mlp_denoiser")
def mlp_denoiser(
    image_shape: ImageShape,
    outputs: Count,
    units: Count = 128,
    blocks: Blocks = 3,
    octaves: Octaves = 0,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Residual blocks of two dense layers on flattened images, for points and very small images.

    Args:
        image_shape: (height, width, channels).
        outputs: integer, channels of the output.
        units: integer, of each layer.
        blocks: integer.
        octaves: integer, frequencies of the input's numbers that the network sees beside them, for data of fine detail:
            see `FourierFeatures`.
        conditioning: noise level and label: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to (n, height, width, outputs) in float32.
    """
    height, width, _ = image_shape
    images = keras.Input(image_shape, name="images")
    x = layers.Flatten()(images)
    inputs, x, codes = condition(images, FourierFeatures(octaves)(x) if octaves else x, conditioning)
    x = layers.Dense(units)(x)
    for _ in range(blocks):
        inner = layers.Dense(units)(layers.Activation("silu")(x))
        inner = layers.Activation("silu")(normalized(inner, None, codes))
        x = layers.Add()([x, layers.Dense(units)(inner)])
    x = layers.Dense(math.prod((height, width, outputs)), kernel_initializer="zeros", dtype="float32")(
        layers.Activation("silu")(x)
    )
    return keras.Model(inputs, layers.Reshape((height, width, outputs), dtype="float32")(x))
