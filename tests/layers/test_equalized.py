"""Equalized learning rate: outputs of the deviation that is asked for, and weights that are drawn from N(0, 1)."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.equalized import EqualizedConv2D, EqualizedDense

X = np.random.default_rng(0).standard_normal((5, 6, 6, 3)).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def test_a_convolution_is_one_with_a_scaled_kernel():
    layer = EqualizedConv2D(4, 3, gain=1.5, padding="same")
    found = array(layer(X))
    kernel, bias = layer.get_weights()
    plain = keras.layers.Conv2D(4, 3, padding="same")
    plain.build(X.shape)
    plain.set_weights([kernel * 1.5 / np.sqrt(3 * 3 * 3), bias])
    np.testing.assert_allclose(found, array(plain(X)), atol=1e-5)


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_a_dense_layer_in_closed_form(rate):
    layer = EqualizedDense(7, gain=1.5, rate=rate, activation="relu")
    layer.build((None, 3))
    kernel, _ = layer.get_weights()
    bias = np.arange(7.0)
    layer.set_weights([kernel, bias])
    expected = X[:, 0, 0] @ kernel * (1.5 * rate / np.sqrt(3)) + rate * bias
    np.testing.assert_allclose(array(layer(X[:, 0, 0])), np.maximum(expected, 0), atol=1e-5)


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_outputs_begin_with_the_deviation_of_the_gain(rate):
    layer = EqualizedDense(300, gain=2.0, rate=rate)
    x = np.random.default_rng(1).standard_normal((200, 400)).astype("float32")
    assert array(layer(x)).std() == pytest.approx(2.0, rel=0.03)
    assert layer.get_weights()[0].std() == pytest.approx(1 / rate, rel=0.02)


def test_a_step_of_adam_moves_an_output_by_the_rate():
    """By a hundredth where the rate is one: Adam's steps are of one size, whatever the gradients are."""
    moved = []
    for rate in (1.0, 0.01):
        keras.utils.set_random_seed(0)
        layer = EqualizedDense(1, rate=rate)
        layer.build((None, 3))
        before = array(layer(X[:, 0, 0]))
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.apply([ops.ones((3, 1)), ops.ones((1,))], [layer.kernel, layer.bias])
        moved.append(np.abs(array(layer(X[:, 0, 0])) - before).max())
    assert moved[1] == pytest.approx(0.01 * moved[0], rel=1e-3)


def test_config_and_weights_come_back():
    for layer in (EqualizedConv2D(2, 3, gain=1.0), EqualizedDense(2, gain=1.0, rate=0.1)):
        inputs = keras.Input((6, 6, 3))
        model = keras.Model(inputs, layer(inputs))
        twin = keras.models.clone_model(model)
        twin.set_weights(model.get_weights())
        np.testing.assert_array_equal(array(twin(X)), array(model(X)))
