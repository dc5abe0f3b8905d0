"""The networks of Gulrajani et al. 2017, appendix F."""

import itertools

import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.spectral_normalization import SpectralNormalization
from keras_genzoo.networks.resnet import resnet_critic, resnet_generator


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def convolution(size, a, b):
    return size * size * a * b + b


def test_the_paper_s_generator():
    network = resnet_generator(128, (64, 64, 3))
    blocks = [layer.output.shape[1:] for layer in network.layers if isinstance(layer, layers.Add)]
    assert blocks == [(8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 64)]
    expected = 128 * 4 * 4 * 512 + 4 * 4 * 512
    for a, b in itertools.pairwise((512, 512, 256, 128, 64)):
        expected += 2 * a + convolution(3, a, b) + 2 * b + convolution(3, b, b) + convolution(1, a, b)
    assert trainable(network) == expected + 2 * 64 + convolution(3, 64, 3)


def test_the_paper_s_critic():
    network = resnet_critic((64, 64, 3))
    blocks = [layer.output.shape[1:] for layer in network.layers if isinstance(layer, layers.Add)]
    assert blocks == [(32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 512)]
    expected = convolution(3, 3, 64)
    for a, b in itertools.pairwise((64, 128, 256, 512, 512)):
        expected += 2 * a + convolution(3, a, a) + 2 * a + convolution(3, a, b) + convolution(1, a, b)
    assert trainable(network) == expected + 4 * 4 * 512 + 1
    assert not [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]


def test_a_critic_scores_an_image_alone():
    network = resnet_critic((8, 8, 1), filters=(4, 8))
    x = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 1)).astype("float32")
    scores = ops.convert_to_numpy(network(x, training=True))
    assert scores.shape == (6, 1)
    np.testing.assert_allclose(ops.convert_to_numpy(network(x[:1], training=True)), scores[:1], atol=1e-5)


def test_a_block_is_its_shortcut_when_its_inside_is_zero():
    """Nearest neighbors on the way up, means on the way down."""
    critic = resnet_critic((4, 4, 1), filters=(1,), normalization=None)
    stem, *rest = [layer for layer in critic.layers if isinstance(layer, layers.Conv2D)]
    for layer in (stem, *rest):
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1] = 1.0
    stem.set_weights([kernel, np.zeros(1)])
    shortcut = next(layer for layer in rest if layer.kernel_size == (1, 1))
    shortcut.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    critic.layers[-1].set_weights([np.array([[1.0], [10.0], [100.0], [1000.0]]), np.zeros(1)])
    x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    means = x.reshape(2, 2, 2, 2).mean(axis=(1, 3)).ravel()
    score = float(ops.convert_to_numpy(critic(x))[0, 0])
    assert score == pytest.approx(float(means @ [1, 10, 100, 1000]))


def test_images_lie_between_minus_one_and_one():
    network = resnet_generator(4, (8, 8, 3), (8, 4))
    images = ops.convert_to_numpy(network(100 * np.random.default_rng(0).standard_normal((5, 4)), training=True))
    assert images.shape == (5, 8, 8, 3) and 0.5 < np.abs(images).max() <= 1


def test_sizes_must_be_divisible():
    message = "an image of 8 x 10 pixels cannot be halved 2 times.*give fewer filters, or a size that 4 divides"
    with pytest.raises(ValueError, match=f"resnet_generator: {message}"):
        resnet_generator(4, (8, 10, 1), (8, 4))
    with pytest.raises(ValueError, match=f"resnet_critic: {message}"):
        resnet_critic((8, 10, 1), filters=(8, 4))


def test_all_kernels_can_be_normalized_spectrally():
    network = resnet_critic((8, 8, 3), filters=(4, 8), normalization=None, spectral=True)
    kernels = [variable for variable in network.trainable_variables if variable.name == "kernel"]
    normalized = [layer for layer in network.layers if isinstance(layer, SpectralNormalization)]
    assert len(kernels) == len(normalized) == 1 + 2 * 3 + 1
    with pytest.raises(ValueError, match="resnet_critic: spectral=True and normalization='layer', which would"):
        resnet_critic((8, 8, 3), filters=(4, 8), spectral=True)
