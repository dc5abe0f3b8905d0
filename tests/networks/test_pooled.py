import itertools

import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.networks.penultimate import penultimate
from keras_genzoo.networks.pooled import pooled_discriminator

IMAGES = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 1)).astype("float32")


def test_the_paper_s_discriminator():
    """Table of the supplement, CIFAR-10: three convolutions of 96, three of 192, then 192 of 3, 1 and 1 pixels."""
    network = pooled_discriminator((32, 32, 3), 10)
    found = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert [(layer.output.shape[1], layer.filters, layer.kernel_size[0]) for layer in found] == [
        *((32, 96, 3), (32, 96, 3), (16, 96, 3), (16, 192, 3), (16, 192, 3), (8, 192, 3)),
        *((8, 192, 3), (8, 192, 1), (8, 192, 1)),
    ]
    widths = (3, 96, 96, 96, 192, 192, 192, 192)
    large = sum(9 * a * b + b for a, b in itertools.pairwise(widths))
    assert network.count_params() == large + 2 * (192 * 192 + 192) + 192 * 10 + 10
    assert [layer.rate for layer in network.layers if isinstance(layer, layers.Dropout)] == [0.2, 0.5, 0.5]
    assert penultimate(network).shape == (None, 192)


@pytest.mark.parametrize("argument", ["dropout", "noise"])
def test_dropout_and_noise_are_of_training_alone(argument):
    given = {"dropout": 0.0, "noise": 0.0, argument: 0.4}
    network = pooled_discriminator((8, 8, 1), 2, (4, 6), **given)
    once, again = (ops.convert_to_numpy(network(IMAGES, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 1e-4
    once, again = (ops.convert_to_numpy(network(IMAGES)) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_an_image_is_scored_alone():
    network = pooled_discriminator((8, 8, 1), 2, (4, 6), dropout=0.0)
    scores = ops.convert_to_numpy(network(IMAGES, training=True))
    np.testing.assert_allclose(ops.convert_to_numpy(network(IMAGES[:1], training=True)), scores[:1], atol=1e-6)


def test_sizes_must_be_divisible():
    with pytest.raises(ValueError, match=r"pooled_discriminator: .* cannot be halved 2 times"):
        pooled_discriminator((10, 8, 1))
