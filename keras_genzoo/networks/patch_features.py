"""The heads that CUT compares patches with. Reference: Park et al. 2020, arXiv:2007.15651, section 3."""

import keras
from keras import initializers, layers


def patch_features(channels: tuple[int, ...], units: int = 256) -> keras.Model:
    """Returns dense networks of two layers, one for each layer of a translator: H_l in the paper.

    Args:
        channels: of the features of each layer.
        units: integer, of both layers.

    Returns:
        model from a list of features of patches, (n, patches, channels) each, to a list of vectors of length 1,
        (n, patches, units) in float32.
    """
    given, made = [], []
    for number, count in enumerate(channels):
        features = keras.Input((None, count), name=f"features_{number}")
        x = layers.Dense(units, activation="relu", kernel_initializer=initializers.RandomNormal(stddev=0.02))(features)
        x = layers.Dense(units, kernel_initializer=initializers.RandomNormal(stddev=0.02), dtype="float32")(x)
        given.append(features)
        made.append(layers.UnitNormalization(axis=-1, dtype="float32")(x))
    return keras.Model(given, made, name="patch_features")
