"""Miyato et al. 2018, algorithm 1, against a singular value decomposition."""

import types

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import backend
from keras_genzoo.layers.spectral_normalization import SpectralNormalization

X = np.random.default_rng(0).standard_normal((3, 5, 5, 2)).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def largest(kernel):
    return np.linalg.svd(array(kernel).reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def converged(layer, x, calls=100):
    for _ in range(calls):
        layer(x, training=True)
    return layer


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.mark.parametrize("kind", [lambda: layers.Dense(4, use_bias=False), lambda: layers.Conv2D(4, 3, use_bias=False)])
def test_it_divides_by_the_largest_singular_value(kind):
    layer = converged(SpectralNormalization(kind(), use_bias=False), X)
    np.testing.assert_allclose(
        array(layer(X)), array(layer.layer(X)) / largest(layer.layer.kernel), rtol=1e-4, atol=1e-6
    )


def test_the_bias_is_not_divided():
    layer = SpectralNormalization(layers.Dense(4, use_bias=False))
    plain = array(layer(X))
    layer.bias.assign(np.arange(4.0))
    np.testing.assert_allclose(array(layer(X)), plain + np.arange(4), atol=1e-5)


def test_one_step_of_power_iteration_a_call_in_training_alone():
    layer = SpectralNormalization(layers.Dense(4, use_bias=False))
    layer.build(X.shape)
    kernel, u = array(layer.layer.kernel), array(layer.u)
    before = array(layer(X))
    np.testing.assert_array_equal(array(layer.u), u)
    v = kernel @ u / np.linalg.norm(kernel @ u)
    expected = kernel.T @ v / np.linalg.norm(kernel.T @ v)
    after = array(layer(X, training=True))
    np.testing.assert_allclose(array(layer.u), expected, atol=1e-6)
    np.testing.assert_allclose(after, X @ kernel / (v @ kernel @ expected), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(before, X @ kernel / (v @ kernel @ (u / np.linalg.norm(u))), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(array(layer.layer.kernel), kernel)  # what Keras' own layer changes


def test_the_gradient_goes_through_the_singular_value():
    """Equation 12, against differences of the kernel divided by its exact singular value."""
    x, weights = np.random.default_rng(1).standard_normal((2, 6, 4))
    layer = converged(SpectralNormalization(layers.Dense(4, use_bias=False), use_bias=False), x.astype("float32"))
    kernel = array(layer.layer.kernel).astype("float64")

    def exact(kernel):
        return (x @ kernel * weights).sum() / np.linalg.svd(kernel, compute_uv=False)[0]

    model = types.SimpleNamespace(variables=layer.variables, optimizer=types.SimpleNamespace(variables=[]))
    game = lambda: (ops.sum(layer(x.astype("float32")) * weights.astype("float32")), {})  # noqa: E731
    _, (found,), _ = backend.value_and_grad(game, layer.trainable_variables, model)
    expected = np.zeros(kernel.shape)
    for index in np.ndindex(kernel.shape):
        step = np.zeros(kernel.shape)
        step[index] = 1e-6
        expected[index] = (exact(kernel + step) - exact(kernel - step)) / 2e-6
    np.testing.assert_allclose(array(found), expected, rtol=1e-3, atol=1e-4)


def test_a_kernel_of_zeros_gives_zeros():
    layer = SpectralNormalization(layers.Dense(4, use_bias=False, kernel_initializer="zeros"))
    np.testing.assert_array_equal(array(layer(X, training=True)), 0.0)
    assert np.isfinite(array(layer.u)).all()


def test_half_precision():
    layer = SpectralNormalization(layers.Dense(4, use_bias=False, dtype="mixed_float16"), dtype="mixed_float16")
    output = converged(layer, X, 30)(X)
    assert keras.backend.standardize_dtype(output.dtype) == "float16"
    assert keras.backend.standardize_dtype(layer.u.dtype) == "float32"
    expected = X @ array(layer.layer.kernel) / largest(layer.layer.kernel)
    np.testing.assert_allclose(array(output).astype("float32"), expected, atol=1e-2)


def test_it_is_a_layer_of_a_functional_model():
    inputs = keras.Input((5, 5, 2))
    x = SpectralNormalization(layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False))(inputs)
    model = keras.Model(inputs, x)
    assert model.output_shape == (None, 3, 3, 4)
    assert [variable.name for variable in model.trainable_variables] == ["bias", "kernel"]
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    np.testing.assert_allclose(array(twin(X)), array(model(X)), atol=1e-6)


@pytest.mark.parametrize("layer", [lambda: layers.Dense(4), lambda: layers.Dense(4, use_bias=False, activation="relu")])
def test_what_it_refuses(layer):
    with pytest.raises(ValueError, match="has a bias or an activation, which must not be divided"):
        SpectralNormalization(layer())


@pytest.mark.parametrize("kind", [layers.Conv2DTranspose, layers.DepthwiseConv2D])
def test_kernels_of_which_the_last_axis_is_another(kind):
    layer = kind(4, 3, use_bias=False) if kind is layers.Conv2DTranspose else kind(3, use_bias=False)
    with pytest.raises(ValueError, match=f"{kind.__name__} is not taken: give a Dense or a Conv2D"):
        SpectralNormalization(layer)
