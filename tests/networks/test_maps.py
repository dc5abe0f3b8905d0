import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.networks.maps import map_decoder, map_encoder
from keras_genzoo.networks.penultimate import penultimate_network

X = np.random.default_rng(0).uniform(-1, 1, (2, 16, 8, 3)).astype("float32")


def test_latents_are_feature_maps_of_the_smallest_size():
    encoder = map_encoder((16, 8, 3), 4 * 2 * 5, filters=(6, 7), blocks=2)
    decoder = map_decoder(4 * 2 * 5, (16, 8, 3), filters=(7, 6), blocks=2)
    assert encoder.output_shape == (None, 40) and decoder.output_shape == (None, 16, 8, 3)
    shapes = [layer.output.shape[1:] for layer in encoder.layers if isinstance(layer, layers.Conv2D)]
    assert shapes == [(8, 4, 6), (4, 2, 7), *[(4, 2, 7)] * 4, (4, 2, 5)]


def test_a_latent_stands_for_its_place_in_the_image():
    """A change in one corner of the image moves the latents of that corner alone, and the other way round."""
    size = 32
    encoder = map_encoder((size, size, 1), 16 * 16 * 2, filters=(4,), blocks=1)
    decoder = map_decoder(16 * 16 * 2, (size, size, 1), filters=(4,), blocks=1)
    random = np.random.default_rng(1)
    for network in (encoder, decoder):
        network.set_weights([0.5 * random.standard_normal(weight.shape) for weight in network.get_weights()])
    x = np.zeros((2, size, size, 1), "float32")
    x[1, :2, :2] = 1.0
    maps = ops.convert_to_numpy(encoder(x)).reshape(2, 16, 16, 2)
    moved = np.abs(maps[1] - maps[0]).max(axis=-1) > 1e-3  # not a rounding
    assert moved[0, 0] and not moved[8:].any() and not moved[:, 8:].any()
    z = np.zeros((2, 16, 16, 2), "float32")
    z[1, -1, -1] = 1.0
    images = ops.convert_to_numpy(decoder(z.reshape(2, -1)))
    moved = np.abs(images[1] - images[0]).max(axis=-1) > 1e-3  # not a rounding
    assert moved[-1, -1] and not moved[:16].any() and not moved[:, :16].any()


@pytest.mark.parametrize(("filters", "size"), [((6,), 8 * 4 * 12), ((6,), 8 * 4 * 13), ((6, 6), 4 * 2 * 48)])
def test_they_begin_as_a_copy_where_the_latents_can_hold_one(filters, size):
    encoder = map_encoder((16, 8, 3), size, filters=filters, blocks=2)
    decoder = map_decoder(size, (16, 8, 3), filters=filters, blocks=2)
    np.testing.assert_allclose(ops.convert_to_numpy(decoder(encoder(X))), X, atol=1e-6)
    limited = map_decoder(size, (16, 8, 3), "tanh", filters=filters, blocks=2)
    np.testing.assert_allclose(ops.convert_to_numpy(limited(encoder(X))), np.tanh(X), atol=1e-6)


@pytest.mark.slow
def test_all_of_a_network_learns():
    """After some steps no layer is as it was: zeros in the beginning do not stop the gradient for good."""
    keras.utils.set_random_seed(0)  # a layer as small as these can be dead from its draw on
    inputs = keras.Input((8, 8, 1))
    encoder = map_encoder((8, 8, 1), 16, filters=(3, 4), blocks=1)
    model = keras.Model(inputs, map_decoder(16, (8, 8, 1), filters=(4, 3), blocks=1)(encoder(inputs)))
    before = model.get_weights()
    model.compile("adam", "mse")
    x = np.random.default_rng(1).uniform(-1, 1, (8, 8, 8, 1)).astype("float32")
    model.fit(x, x, batch_size=8, epochs=4, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert (old != new).any()


@pytest.mark.parametrize(
    "build", [lambda size: map_encoder((16, 8, 3), size), lambda size: map_decoder(size, (16, 8, 3))]
)
def test_latents_must_be_whole_maps(build):
    with pytest.raises(ValueError, match=r"70 latents are no whole number of feature maps of 8 x 4: give 64 or 96 lat"):
        build(70)
    with pytest.raises(ValueError, match=r"7 latents are no whole number of feature maps of 8 x 4: give 32 latents"):
        build(7)


def test_parts_lie_behind_one_another():
    encoder = map_encoder((16, 8, 3), 2 * 8 * 4 * 5, filters=(4,), blocks=1, parts=2)
    before = encoder.layers[-3].input  # the maps, all channels together
    maps = ops.convert_to_numpy(keras.Model(encoder.input, before)(X))
    mean, log_var = np.split(ops.convert_to_numpy(encoder(X)), 2, axis=-1)
    np.testing.assert_array_equal(mean, maps[..., :5].reshape(2, -1))
    np.testing.assert_array_equal(log_var, maps[..., 5:].reshape(2, -1))
    with pytest.raises(ValueError, match="65 outputs are not 2 equal parts"):
        map_encoder((16, 8, 3), 65, parts=2)


def test_features_are_what_enters_the_last_convolution_and_not_the_shortcut_from_the_image():
    network = map_encoder((8, 8, 3), 2 * 2 * 4, filters=(4, 6), blocks=1)
    features = penultimate_network(network, "it")
    assert features.output.shape == (None, 2 * 2 * 6)
    assert len(features.weights) == len(network.weights) - 3  # the last convolution's two, and the shortcut's
