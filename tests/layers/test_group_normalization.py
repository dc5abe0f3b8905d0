"""Groups normalized as Keras does, and scaled and shifted by a condition."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.group_normalization import GroupNormalization

X = np.random.default_rng(0).normal(2.0, 3.0, (3, 4, 5, 12)).astype("float32")


@pytest.mark.parametrize(("groups", "used"), [(32, 3), (2, 2), (1, 1)])
def test_it_is_keras_own(groups, used):
    layer, reference = GroupNormalization(groups), keras.layers.GroupNormalization(used, epsilon=1e-5)
    found, expected = layer(X), reference(X)
    assert layer.used == used
    np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(expected), atol=1e-4)


def test_a_condition_scales_and_shifts_each_image():
    layer = GroupNormalization(3)
    plain = ops.convert_to_numpy(layer(X))
    condition = np.random.default_rng(1).normal(size=(3, 24)).astype("float32")
    found = ops.convert_to_numpy(layer([X, condition]))
    scale, shift = np.split(condition[:, None, None], 2, axis=-1)
    np.testing.assert_allclose(found, plain * (1 + scale) + shift, rtol=1e-3, atol=1e-4)
    assert GroupNormalization.from_config(layer.get_config()).groups == 3


def test_few_channels_are_one_group():
    assert ops.convert_to_numpy(GroupNormalization()(X[..., :2])).std() == pytest.approx(1.0, abs=0.01)
