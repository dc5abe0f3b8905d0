"""Transformer: numbers for each place of a map that depend on all places. Reference: Vaswani et al. 2017,
arXiv:1706.03762; normalization before each layer: Xiong et al. 2020, arXiv:2002.04745."""

import keras
from keras import initializers, layers

from keras_genzoo.layers.place_embedding import PlaceEmbedding
from keras_genzoo.networks.conditioning import Conditioning, condition
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Blocks, Count, Heads, ImageShape, Momentum


@NETWORKS.register("transformer")
def transformer(
    image_shape: ImageShape,
    outputs: Count,
    units: Count = 192,
    blocks: Blocks = 6,
    heads: Heads = 6,
    dropout: Momentum = 0.1,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Blocks of self-attention and two dense layers on the places of a map, each with a learned embedding.

    Its time grows with the square of the number of places: use it for maps of codes, not of pixels.

    Args:
        image_shape: (height, width, channels) of maps of vectors.
        outputs: integer, numbers for each place.
        units: integer, numbers for each place within; `heads` divides it.
        blocks: integer.
        heads: integer, of the attention.
        dropout: float in [0, 1), the share of numbers left out in training, behind attention and dense layers.
        conditioning: a label, which is added to every place: see `networks.conditioning`.

    Returns:
        model from maps (n, height, width, channels) to (n, height, width, outputs) in float32.

    Raises:
        ValueError: the heads do not divide the units.
    """
    if units % heads:
        raise ValueError(f"transformer: units={units} do not divide into heads={heads}: give a multiple.")
    height, width, _ = image_shape
    normal = initializers.TruncatedNormal(stddev=0.02)  # BERT's, and MaskGIT's
    maps = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(maps, maps, conditioning)
    x = layers.Dense(units, kernel_initializer=normal)(layers.Reshape((height * width, x.shape[-1]))(x))
    x = PlaceEmbedding()(x)
    for code in codes:
        added = layers.Dense(units, kernel_initializer=normal, use_bias=False)(code.tensor)
        x = layers.Add()([x, layers.Reshape((1, units))(added)])
    for _ in range(blocks):
        inner = layers.LayerNormalization(epsilon=1e-6)(x)
        attended = layers.MultiHeadAttention(heads, units // heads, kernel_initializer=normal)(inner, inner)
        x = layers.Add()([x, layers.Dropout(dropout)(attended)])
        inner = layers.LayerNormalization(epsilon=1e-6)(x)
        inner = layers.Dense(4 * units, activation="gelu", kernel_initializer=normal)(inner)
        inner = layers.Dense(units, kernel_initializer=normal)(inner)
        x = layers.Add()([x, layers.Dropout(dropout)(inner)])
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.Dense(outputs, kernel_initializer=normal, dtype="float32")(x)
    return keras.Model(inputs, layers.Reshape((height, width, outputs), dtype="float32")(x))
