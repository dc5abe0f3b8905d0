"""The generator of Isola et al. 2017."""

import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.layer_normalization import InstanceNormalization
from keras_genzoo.networks import budget
from keras_genzoo.networks.unet import unet

SMALL = {"image_shape": (8, 16, 1), "target_shape": (8, 16, 3)}


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def of_kind(network, kind):
    return [layer for layer in network.layers if type(layer) is kind]


def test_the_paper_s_generator():
    """Section 6.1.1: encoder C64-C128-C256-C512 five times, the decoder's filters behind those of the skips."""
    with budget.unallocated(keep=False):
        network = unet((256, 256, 3), (256, 256, 3))
    down, up = of_kind(network, layers.Conv2D), of_kind(network, layers.Conv2DTranspose)
    assert [layer.filters for layer in down] == [64, 128, 256, 512, 512, 512, 512, 512]
    assert [layer.filters for layer in up] == [512, 512, 512, 512, 256, 128, 64, 3]
    assert [layer.input.shape[-1] for layer in up] == [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert {layer.kernel_size for layer in down + up} == {(4, 4)} and {layer.strides for layer in down + up} == {(2, 2)}
    assert trainable(network) == 54_414_531  # 54.41 M: the authors', and 576 offsets where they have no bias


@pytest.mark.parametrize(
    ("shape", "filters"), [((128, 128), 7), ((64, 96), 5), ((256, 512), 8), ((12, 20), 2), ((7, 9), 1)]
)
def test_filters_follow_from_the_size(shape, filters):
    """As long as both sides halve; 64 filters and twice as many each time, at most 512."""
    if filters == 1:
        with pytest.raises(ValueError, match="unet: an image of 7 x 9 pixels cannot be halved 1 times"):
            unet((*shape, 3), (*shape, 3))
        return
    with budget.unallocated(keep=False):
        network = unet((*shape, 3), (*shape, 3))
    found = [layer.filters for layer in of_kind(network, layers.Conv2D)]
    assert found == [min(64 * 2**level, 512) for level in range(filters)]


def test_shapes():
    for filters in ((4,), (4, 8), (4, 8, 8)):
        network = unet(**SMALL, filters=filters)
        for height, width in ((8, 16), (16, 8), (24, 40)):
            x = np.zeros((2, height, width, 1), "float32")
            assert network(x).shape == (2, height, width, 3)
    with pytest.raises(ValueError, match="unet: an image of 8 x 12 pixels cannot be halved 3 times"):
        unet((8, 12, 1), (8, 12, 3), filters=(4, 4, 4))


def test_images_lie_between_minus_one_and_one():
    network = unet(**SMALL, filters=(4, 8))
    network.set_weights([50 * weight for weight in network.get_weights()])
    made = ops.convert_to_numpy(network(np.random.default_rng(0).uniform(-1, 1, (3, 8, 16, 1)).astype("float32")))
    assert made.dtype == np.float32 and 0.99 < np.abs(made).max() <= 1


@pytest.mark.parametrize(("normalization", "kind"), [("batch", layers.BatchNormalization), (None, None)])
def test_the_first_and_the_smallest_maps_are_not_normalized(normalization, kind):
    network = unet(**SMALL, filters=(4, 8, 16), normalization=normalization)
    down, up = of_kind(network, layers.Conv2D), of_kind(network, layers.Conv2DTranspose)
    normalized = [layer.input for layer in network.layers if kind and type(layer) is kind]
    inputs = {id(tensor) for tensor in normalized}
    expected = [False, kind is not None, False], [kind is not None] * 2 + [False]
    assert ([id(layer.output) in inputs for layer in down], [id(layer.output) in inputs for layer in up]) == expected
    for layer in down + up:  # a bias just where no normalization brings an offset
        assert layer.use_bias == (id(layer.output) not in inputs)


def test_by_instance_an_image_does_not_depend_on_the_others():
    network = unet((8, 8, 1), (8, 8, 1), filters=(4, 8, 16), normalization="instance", dropout=0.0)
    assert len(of_kind(network, InstanceNormalization)) == 3
    x = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype("float32")
    alone = ops.convert_to_numpy(network(x[:1], training=True))
    assert np.ptp(alone) > 0
    np.testing.assert_allclose(ops.convert_to_numpy(network(x, training=True))[:1], alone, atol=1e-6)


def test_noise_is_the_dropout_of_three_levels():
    network = unet((32, 32, 1), (32, 32, 1), filters=(2, 2, 2, 2, 2))
    dropouts = of_kind(network, layers.Dropout)
    assert [layer.rate for layer in dropouts] == [0.5] * 3
    assert [layer.output.shape[1:] for layer in dropouts] == [(None, None, 2)] * 3
    x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 1)).astype("float32")
    network.set_weights([weight + 0.1 for weight in network.get_weights()])
    first, second = (ops.convert_to_numpy(network(x, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(network(x), network(x))
    assert not of_kind(unet(**SMALL, filters=(4, 8), dropout=0.0), layers.Dropout)


def test_weights_begin_normal_with_deviation_002_each_drawn_anew():
    network = unet((8, 8, 3), (8, 8, 3), filters=(64, 64, 64))
    kernels = [ops.convert_to_numpy(v) for v in network.trainable_variables if v.name == "kernel"]
    assert [kernel.std() for kernel in kernels] == pytest.approx([0.02] * 6, rel=0.1)
    assert len({kernel.ravel()[:8].tobytes() for kernel in kernels}) == 6


def test_details_pass_by_the_smallest_maps():
    """Without the way through the smallest maps a translation still depends on every pixel, near it alone."""
    network = unet((16, 16, 1), (16, 16, 1), filters=(4, 4, 4), normalization=None, dropout=0.0)
    random = np.random.default_rng(0)  # positive weights and inputs: no ReLU is in the way
    network.set_weights([random.uniform(0.05, 0.15, weight.shape) for weight in network.get_weights()])
    network.get_layer("down_3").set_weights([0 * weight for weight in network.get_layer("down_3").get_weights()])
    x = random.uniform(0, 1, (1, 16, 16, 1)).astype("float32")
    other = x.copy()
    other[0, 0, 0] += 1.0
    changed = np.abs(ops.convert_to_numpy(network(other)) - ops.convert_to_numpy(network(x)))[0, :, :, 0] > 1e-7
    assert changed[0, 0] and not changed[12:, 12:].any()
