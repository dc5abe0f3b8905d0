"""The networks of Karras et al. 2019, figure 1b."""

import numpy as np
import pytest
from keras import ops

from keras_genzoo.networks import budget
from keras_genzoo.networks.progressive import progressive_discriminator
from keras_genzoo.networks.style import sizes_of_layers, style_mapping, style_synthesis

RNG = np.random.default_rng(0)
FILTERS = (6, 4, 4)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def inputs(network, count=2):
    return [RNG.standard_normal((count, *part.shape[1:])).astype("float32") for part in network.inputs]


def test_the_paper_s_parameters_at_1024_pixels():
    """26.2 million: the authors' 26,219,627 count the layers to images of all sizes; here the last alone is left."""
    with budget.unallocated(keep=False):
        mapping, synthesis = style_mapping(512, 512), style_synthesis(512, (1024, 1024, 3))
        trained = sum(np.prod(w.shape) for network in (mapping, synthesis) for w in network.trainable_weights)
        discriminator = progressive_discriminator((1024, 1024, 3), blur=True).count_params()
    channels = [512, 512, 512, 512, 256, 128, 64, 32]  # of the sizes from 4 to 512 pixels
    assert trained == 26_219_627 - sum(3 * count + 3 for count in channels)
    assert round(discriminator / 1e6, 1) == 23.1
    assert synthesis.inputs[0].shape[1:] == (18, 512)


def test_layers_have_two_of_each_size():
    assert sizes_of_layers((16, 16, 3)) == (4, 4, 8, 8, 16, 16)


def test_w_has_the_mean_square_of_a_leaky_relu_s_output():
    """Equalized layers with a gain of sqrt(2) keep (1 + 0.2^2) / 2 * 2 of the mean square each, about 1."""
    w = array(style_mapping(64, 64)(RNG.standard_normal((500, 64)).astype("float32")))
    assert np.mean(w**2) == pytest.approx(1.04**8, rel=0.4)


def test_each_layer_has_its_own_style_and_noise():
    network = style_synthesis(5, (16, 16, 3), FILTERS)
    for layer in network.layers:
        if layer.name.startswith("noise_"):
            layer.set_weights([np.ones(layer.strength.shape)])
    styles, noise = inputs(network, 1)
    before, sizes, start = array(network([styles, noise])), sizes_of_layers((16, 16, 3)), 0
    for index, size in enumerate(sizes):
        other = styles.copy()
        other[:, index] += 1.0
        assert np.abs(array(network([other, noise])) - before).max() > 1e-3
        changed = noise.copy()
        changed[:, start] += 5.0  # the map's first pixel, above and on the left
        difference = np.abs(array(network([styles, changed])) - before).max(axis=(0, 3))
        assert difference[0, 0] > 1e-5
        if index == len(sizes) - 1:  # nothing but the style's statistics spreads it
            assert difference[0, 0] > 2 * difference[8:, 8:].max()
        start += size**2
    assert start == noise.shape[1]


@pytest.mark.parametrize("size", [8, 16])
def test_at_alpha_0_it_does_what_it_did_before(size):
    small = style_synthesis(5, (size // 2, size // 2, 3), FILTERS)
    network = style_synthesis(5, (size, size, 3), FILTERS, fade=True, earlier=small)
    styles, noise = inputs(network)
    before = array(small([styles[:, : small.inputs[0].shape[1]], noise[:, : small.inputs[1].shape[1]]]))
    np.testing.assert_allclose(array(network([styles, noise])), before.repeat(2, 1).repeat(2, 2), atol=1e-5)
    network.get_layer("fade").alpha.assign(1.0)
    plain = style_synthesis(5, (size, size, 3), FILTERS, earlier=network)
    np.testing.assert_allclose(array(plain([styles, noise])), array(network([styles, noise])), atol=1e-5)


@pytest.mark.parametrize("size", [8, 16])
def test_a_blurring_discriminator_at_alpha_0_does_what_it_did_before(size):
    small = progressive_discriminator((size // 2, size // 2, 3), filters=FILTERS, blur=True)
    network = progressive_discriminator((size, size, 3), filters=FILTERS, blur=True, fade=True, earlier=small)
    x = RNG.uniform(-1, 1, (4, size, size, 3)).astype("float32")
    halved = x.reshape(4, size // 2, 2, size // 2, 2, 3).mean((2, 4))
    np.testing.assert_allclose(array(network(x)), array(small(halved)), atol=1e-5)
