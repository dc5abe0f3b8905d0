"""What the tests of run folders share: a tiny preset, and the state of a model."""

import keras
import numpy as np

PRESET = {
    "schema": 1,
    "model": "dcgan",
    "data": {"dataset": "drawn_faces", "batch_size": 4},
    "arguments": {
        "image_shape": [8, 8, 3],
        "latent_dim": 4,
        "ema_momentum": 0.9,
        "generator": {"network": "dcgan_generator", "filters": [8, 4]},
        "discriminator": {"network": "dcgan_discriminator", "filters": [4, 8]},
    },
    "fit": {"epochs": 3},
}
RECORD = {"preset": "tiny", "seed": 0, "jit": "auto"}


def state(model):
    variables = [*model.variables, *model.optimizer.variables, *model._seed_states()]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assert_same_state(a, b):
    for one, other in zip(state(a), state(b), strict=True):
        np.testing.assert_array_equal(one, other)
