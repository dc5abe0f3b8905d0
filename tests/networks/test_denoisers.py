"""U-Net, DiT and dense denoisers: they begin at 0, take noise level and label, and give maps of the image's size."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.networks.conditioning import Label, NoiseLevel
from keras_genzoo.networks.diffusion_unet import diffusion_unet, unpatched
from keras_genzoo.networks.dit import dit
from keras_genzoo.networks.mlp_denoiser import mlp_denoiser

RNG = np.random.default_rng(0)
CONDITIONS = (NoiseLevel(8), Label(3, "every_layer"))
BUILDERS = {
    "unet": lambda **given: diffusion_unet(
        (8, 8, 3), 2, filters=(4, 8), blocks=1, attention=(4,), head_size=4, **given
    ),
    "unet of patches": lambda **given: diffusion_unet((8, 8, 3), 2, filters=(4,), patch_size=2, attention=(), **given),
    "dit": lambda **given: dit((8, 8, 3), 2, patch_size=2, units=8, blocks=1, heads=2, dropout=0.1, **given),
    "mlp": lambda **given: mlp_denoiser((8, 8, 3), 2, units=8, blocks=1, **given),
}
X = [
    RNG.normal(size=(4, 8, 8, 3)).astype("float32"),
    np.array([0.1, 0.1, 0.9, 0.1], "float32"),
    np.eye(3, dtype="float32")[[0, 1, 0, 0]],
]


@pytest.mark.parametrize("name", BUILDERS)
def test_it_begins_at_zero_and_then_depends_on_all_that_it_is_given(name):
    keras.utils.set_random_seed(0)
    network = BUILDERS[name](conditioning=CONDITIONS)
    assert network.output_shape == (None, 8, 8, 2)
    assert not ops.convert_to_numpy(network(X)).any()
    for weight in network.trainable_weights:
        weight.assign(weight + 0.3 * RNG.normal(size=weight.shape))
    same = [np.repeat(X[0][:1], 4, axis=0), *X[1:]]
    found = ops.convert_to_numpy(network(same))
    assert np.abs(found[1] - found[0]).max() > 1e-4  # another label
    assert np.abs(found[2] - found[0]).max() > 1e-4  # another noise level
    np.testing.assert_allclose(found[3], found[0], atol=1e-5)
    assert np.abs(ops.convert_to_numpy(network(X))[3] - found[3]).max() > 1e-3


@pytest.mark.parametrize("name", BUILDERS)
def test_it_needs_no_conditions(name):
    network = BUILDERS[name]()
    assert ops.convert_to_numpy(network(X[0])).shape == (4, 8, 8, 2)


def test_patches_are_laid_out_as_squares():
    image = np.arange(4 * 6 * 2, dtype="float32").reshape(1, 4, 6, 2)
    squares = image.reshape(1, 2, 2, 3, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(1, 2, 3, 8)
    maps = keras.Input((2, 3, 8))
    found = keras.Model(maps, unpatched(maps, 2))(squares)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), image)


def test_dropout_is_of_training_alone():
    network = diffusion_unet((4, 4, 1), 1, filters=(4,), blocks=1, attention=(), head_size=4, dropout=0.5)
    for weight in network.trainable_weights:
        weight.assign(weight + 0.3 * RNG.normal(size=weight.shape))
    x = RNG.normal(size=(2, 4, 4, 1)).astype("float32")
    calm = ops.convert_to_numpy(network(x))
    np.testing.assert_array_equal(calm, ops.convert_to_numpy(network(x)))
    assert np.abs(ops.convert_to_numpy(network(x, training=True)) - calm).max() > 1e-4
