"""Invertible layers: each is its own inverse's inverse, and its log-determinant that of the Jacobian."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import backend
from keras_genzoo.layers.invertible import (
    ActNorm,
    Coupling,
    FlowBatchNorm,
    InvertibleConvolution,
    squeezed,
    unsqueezed,
)
from keras_genzoo.layers.multi_scale_flow import MultiScaleFlow
from keras_genzoo.networks.coupling_resnet import coupling_resnet

RNG = np.random.default_rng(0)
SHAPE = (4, 4, 3)


def network(shape, outputs):
    return coupling_resnet(shape, outputs, filters=4, blocks=1)


def coupling(checkerboard, flipped):
    stays = 3 if checkerboard else (2 if flipped else 1)
    return Coupling(network((4, 4, stays), 2 * (3 if checkerboard else 3 - stays)), 3, checkerboard, flipped)


LAYERS = {
    "checkerboard": lambda: coupling(True, False),
    "checkerboard flipped": lambda: coupling(True, True),
    "channels": lambda: coupling(False, False),
    "channels flipped": lambda: coupling(False, True),
    "batch": lambda: FlowBatchNorm(3),
    "act": lambda: ActNorm(3),
    "convolution": lambda: InvertibleConvolution(3),
    "flow": lambda: MultiScaleFlow(SHAPE, network, 2, 2, "masks", "batch"),
    "flow of convolutions": lambda: MultiScaleFlow(SHAPE, network, 2, 1, "convolution", "act"),
    "flow of one scale": lambda: MultiScaleFlow(SHAPE, network, 1, 1, "masks", None),
}


def moved(layer, size):
    """A layer away from its start."""
    for variable in layer.trainable_variables:
        variable.assign(variable + size * RNG.normal(size=variable.shape))
    for variable in layer.non_trainable_variables:
        if variable.name in ("mean", "first_mean", "first_log_scale"):
            variable.assign(size * RNG.normal(size=variable.shape))
        if variable.name == "variance":
            variable.assign(RNG.uniform(0.5, 2, variable.shape))
    return layer


@pytest.mark.parametrize("name", LAYERS)
def test_the_inverse_and_the_determinant(name):
    layer = moved(LAYERS[name](), 0.05 if "flow" in name else 0.3)  # errors of many layers multiply
    x = RNG.normal(size=(2, *SHAPE)).astype("float32")
    y, log_determinant = layer.forward(ops.convert_to_tensor(x))
    np.testing.assert_allclose(ops.convert_to_numpy(layer.inverse(y)), x, atol=2e-4)
    assert np.abs(ops.convert_to_numpy(y) - x.reshape(y.shape)).max() > 0.01

    def flat(x):
        return ops.reshape(layer.forward(ops.reshape(x, (-1, *SHAPE)))[0], (-1, 48))

    rows = [backend.input_gradient(lambda x, n=n: flat(x)[:, n], ops.convert_to_tensor(x), layer) for n in range(48)]
    jacobians = np.stack([ops.convert_to_numpy(row).reshape(2, 48) for row in rows], axis=1)
    expected = np.linalg.slogdet(jacobians.astype("float64"))[1]
    found = np.broadcast_to(ops.convert_to_numpy(log_determinant), (2,))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_squares_become_channels_and_back():
    x = np.arange(2 * 4 * 6 * 2, dtype="float32").reshape(2, 4, 6, 2)
    y = squeezed(x)
    assert y.shape == (2, 2, 3, 8)
    assert set(ops.convert_to_numpy(y[0, 0, 0])) == set(x[0, :2, :2].ravel())
    np.testing.assert_array_equal(unsqueezed(y), x)


def test_batch_normalization_takes_the_statistics_of_the_batch_in_training():
    layer, x = FlowBatchNorm(3), (3 + 2 * RNG.normal(size=(16, *SHAPE))).astype("float32")
    y, log_determinant = layer.forward(ops.convert_to_tensor(x), training=True)
    np.testing.assert_allclose(ops.convert_to_numpy(y).mean(axis=(0, 1, 2)), 0, atol=1e-4)
    assert float(log_determinant) == pytest.approx(-16 * np.log(x.std(axis=(0, 1, 2))).sum(), rel=1e-3)
    np.testing.assert_allclose(layer.mean, 0.01 * x.mean(axis=(0, 1, 2)), rtol=1e-3)


def test_actnorm_begins_with_the_statistics_of_the_first_batch_and_keeps_them():
    layer, x = ActNorm(3), (3 + 2 * RNG.normal(size=(16, *SHAPE))).astype("float32")
    y, _ = layer.forward(ops.convert_to_tensor(x), training=True)
    np.testing.assert_allclose(ops.convert_to_numpy(y).std(axis=(0, 1, 2)), 1, atol=1e-3)
    before = [np.array(weight) for weight in layer.weights]
    z, _ = layer.forward(ops.convert_to_tensor(x + 1), training=True)
    np.testing.assert_array_equal(before[0], layer.weights[0])
    np.testing.assert_allclose(ops.convert_to_numpy(z - y).mean(), np.mean(1 / x.std(axis=(0, 1, 2))), rtol=1e-2)
    np.testing.assert_allclose(layer.inverse(y), x, atol=1e-4)


def test_an_invertible_convolution_begins_as_a_rotation():
    keras.utils.set_random_seed(1)
    layer = InvertibleConvolution(5)
    kernel = ops.convert_to_numpy(layer.forward(ops.eye(5)[None, None])[0])[0, 0]
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(5), atol=1e-5)
    assert float(layer.forward(ops.zeros((1, 2, 2, 5)))[1]) == pytest.approx(0, abs=1e-4)
