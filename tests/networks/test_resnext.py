import math

import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.grouped_convolution import GroupedConv2D
from keras_genzoo.networks import budget
from keras_genzoo.networks.resnext import resnext_discriminator, resnext_generator

RNG = np.random.default_rng(0)


def block(count):
    """Weights of a block: 1 x 1, a 3 x 3 whose groups have 16 channels, 1 x 1, and two biases."""
    inside = 2 * count
    return count * inside + 9 * 16 * inside + inside * count + 2 * inside


def test_the_authors_networks_at_64_pixels():
    widths = (768, 768, 768, 768, 384)
    with budget.unallocated():
        generator, discriminator = resnext_generator(64, (64, 64, 3)), resnext_discriminator((64, 64, 3))
    blocks = sum(2 * block(count) for count in widths) + 768 * 384
    assert generator.count_params() == 16 * 768 + 64 * 768 + blocks + 384 * 3
    assert discriminator.count_params() == 3 * 384 + blocks + 16 * 768 + 768 + 1  # the bias is ours
    grouped = [layer for layer in generator.layers if isinstance(layer, GroupedConv2D)]
    assert [layer.groups for layer in grouped] == [96] * 8 + [48] * 2  # the authors' "cardinality"


def test_the_widths_at_256_pixels_are_the_authors():
    with budget.unallocated():
        network = resnext_generator(64, (256, 256, 3))
    found = [layer.groups for layer in network.layers if isinstance(layer, GroupedConv2D)]
    assert found == [96] * 8 + [48] * 2 + [24] * 2 + [12] * 2


def test_blocks_begin_as_the_identity_and_weights_as_the_paper_s():
    network = resnext_generator(8, (8, 8, 3), filters=(128, 64), blocks=1)
    last = [layer for layer in network.layers if isinstance(layer, layers.Conv2D) and layer.filters == 128]
    added = [layer for layer in network.layers if isinstance(layer, layers.Add)]
    assert len(added) == 2 and any(not layer.kernel.numpy().any() for layer in last)
    scale = math.sqrt(2 / 1.04) * 2**-0.25  # of two blocks
    for layer in network.layers:
        if isinstance(layer, GroupedConv2D):
            assert layer.kernel.numpy().std() == pytest.approx(scale / math.sqrt(9 * 16), rel=0.05)
    discriminator = resnext_discriminator((8, 8, 3), filters=(128, 64), blocks=1)
    depthwise = next(layer for layer in discriminator.layers if isinstance(layer, layers.DepthwiseConv2D))
    assert depthwise.get_weights()[0].std() == pytest.approx(0.25, rel=0.1)


def test_resampling_is_by_1_3_3_1():
    """At the beginning blocks do nothing: the generator enlarges its basis, and the discriminator halves its image."""
    network = resnext_generator(2, (8, 8, 1), filters=(2, 2), blocks=1, group_size=2)
    z = RNG.standard_normal((1, 2)).astype("float32")
    basis, linear, *_, last = network.get_weights()
    maps = basis * (z @ linear)[0]
    filtered = np.zeros((8, 8, 2))
    kernel = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
    for row in range(4):
        for column in range(4):
            for i in range(4):
                for j in range(4):
                    y, x = 2 * row + i - 1, 2 * column + j - 1
                    if 0 <= y < 8 and 0 <= x < 8:
                        filtered[y, x] += kernel[i, j] * maps[row, column]
    found = ops.convert_to_numpy(network(z))[0]
    np.testing.assert_allclose(found, filtered @ last[0, 0], atol=1e-5)


def test_groups_must_divide():
    with pytest.raises(ValueError, match=r"resnext_generator: 12 filters are 24 inside a block, which groups of 16 do"):
        resnext_generator(8, (4, 4, 3), filters=(12,))
    with pytest.raises(ValueError, match="squares are expected whose side is a power of two"):
        resnext_discriminator((12, 12, 3))
