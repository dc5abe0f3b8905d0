import keras
import numpy as np
import pytest

from keras_genzoo.features.inception import BLOCKS, build_inception, scopes


@pytest.fixture(scope="module")
def network():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield build_inception()
    keras.config.set_dtype_policy(before)


def test_shapes(network):
    assert network.input_shape == (None, 299, 299, 3)
    assert [output.shape for output in network.outputs] == [(None, 2048), (None, 1008)]
    sides = {block: network.get_layer(block).output.shape[1:] for block in BLOCKS}
    assert [sides[block] for block in ("Mixed_5b", "Mixed_5d", "Mixed_6e", "Mixed_7a", "Mixed_7c")] == [
        (35, 35, 256),
        (35, 35, 288),
        (17, 17, 768),
        (8, 8, 1280),
        (8, 8, 2048),
    ]


def test_it_has_the_94_convolutions_of_the_graph(network):
    assert len(scopes()) == len(set(scopes().values())) == 94
    layers = [layer.name for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert sorted(layers) == sorted(scopes())
    # Convolutions and their biases, and logits without theirs.
    assert network.count_params() == 21_768_352 + 2048 * 1008


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("Conv2d_1a_3x3", "conv"),
        ("Mixed_5b.branch1x1", "mixed/conv"),
        ("Mixed_5c.branch3x3dbl_3", "mixed_1/tower_1/conv_2"),
        ("Mixed_6a.branch3x3", "mixed_3/conv"),
        ("Mixed_6a.branch3x3dbl_1", "mixed_3/tower/conv"),
        ("Mixed_6e.branch7x7dbl_5", "mixed_7/tower_1/conv_4"),
        ("Mixed_7a.branch7x7x3_4", "mixed_8/tower_1/conv_3"),
        ("Mixed_7b.branch3x3_2b", "mixed_9/tower/mixed/conv_1"),
        ("Mixed_7c.branch_pool", "mixed_10/tower_2/conv"),
    ],
)
def test_names_in_the_graph(name, scope):
    assert scopes()[name] == scope


def test_it_computes_in_float32_whatever_the_policy(network):
    assert {layer.compute_dtype for layer in network.layers[1:]} == {"float32"}
    assert {weight.dtype for weight in network.weights} == {"float32"}


def test_pixels_are_scaled_by_128(network):
    scaled = keras.Model(network.input, network.get_layer("Conv2d_1a_3x3").input)
    pixels = np.resize(np.arange(256, dtype="float32"), (1, 299, 299, 3))
    np.testing.assert_array_equal(scaled(pixels), (pixels - 128) / 128)


def test_pools(network):
    average, maximum = (
        network.get_layer(f"{block}_{kind}")
        for block, kind in (("Mixed_7b.branch_pool", "average"), ("Mixed_7c.branch_pool", "maximum"))
    )
    corner = np.zeros((1, 3, 3, 1), "float32")
    corner[0, 0, 0, 0] = 8.0
    # The border's padding is not in the mean: 4, 6, 4 pixels lie under the window along the first row.
    np.testing.assert_allclose(np.asarray(average(corner))[0, 0, :, 0], [2.0, 8 / 6, 0.0], rtol=1e-6)
    np.testing.assert_array_equal(np.asarray(maximum(-corner))[0, :2, :2, 0], 0.0)
    np.testing.assert_array_equal(np.asarray(maximum(corner - 9.0))[0, 0, :, 0], [-1.0, -1.0, -9.0])
