"""What children need, imported once by the fork server; nothing here runs an operation.

It registers images of any size with all that a model may want as y, and a network that draws noise of its own.
"""

from typing import Annotated

import keras
import matplotlib.backends.backend_agg
import matplotlib.figure  # noqa: F401 - `losses.png` needs it
import numpy as np
from annotated_types import Ge
from keras import layers

import keras_genzoo.models  # registers them
import keras_genzoo.training  # noqa: F401
from keras_genzoo.artifacts.environment import commit
from keras_genzoo.data import ArraySource, Split
from keras_genzoo.registry import DATASETS, NETWORKS
from keras_genzoo.types import Count, ImageShape


@DATASETS.register("random_images")
def random_images(
    size: Count,
    channels: Count,
    num_images: Count,
    held_out: Annotated[int, Ge(0)],
    target_channels: Count | None = None,
) -> Split:
    def part(seed: int, count: int) -> ArraySource:
        rng = np.random.default_rng(seed)
        image, target = (
            rng.integers(0, 256, (count, size, size, depth), dtype="uint8")
            for depth in (channels, target_channels or channels)
        )
        return ArraySource(image, label=np.arange(count) % 2, target=target)

    return Split(part(0, num_images), part(1, held_out))


@NETWORKS.register("dropout_encoder")
def dropout_encoder(image_shape: ImageShape, outputs: Count) -> keras.Model:
    inputs = keras.Input(image_shape)
    x = layers.Dropout(0.5)(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(outputs, dtype="float32")(x))


commit()  # asks git once for all children
