"""The networks of Karras et al. 2020, in figures 2 and 7."""

import itertools

import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.modulated_convolution import ModulatedConv2D
from keras_genzoo.networks import budget
from keras_genzoo.networks.skip import residual_discriminator, skip_synthesis
from keras_genzoo.networks.style import style_mapping

RNG = np.random.default_rng(0)


def trained(*networks):
    return sum(int(np.prod(w.shape)) for network in networks for w in network.trainable_weights)


def test_the_paper_s_parameters_at_1024_pixels():
    """30.37 million of the generator, 29.01 million of the discriminator, as the authors' code prints them."""
    with budget.unallocated(keep=False):
        generator = trained(style_mapping(512, 512), skip_synthesis(512, (1024, 1024, 3)))
        discriminator = residual_discriminator((1024, 1024, 3)).count_params()
    assert generator == 30_370_060 and discriminator == 29_012_513


def test_the_paper_s_parameters_at_256_pixels():
    with budget.unallocated(keep=False):
        generator = trained(style_mapping(512, 512), skip_synthesis(512, (256, 256, 3)))
        discriminator = residual_discriminator((256, 256, 3)).count_params()
    assert round(generator / 1e6, 2) == 30.03 and round(discriminator / 1e6, 2) == 28.86


def test_styles_and_noise_are_of_each_convolution():
    network = skip_synthesis(5, (16, 16, 3), (6, 4, 4))
    assert [part.shape[1:] for part in network.inputs] == [(6, 5), (16 + 2 * 64 + 2 * 256,)]
    styles, noise = (RNG.standard_normal((1, *part.shape[1:])).astype("float32") for part in network.inputs)
    before = ops.convert_to_numpy(network([styles, noise]))
    for index in range(6):
        other = styles.copy()
        other[:, index] += 1.0
        assert np.abs(ops.convert_to_numpy(network([other, noise])) - before).max() > 1e-4


def test_maps_of_unit_variance_keep_it():
    """What the demodulation is for: at the beginning, whatever the styles."""
    network = skip_synthesis(64, (32, 32, 3), (64, 64, 64, 64))
    styles, noise = (RNG.standard_normal((8, *part.shape[1:])).astype("float32") for part in network.inputs)
    found = ops.convert_to_numpy(network([3 * styles, noise]))
    assert 0.5 < found.std() < 10


def test_a_block_s_halves_are_of_one_size():
    network = residual_discriminator((16, 16, 3), filters=(8, 6, 4))
    strided = [layer for layer in network.layers if isinstance(layer, layers.Conv2D) and layer.strides == (2, 2)]
    assert [layer.output.shape[1] for layer in strided] == [8, 4]
    x = RNG.uniform(-1, 1, (8, 16, 16, 3)).astype("float32")
    assert ops.convert_to_numpy(network(x)).shape == (8, 1)
    counts = [3 * 4 + 4]
    counts += [a * b + 9 * a * a + a + 9 * a * b + b for a, b in itertools.pairwise((4, 6, 8))]
    assert network.count_params() == sum(counts) + 9 * 9 * 8 + 8 + 16 * 8 * 8 + 8 + 8 + 1


def test_the_discriminator_s_variance_is_kept():
    network = residual_discriminator((32, 32, 3), filters=(64, 64, 64, 64))
    scores = ops.convert_to_numpy(network(RNG.standard_normal((32, 32, 32, 3)).astype("float32")))
    assert 0.05 < scores.std() < 5


def test_images_of_all_sizes_are_added():
    network = skip_synthesis(5, (8, 8, 1), (4, 4))
    for layer in network.layers:
        if isinstance(layer, ModulatedConv2D):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    network.get_layer("image_4_bias").set_weights([np.array([2.0])])
    network.get_layer("image_8_bias").set_weights([np.array([0.5])])
    styles, noise = (np.zeros((1, *part.shape[1:]), "float32") for part in network.inputs)
    found = ops.convert_to_numpy(network([styles, noise]))[0, ..., 0]
    np.testing.assert_allclose(found[1:-1, 1:-1], 2.5, atol=1e-5)
    assert found[0, 0] == pytest.approx(2 * 9 / 16 + 0.5)  # [1, 3, 3, 1] sees zeros beyond the corner
