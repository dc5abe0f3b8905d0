import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.networks.convolutional import conv_decoder, conv_encoder


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_the_encoder_halves_the_image_at_each_level():
    network = conv_encoder((32, 16, 3), 10, filters=(4, 6))
    shapes = [layer.output.shape[1:] for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert shapes == [(16, 8, 4), (8, 4, 6)] and network.output_shape == (None, 10)
    assert trainable(network) == 16 * 3 * 4 + 2 * 4 + 16 * 4 * 6 + 2 * 6 + 8 * 4 * 6 * 10 + 10


def test_the_decoder_doubles_it():
    network = conv_decoder(10, (32, 16, 3), filters=(6, 4))
    shapes = [layer.output.shape[1:] for layer in network.layers if isinstance(layer, layers.Conv2DTranspose)]
    assert shapes == [(16, 8, 6), (32, 16, 4)] and network.output_shape == (None, 32, 16, 3)
    dense = 10 * 8 * 4 * 6 + 2 * 6
    assert trainable(network) == dense + 16 * 6 * 6 + 2 * 6 + 16 * 6 * 4 + 2 * 4 + 9 * 4 * 3 + 3


@pytest.mark.parametrize(("normalization", "biases"), [("batch", 1), ("layer", 1), (None, 4)])
def test_layers_before_a_normalization_need_no_bias(normalization, biases):
    network = conv_decoder(4, (8, 8, 1), filters=(4, 4), normalization=normalization)
    assert sum(variable.name == "bias" for variable in network.trainable_variables) == biases


def test_images_are_bounded_and_logits_are_not():
    z = 1000 * np.random.default_rng(0).standard_normal((4, 5))
    images = conv_decoder(5, (8, 8, 1), filters=(4, 4), normalization=None)(z)
    logits = conv_decoder(5, (8, 8, 1), "linear", filters=(4, 4), normalization=None)(z)
    assert np.abs(ops.convert_to_numpy(images)).max() <= 1 < np.abs(ops.convert_to_numpy(logits)).max()


def test_sizes_must_be_divisible():
    for build in (lambda: conv_encoder((24, 24, 3), 8), lambda: conv_decoder(8, (24, 24, 3))):
        with pytest.raises(ValueError, match=r"of 24 x 24 pixels cannot be halved 4 times.*a size that 16 divides"):
            build()
