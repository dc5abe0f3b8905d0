"""The networks of Liu et al. 2021, in figures 3 and 4."""

import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.gated_linear_unit import GatedLinearUnit
from keras_genzoo.networks.fastgan import fast_decoder, fast_discriminator, fast_generator

RNG = np.random.default_rng(0)


def test_the_generator_has_two_convolutions_at_every_second_size():
    network = fast_generator(8, (64, 64, 3), (12, 10, 8, 6, 4))
    gated = [layer.output.shape[1:] for layer in network.layers if isinstance(layer, GatedLinearUnit)]
    assert [shape[0] for shape in gated] == [4, 8, 8, 16, 32, 32, 64] and gated[1] == (8, 8, 10)
    images = ops.convert_to_numpy(network(RNG.standard_normal((2, 8)).astype("float32")))
    assert images.shape == (2, 64, 64, 3) and np.abs(images).max() <= 1


def test_small_maps_excite_large_ones():
    network = fast_generator(8, (128, 128, 3), (6, 5, 4, 4, 4, 4))
    multiplied = [layer for layer in network.layers if isinstance(layer, layers.Multiply)]
    assert [layer.output.shape[1] for layer in multiplied] == [32, 64, 128]
    pooled = [layer for layer in network.layers if isinstance(layer, layers.AveragePooling2D)]
    assert [layer.input.shape[1] for layer in pooled] == [4, 4, 8]


def test_the_discriminator_gives_scores_of_places_and_maps():
    network = fast_discriminator((128, 128, 3), filters=(6, 5, 4, 4, 4, 4))
    assert [part.shape[1:] for part in network.outputs] == [(5, 5, 1), (8, 8, 5), (16, 16, 4)]
    multiplied = [layer.output.shape[1] for layer in network.layers if isinstance(layer, layers.Multiply)]
    assert multiplied == [8]  # by the maps of 64 places, eight times as many


@pytest.mark.parametrize(("size", "decoded"), [(16, 16), (64, 64), (512, 128)])
def test_a_decoder_makes_images_of_at_most_128_pixels(size, decoded):
    network = fast_decoder((8, 8, 5), (size, size, 3), filters=2)
    assert network.output_shape == (None, decoded, decoded, 3)


@pytest.mark.parametrize("build", [lambda shape: fast_generator(8, shape), fast_discriminator])
def test_images_must_be_large_enough(build):
    with pytest.raises(ValueError, match="images of 16 pixels, but at least 32 are expected"):
        build((16, 16, 3))
