"""The networks of Radford et al. 2016."""

import itertools

import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.spectral_normalization import SpectralNormalization
from keras_genzoo.networks import budget
from keras_genzoo.networks.dcgan import dcgan_discriminator, dcgan_generator


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_the_paper_s_generator():
    """Figure 1: 100 latents, 4 x 4 x 1024, then 512, 256 and 128 feature maps, then 64 x 64 x 3."""
    network = dcgan_generator(100, (64, 64, 3))
    shapes = [layer.output.shape[1:] for layer in network.layers if isinstance(layer, layers.Conv2DTranspose)]
    assert shapes == [(8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 3)]
    projection = 100 * 4 * 4 * 1024 + 2 * 1024  # no bias before a batch normalization, which has two a channel
    middle = sum(5 * 5 * a * b + 2 * b for a, b in itertools.pairwise((1024, 512, 256, 128)))
    assert trainable(network) == projection + middle + 5 * 5 * 128 * 3 + 3


def test_the_paper_s_discriminator():
    network = dcgan_discriminator((64, 64, 3))
    shapes = [layer.output.shape[1:] for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert shapes == [(32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 1024)]
    first = 5 * 5 * 3 * 128 + 128  # a bias and no normalization
    middle = sum(5 * 5 * a * b + 2 * b for a, b in itertools.pairwise((128, 256, 512, 1024)))
    assert trainable(network) == first + middle + 4 * 4 * 1024 + 1
    slopes = [layer.negative_slope for layer in network.layers if isinstance(layer, layers.LeakyReLU)]
    assert slopes == pytest.approx([0.2] * 4)


def test_weights_begin_normal_with_deviation_002_each_drawn_anew():
    for network in (dcgan_generator(10, (16, 16, 3), (64, 64)), dcgan_discriminator((16, 16, 3), filters=(64, 64))):
        kernels = [ops.convert_to_numpy(v) for v in network.trainable_variables if v.name == "kernel"]
        assert [kernel.std() for kernel in kernels] == pytest.approx([0.02] * len(kernels), rel=0.1)
        assert len({kernel.ravel()[:8].tobytes() for kernel in kernels}) == len(kernels)


def test_images_lie_between_minus_one_and_one():
    network = dcgan_generator(4, (8, 8, 3), (8, 4), normalization=None)
    network.set_weights([100 * weight for weight in network.get_weights()])
    images = ops.convert_to_numpy(network(np.random.default_rng(0).standard_normal((5, 4))))
    assert images.shape == (5, 8, 8, 3) and images.min() < -0.99 and images.max() > 0.99
    assert np.abs(images).max() <= 1


@pytest.mark.parametrize("normalization", ["layer", None])
def test_a_critic_scores_an_image_alone(normalization):
    network = dcgan_discriminator((8, 8, 1), outputs=2, filters=(4, 8), normalization=normalization)
    x = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 1)).astype("float32")
    scores = ops.convert_to_numpy(network(x, training=True))
    assert scores.shape == (6, 2)
    np.testing.assert_allclose(ops.convert_to_numpy(network(x[:1], training=True)), scores[:1], atol=1e-6)


def test_sizes_need_not_be_square_but_divisible():
    assert dcgan_generator(4, (8, 12, 1), (8, 4)).output_shape == (None, 8, 12, 1)
    message = "an image of 10 x 8 pixels cannot be halved 2 times.*give fewer filters, or a size that 4 divides"
    with pytest.raises(ValueError, match=f"dcgan_generator: {message}"):
        dcgan_generator(4, (10, 8, 1), (8, 4))
    with pytest.raises(ValueError, match=f"dcgan_discriminator: {message}"):
        dcgan_discriminator((10, 8, 1), filters=(8, 4))


@pytest.mark.parametrize(("side", "filters"), [(16, (1024, 512)), (64, (1024, 512, 256, 128))])
def test_filters_follow_from_the_size(side, filters):
    with budget.unallocated(keep=False):
        generator, discriminator = dcgan_generator(100, (side, side, 3)), dcgan_discriminator((side, side, 3))
    up = [layer.input.shape[1:] for layer in generator.layers if isinstance(layer, layers.Conv2DTranspose)]
    down = [layer.output.shape[1:] for layer in discriminator.layers if isinstance(layer, layers.Conv2D)]
    assert up == down[::-1] == [(4 * 2**level, 4 * 2**level, count) for level, count in enumerate(filters)]


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (128, 128), (256, 256), (24, 48)])
def test_other_sizes_need_no_filters_either(size):
    with budget.unallocated(keep=False):
        assert dcgan_generator(100, (*size, 1)).output_shape == (None, *size, 1)
        assert dcgan_discriminator((*size, 1)).output_shape == (None, 1)


def test_all_kernels_can_be_normalized_spectrally():
    network = dcgan_discriminator((16, 16, 3), filters=(8, 8), normalization=None, spectral=True, attention=8)
    kernels = [variable for variable in network.trainable_variables if variable.name == "kernel"]
    normalized = [layer.layer.kernel for layer in network.layers if isinstance(layer, SpectralNormalization)]
    assert len(kernels) == len(normalized) == 2 + 4 + 1
    with pytest.raises(ValueError, match="dcgan_discriminator: spectral=True and normalization='batch', which would"):
        dcgan_discriminator((16, 16, 3), spectral=True)
