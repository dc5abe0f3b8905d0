"""Networks on maps whose numbers depend on earlier places alone, on all places, or begin at zero."""

import itertools

import keras
import numpy as np
import pytest

from keras_genzoo.networks.coupling_resnet import coupling_resnet
from keras_genzoo.networks.gated_pixelcnn import gated_pixelcnn
from keras_genzoo.networks.penultimate import penultimate, penultimate_network
from keras_genzoo.networks.transformer import transformer

RNG = np.random.default_rng(0)


def with_random_weights(network):
    for weight in network.weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.5)
    return network


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_pixel_depends_on_all_pixels_before_it_and_on_no_other(kernel):
    network = with_random_weights(gated_pixelcnn((4, 5, 2), 3, filters=4, blocks=3, kernel=kernel))
    x = RNG.normal(size=(1, 4, 5, 2)).astype("float32")
    places = list(itertools.product(range(4), range(5)))
    changed = np.repeat(x, 20, axis=0)
    for number, (row, column) in enumerate(places):
        changed[number, row, column] += 1.0
    moved = (np.abs(np.array(network(changed)) - np.array(network(x))).max(axis=-1) > 0).reshape(20, 20)
    np.testing.assert_array_equal(moved, np.triu(np.ones((20, 20), bool), 1))


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel=4, but an odd number"):
        gated_pixelcnn((4, 4, 1), 3, kernel=4)


def test_a_transformer_depends_on_all_places_and_on_their_order():
    network = with_random_weights(transformer((2, 3, 4), 5, units=8, blocks=1, heads=2))
    x = RNG.normal(size=(1, 2, 3, 4)).astype("float32")
    changed = x.copy()
    changed[0, 1, 2] += 1.0
    assert (np.abs(np.array(network(changed)) - np.array(network(x))).max(axis=-1) > 0).all()
    assert np.abs(np.array(network(x[:, ::-1])) - np.array(network(x))[:, ::-1]).max() > 1e-3
    with pytest.raises(ValueError, match="units=9 do not divide into heads=2"):
        transformer((2, 3, 4), 5, units=9, heads=2)


def test_a_coupling_begins_at_zero():
    x = RNG.normal(size=(2, 4, 4, 3)).astype("float32")
    assert not np.array(coupling_resnet((4, 4, 3), 6, filters=4)(x)).any()


class TestFeatures:
    def test_are_what_enters_the_last_layer(self):
        inputs = keras.Input((4, 4, 1))
        hidden = keras.layers.Dense(7)(keras.layers.Flatten()(inputs))
        network = keras.Model(inputs, keras.layers.Activation("tanh")(keras.layers.Dense(2)(hidden)))
        assert penultimate(network) is hidden
        features = penultimate_network(network, "x")
        assert features.output_shape == (None, 7)
        assert features.weights[0] is network.weights[0]

    def test_of_large_maps_are_averaged(self):
        inputs = keras.Input((64, 64, 3))
        network = keras.Model(inputs, keras.layers.Conv2D(1, 3)(keras.layers.Conv2D(8, 3, padding="same")(inputs)))
        assert penultimate_network(network, "x").output_shape == (None, 16 * 16 * 8)

    def test_of_a_network_with_labels_are_refused(self):
        inputs = [keras.Input((3,)), keras.Input((2,))]
        network = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(inputs)))
        with pytest.raises(ValueError, match=r"CGAN\.discriminator takes more than images"):
            penultimate_network(network, "CGAN.discriminator")
