import random

import keras
import numpy as np
import pytest

from keras_genzoo.networks import budget
from keras_genzoo.networks.building import build_network
from keras_genzoo.registry import NETWORKS

SPEC = {"network": "conv_encoder", "filters": (4, 8)}
GIVEN = {"image_shape": (16, 16, 3), "outputs": 4}
POLICY = keras.DTypePolicy("float32")


def built(**changes):
    return build_network("encoder", {**SPEC, **changes}, GIVEN, POLICY)[0]


def dense():
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(2, name="dense")(inputs))


def test_weights_are_those_that_a_builder_makes_by_itself():
    keras.utils.set_random_seed(3)
    expected, after = NETWORKS["conv_encoder"](**GIVEN, filters=(4, 8)).get_weights(), random.random()
    keras.utils.set_random_seed(3)
    found = built().get_weights()
    assert random.random() == after
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_beyond_the_budget_is_refused_before_it_takes_memory():
    with (
        budget.at_most(10_000),
        pytest.raises(ValueError, match=r"^encoder: 17,600,000,564 parameters, but at most 10,000"),
    ):
        built(kernel_size=20_000)
    assert budget._waiting() == []
    assert built(kernel_size=2).count_params() == 740  # outside there is no limit, and nothing is left behind


def test_the_networks_of_a_model_share_the_budget():
    size = built().count_params()
    with budget.at_most(2 * size):
        built()
        built()
        with pytest.raises(ValueError, match="at most 0 more"):
            built()
    with budget.at_most(size):
        built()


def test_an_error_leaves_nothing_behind():
    with pytest.raises(ValueError, match="cannot be halved"):
        built(filters=(2,) * 9)
    with pytest.raises(RuntimeError, match="after"), budget.unallocated():
        dense()
        raise RuntimeError("after a layer was made")
    assert budget._waiting() == []
    assert dense().get_weights()[0].shape == (3, 2)


def test_what_is_assigned_while_a_network_is_built_is_not_lost():
    with budget.unallocated():
        network = dense()
        network.get_layer("dense").kernel.assign(np.full((3, 2), 7.0))
    np.testing.assert_array_equal(network.get_layer("dense").kernel, np.full((3, 2), 7.0))
    np.testing.assert_array_equal(network.get_layer("dense").bias, np.zeros(2))


def test_what_is_only_looked_at_takes_no_memory():
    with budget.unallocated(keep=False):
        inputs = keras.Input((10**6,))
        network = keras.Model(inputs, keras.layers.Dense(10**9)(inputs))
    assert network.count_params() == 10**15 + 10**9 and budget._waiting() == []


def test_scopes_may_be_nested():
    with budget.unallocated():
        network = built()
        assert budget._waiting()
    assert budget._waiting() == [] and len(network.get_weights()) == len(network.weights)
