"""The network of a flow's couplings. Reference: Dinh et al. 2017, arXiv:1605.08803, section 4.1."""

import keras
from keras import layers

from keras_genzoo.networks.conditioning import Conditioning, condition
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Blocks, Count, ImageShape


@NETWORKS.register("coupling_resnet")
def coupling_resnet(
    image_shape: ImageShape, outputs: Count, filters: Count = 32, blocks: Blocks = 2, conditioning: Conditioning = ()
) -> keras.Model:
    """Residual blocks of convolutions on maps, whose last layer begins at zero: a coupling begins as the identity.

    Args:
        image_shape: (height, width, channels) of the maps.
        outputs: integer, numbers for each place.
        filters: integer, of each block.
        blocks: integer.
        conditioning: what the network is given beside its main input: see `networks.conditioning`.

    Returns:
        model from maps (n, height, width, channels) to (n, height, width, outputs) in float32.
    """
    maps = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(maps, maps, conditioning)
    x = layers.Conv2D(filters, 3, padding="same")(x)
    for code in codes:
        x = layers.Add()([x, layers.Reshape((1, 1, filters))(layers.Dense(filters, use_bias=False)(code.tensor))])
    for _ in range(blocks):
        inner = layers.Conv2D(filters, 3, padding="same")(layers.Activation("relu")(x))
        inner = layers.Conv2D(filters, 1)(layers.Activation("relu")(inner))
        x = layers.Add()([x, inner])
    x = layers.Activation("relu")(x)
    last = layers.Conv2D(outputs, 3, padding="same", kernel_initializer="zeros", dtype="float32")
    return keras.Model(inputs, last(x))
