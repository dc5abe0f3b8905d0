"""The translator of Zhu et al. 2017."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.layer_normalization import InstanceNormalization
from keras_genzoo.layers.reflection_padding import ReflectionPadding2D
from keras_genzoo.networks import budget
from keras_genzoo.networks.resnet_translator import resnet_translator

RNG = np.random.default_rng(0)
SMALL = {"filters": 2, "blocks": 2}


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.parametrize(("side", "blocks"), [(256, 9), (128, 6)])
def test_the_paper_s_translator(side, blocks):
    """Appendix 7.2: c7s1-64, d128, d256, R256 six or nine times, u128, u64, c7s1-3."""
    with budget.unallocated(keep=False):
        network = resnet_translator((side, side, 3), (side, side, 3))
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D | layers.Conv2DTranspose)]
    found = [(type(layer).__name__, layer.kernel_size[0], layer.strides[0], layer.filters) for layer in convolutions]
    assert found == [
        ("Conv2D", 7, 1, 64),
        ("Conv2D", 3, 2, 128),
        ("Conv2D", 3, 2, 256),
        *[("Conv2D", 3, 1, 256)] * (2 * blocks),
        ("Conv2DTranspose", 3, 2, 128),
        ("Conv2DTranspose", 3, 2, 64),
        ("Conv2DTranspose", 7, 1, 3),  # which is a convolution: below
    ]
    ends = 2 * 49 * 3 * 64 + 3  # a bias where there is no normalization
    middle = 2 * 9 * (64 * 128 + 128 * 256) + 2 * blocks * 9 * 256 * 256
    affine = 2 * (2 * 64 + 2 * 128 + 256 + 2 * blocks * 256)  # a scale and an offset for each channel
    assert trainable(network) == ends + middle + affine
    assert trainable(network) == {9: 11_383_427, 6: 7_841_411}[blocks]
    # The authors' count, 11.378 M and 7.838 M, has a bias in the place of each scale and offset.
    assert trainable(network) - affine // 2 == {9: 11_378_179, 6: 7_837_699}[blocks]


def test_shapes():
    network = resnet_translator((8, 12, 1), (8, 12, 3), **SMALL)
    for height, width in ((8, 12), (12, 8), (20, 24)):
        assert network(np.zeros((2, height, width, 1), "float32")).shape == (2, height, width, 3)
    with pytest.raises(ValueError, match="resnet_translator: an image of 10 x 8 pixels cannot be halved 2 times"):
        resnet_translator((10, 8, 3), (10, 8, 3))


def test_layers_for_losses_of_features_have_names():
    network = resnet_translator((8, 8, 1), (8, 8, 1), filters=2, blocks=3)
    named = {name: network.get_layer(name) for name in ("images", "down_1", "down_2", "block_1", "block_2", "block_3")}
    assert [layer.output.shape[-1] for layer in named.values()] == [1, 4, 8, 8, 8, 8]
    assert all(isinstance(named[f"block_{number}"], layers.Add) for number in (1, 2, 3))


def test_images_lie_between_minus_one_and_one():
    network = resnet_translator((8, 8, 3), (8, 8, 3), **SMALL)
    network.set_weights([100 * weight for weight in network.get_weights()])
    made = ops.convert_to_numpy(network(np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 3)).astype("float32")))
    assert made.dtype == np.float32 and 0.99 < np.abs(made).max() <= 1


def test_an_image_does_not_depend_on_the_others():
    network = resnet_translator((8, 8, 3), (8, 8, 3), **SMALL)
    x = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    alone = ops.convert_to_numpy(network(x[:1], training=True))
    np.testing.assert_allclose(ops.convert_to_numpy(network(x, training=True))[:1], alone, atol=1e-6)


@pytest.mark.parametrize(("normalization", "kind"), [("instance", InstanceNormalization), (None, None)])
def test_a_bias_stands_where_no_normalization_does(normalization, kind):
    network = resnet_translator((8, 8, 3), (8, 8, 3), **SMALL, normalization=normalization)
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D | layers.Conv2DTranspose)]
    assert [layer.use_bias for layer in convolutions] == [kind is None] * 9 + [True]
    assert sum(isinstance(layer, InstanceNormalization) for layer in network.layers) == (9 if kind else 0)


def test_a_block_whose_inside_is_zero_hands_its_input_on():
    network = resnet_translator((8, 8, 1), (8, 8, 1), filters=2, blocks=1, normalization=None)
    block = network.get_layer("block_1")
    inside = [layer for layer in network.layers if isinstance(layer, layers.Conv2D) and layer.filters == 8][1:]
    assert len(inside) == 2
    inside[-1].set_weights([0 * weight for weight in inside[-1].get_weights()])
    x = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 1)).astype("float32")
    before, after = keras.Model(network.input, [block.input[0], block.output])(x)
    np.testing.assert_array_equal(before, after)


def test_a_flat_image_gets_no_frame_at_its_borders():
    """Blocks and both ends pad by reflection; so a network without strides leaves a flat image flat."""
    network = resnet_translator((8, 8, 1), (8, 8, 1), filters=2, blocks=1, normalization=None)
    paddings = [layer.padding for layer in network.layers if isinstance(layer, ReflectionPadding2D)]
    assert paddings == [3, 1, 1, 3]
    first = next(layer for layer in network.layers if isinstance(layer, layers.Conv2D))
    made = ops.convert_to_numpy(keras.Model(network.input, first.output)(np.full((1, 8, 8, 1), 0.7, "float32")))
    np.testing.assert_allclose(made, np.broadcast_to(made[:, :1, :1], made.shape), atol=1e-6)


def test_the_last_layer_is_a_convolution():
    """With its kernel turned by 180 degrees, over maps that are padded by reflection."""
    network = resnet_translator((8, 12, 3), (8, 12, 3), filters=2, blocks=1)
    last = next(layer for layer in reversed(network.layers) if isinstance(layer, layers.Conv2DTranspose))
    last.set_weights([RNG.normal(size=weight.shape).astype("float32") for weight in last.get_weights()])
    x = RNG.uniform(-1, 1, (2, 8, 12, 3)).astype("float32")
    padded, made = keras.Model(network.input, [last.input, network.output])(x)
    kernel, bias = last.get_weights()
    turned = np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2))
    expected = np.tanh(ops.convert_to_numpy(ops.conv(padded, turned, padding="valid") + bias))
    np.testing.assert_allclose(ops.convert_to_numpy(made), expected, atol=1e-5)


def test_weights_begin_normal_with_deviation_002_each_drawn_anew():
    network = resnet_translator((8, 8, 3), (8, 8, 3), filters=32, blocks=1)
    kernels = [ops.convert_to_numpy(v) for v in network.trainable_variables if v.name == "kernel"]
    assert [kernel.std() for kernel in kernels] == pytest.approx([0.02] * 8, rel=0.1)
    assert len({kernel.ravel()[:8].tobytes() for kernel in kernels}) == 8
