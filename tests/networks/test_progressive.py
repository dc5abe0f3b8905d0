"""The networks of Karras et al. 2018, table 2, and that they take over what they have learned."""

import re

import numpy as np
import pytest
from keras import ops

from keras_genzoo.networks import budget
from keras_genzoo.networks.progressive import progressive_discriminator, progressive_generator

RNG = np.random.default_rng(0)
FILTERS = (6, 4, 4)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def enlarged(images):
    return images.repeat(2, axis=1).repeat(2, axis=2)


def grown(size, fade):
    """Generator and discriminator of `size` pixels, grown from those of half the size; and these."""
    half = (size // 2, size // 2, 3)
    small = progressive_generator(5, half, FILTERS), progressive_discriminator(half, filters=FILTERS)
    generator = progressive_generator(5, (size, size, 3), FILTERS, fade=fade, earlier=small[0])
    return small, (generator, progressive_discriminator((size, size, 3), 1, FILTERS, fade=fade, earlier=small[1]))


def test_the_paper_s_parameters_at_1024_pixels():
    """Table 2: 23.1 million each."""
    with budget.unallocated(keep=False):
        generator, discriminator = (
            progressive_generator(512, (1024, 1024, 3)),
            progressive_discriminator((1024,) * 2 + (3,)),
        )
        counts = generator.count_params(), discriminator.count_params()
    assert [round(count / 1e6, 1) for count in counts] == [23.1, 23.1]
    maps = [layer.output.shape[1:] for layer in generator.layers if re.fullmatch(r"convolution_\d+_2", layer.name)]
    assert maps == [
        *((size, size, 512) for size in (8, 16, 32)),
        *((2**k, 2**k, 2 ** (14 - k)) for k in range(6, 11)),
    ]


@pytest.mark.parametrize("size", [8, 16])
def test_at_alpha_0_they_do_what_they_did_before(size):
    (small_generator, small_discriminator), (generator, discriminator) = grown(size, fade=True)
    z = RNG.standard_normal((4, 5)).astype("float32")
    np.testing.assert_allclose(array(generator(z)), enlarged(array(small_generator(z))), atol=1e-6)
    x = RNG.uniform(-1, 1, (4, size, size, 3)).astype("float32")
    halved = x.reshape(4, size // 2, 2, size // 2, 2, 3).mean((2, 4))
    np.testing.assert_allclose(array(discriminator(x)), array(small_discriminator(halved)), atol=1e-6)


@pytest.mark.parametrize("size", [8, 16])
def test_at_alpha_1_they_are_those_that_do_not_fade(size):
    _, fading = grown(size, fade=True)
    for network, x in zip(fading, (RNG.standard_normal((4, 5)), RNG.uniform(-1, 1, (4, size, size, 3))), strict=True):
        network.get_layer("fade").alpha.assign(1.0)
        if network is fading[0]:
            plain = progressive_generator(5, (size, size, 3), FILTERS, earlier=network)
        else:
            plain = progressive_discriminator((size, size, 3), 1, FILTERS, earlier=network)
        assert "fade" not in [layer.name for layer in plain.layers]
        np.testing.assert_allclose(array(plain(x.astype("float32"))), array(network(x.astype("float32"))), atol=1e-6)


def test_weights_are_shared_with_the_network_before():
    (small, _), (generator, _) = grown(8, fade=True)
    there = {id(weight) for weight in generator.weights}
    assert all(id(weight) in there for weight in small.weights)


def test_scores_know_of_the_other_images():
    _, (_, discriminator) = grown(8, fade=False)
    x = RNG.uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    assert np.abs(array(discriminator(x))[:1] - array(discriminator(x[:1]))).max() > 1e-4


def test_the_length_of_a_latent_does_not_count():
    _, (generator, _) = grown(8, fade=False)
    z = RNG.standard_normal((2, 5)).astype("float32")
    np.testing.assert_allclose(array(generator(3 * z)), array(generator(z)), atol=1e-5)


@pytest.mark.parametrize(
    "network", [lambda *args, **kwargs: progressive_generator(4, *args, **kwargs), progressive_discriminator]
)
def test_images_that_do_not_fit_are_refused(network):
    with pytest.raises(ValueError, match=r"12 x 12 pixels, but squares are expected.*a power of two"):
        network((12, 12, 3))
    with pytest.raises(ValueError, match="2 filters, but images of 16 pixels have 3 levels"):
        network((16, 16, 3), filters=(4, 4))
