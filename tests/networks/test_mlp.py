import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.spectral_normalization import SpectralNormalization
from keras_genzoo.networks.mlp import mlp_decoder, mlp_encoder

X = np.random.default_rng(0).uniform(-1, 1, (3, 4, 2, 3)).astype("float32")


def units(network):
    return [layer.units for layer in network.layers if isinstance(layer, layers.Dense)]


def test_widths_and_shapes():
    encoder = mlp_encoder((4, 2, 3), 5, hidden=(7, 6))
    decoder = mlp_decoder(5, (4, 2, 3), hidden=(6, 7))
    assert units(encoder) == [7, 6, 5] and units(decoder) == [6, 7, 24]
    assert encoder.output_shape == (None, 5) and decoder.output_shape == (None, 4, 2, 3)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_it_computes_what_dense_layers_do(activation):
    network = mlp_encoder((4, 2, 3), 5, hidden=(7,), hidden_activation=activation)
    first, first_bias, second, second_bias = network.get_weights()
    hidden = X.reshape(3, -1) @ first + first_bias
    hidden = np.maximum(hidden, 0) if activation == "relu" else np.tanh(hidden)
    np.testing.assert_allclose(ops.convert_to_numpy(network(X)), hidden @ second + second_bias, atol=1e-5)


def test_without_hidden_layers_it_is_linear():
    encoder, decoder = mlp_encoder((4, 2, 3), 5, hidden=()), mlp_decoder(5, (4, 2, 3), "linear", hidden=())
    both = lambda x: ops.convert_to_numpy(decoder(encoder(x)))  # noqa: E731
    np.testing.assert_allclose(both(2 * X) - both(X), both(X) - both(0 * X), atol=1e-5)


def test_images_are_bounded_and_logits_are_not():
    z = 1000 * np.random.default_rng(0).standard_normal((4, 5))
    images, logits = (ops.convert_to_numpy(mlp_decoder(5, (4, 2, 3), one)(z)) for one in ("tanh", "linear"))
    assert np.abs(images).max() <= 1 < np.abs(logits).max()


def test_dropout_in_training_alone():
    network = mlp_encoder((4, 2, 3), 5, hidden=(50,), dropout=0.5)
    one, other = (ops.convert_to_numpy(network(X, training=True)) for _ in range(2))
    assert np.abs(one - other).max() > 0
    np.testing.assert_array_equal(ops.convert_to_numpy(network(X)), ops.convert_to_numpy(network(X)))


def test_hidden_layers_can_be_normalized():
    decoder = mlp_decoder(5, (4, 2, 3), hidden=(6, 7), normalization="batch")
    assert [variable.name for variable in decoder.trainable_variables] == ["kernel", "gamma", "beta"] * 2 + [
        "kernel",
        "bias",
    ]
    encoder = mlp_encoder((4, 2, 3), 5, hidden=(6, 7), spectral=True)
    assert [layer.layer.units for layer in encoder.layers if isinstance(layer, SpectralNormalization)] == [6, 7, 5]
