"""The discriminators of Isola et al. 2017."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.networks import budget
from keras_genzoo.networks.conditioning import Image, Label
from keras_genzoo.networks.dcgan import dcgan_discriminator
from keras_genzoo.networks.patch_features import patch_features
from keras_genzoo.networks.patches import patch_discriminator, receptive_field_of


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.parametrize(
    ("field", "rows", "filters", "parameters"),
    [
        (70, 30, [64, 128, 256, 512, 1], 2_768_705),
        (1, 256, [64, 128, 1], 9_025),
        (16, 126, [64, 128, 1], 139_585),
        (34, 62, [64, 128, 256, 1], 666_433),
        (286, 6, [64, 128, 256, 512, 512, 512, 1], 11_159_361),
    ],
)
def test_the_paper_s_discriminators(field, rows, filters, parameters):
    """Section 6.1.2, of pairs of images; the counts are the authors', and one offset more for pixels."""
    with budget.unallocated(keep=False):
        network = patch_discriminator((256, 256, 3), receptive_field=field, conditioning=(Image((256, 256, 3)),))
    assert network.output_shape == (None, rows, rows, 1)
    assert [layer.filters for layer in network.layers if isinstance(layer, layers.Conv2D)] == filters
    assert trainable(network) == parameters
    assert receptive_field_of(network) == field
    slopes = [layer.negative_slope for layer in network.layers if isinstance(layer, layers.LeakyReLU)]
    assert slopes == pytest.approx([0.2] * (len(filters) - 1))


@pytest.mark.parametrize(("field", "size"), [(1, 8), (16, 48), (34, 80), (70, 128)])
def test_the_receptive_field_is_what_changes_a_score(field, size):
    """Columns of pixels are changed one at a time: the central score moves with as many, next to each other."""
    network = patch_discriminator(
        (16 if field < 34 else size, size, 1), receptive_field=field, filters=2, normalization=None
    )
    network.set_weights([20 * weight for weight in network.get_weights()])
    x = np.random.default_rng(0).uniform(-1, 1, (1, *network.input_shape[1:])).astype("float32")
    changed = np.repeat(x, size, axis=0)
    changed[np.arange(size), :, np.arange(size)] += 0.5
    row, column = (count // 2 for count in network.output_shape[1:3])
    scores = ops.convert_to_numpy(network(np.concatenate([x, changed])))[:, row, column, 0]
    moved = np.flatnonzero(scores[1:] != scores[0])
    assert len(moved) == field == receptive_field_of(network)
    assert moved.tolist() == list(range(moved[0], moved[0] + field)) and moved[0] > 0 and moved[-1] < size - 1


def test_an_image_s_size_chooses_the_field():
    for size, field in ((16, 16), (48, 70), (256, 286), (512, 286)):
        with budget.unallocated(keep=False):
            assert receptive_field_of(patch_discriminator((size, size, 3), receptive_field=None, filters=1)) == field


def test_a_network_that_mixes_all_pixels_has_no_patches():
    with pytest.raises(ValueError, match=r"receptive_field_of: the layer 'flatten.*' of '.*' mixes all pixels"):
        receptive_field_of(dcgan_discriminator((8, 8, 1), filters=(2,)))


def test_shapes():
    for shape, field, rows in (((16, 24, 1), 16, (6, 10)), ((24, 48, 2), 70, (1, 4)), ((5, 7, 3), 1, (5, 7))):
        network = patch_discriminator(shape, receptive_field=field, filters=2)
        assert network(np.zeros((2, *shape), "float32")).shape == (2, *rows, 1)


def test_what_cannot_be_scored():
    with pytest.raises(ValueError, match=r"patches of 70 pixels need images of 24 pixels at least, but 16 x 64 are"):
        patch_discriminator((16, 64, 3))
    with pytest.raises(ValueError, match="outputs=2, but a patch has one score"):
        patch_discriminator((32, 32, 3), outputs=2)
    with pytest.raises(ValueError, match="cannot act on every layer: let a label enter as 'one_hot'"):
        patch_discriminator((32, 32, 3), filters=2, conditioning=(Label(3, "every_layer"),))
    with pytest.raises(ValueError, match="spectral=True and normalization='batch'"):
        patch_discriminator((32, 32, 3), filters=2, spectral=True)


def test_the_first_and_the_last_convolution_have_no_normalization():
    network = patch_discriminator((32, 32, 3), filters=2, receptive_field=34)
    biases = [layer.use_bias for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert biases == [True, False, False, True]
    assert sum(isinstance(layer, layers.BatchNormalization) for layer in network.layers) == 2


def test_spectral_kernels_have_the_same_field():
    network = patch_discriminator((32, 32, 3), filters=2, receptive_field=34, normalization=None, spectral=True)
    assert receptive_field_of(network) == 34
    assert network(np.zeros((1, 32, 32, 3), "float32")).shape == (1, 6, 6, 1)


def test_a_pair_s_score_depends_on_both_images():
    network = patch_discriminator((8, 8, 1), receptive_field=1, filters=2, conditioning=(Image((8, 8, 2)),))
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 1, 8, 8, 2)).astype("float32")
    base = ops.convert_to_numpy(network([x[..., :1], y]))
    for pair in ([-x[..., :1], y], [x[..., :1], -y]):
        assert np.abs(ops.convert_to_numpy(network(pair)) - base).max() > 0
    with pytest.raises(ValueError, match="an image of 4 x 8 pixels cannot stand behind feature maps of 8 x 8"):
        patch_discriminator((8, 8, 1), receptive_field=1, conditioning=(Image((4, 8, 2)),))


def test_half_precision_scores_are_float32():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = patch_discriminator((8, 8, 1), receptive_field=1, filters=2)
        features = patch_features((3,), units=4)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(network(np.zeros((1, 8, 8, 1), "float32")).dtype) == "float32"
    (made,) = keras.tree.flatten(features([np.ones((1, 2, 3), "float32")]))
    assert keras.backend.standardize_dtype(made.dtype) == "float32"


def test_features_of_patches_have_length_one_and_treat_each_alone():
    heads = patch_features((3, 5), units=8)
    given = [np.random.default_rng(0).normal(size=(2, 6, count)).astype("float32") for count in (3, 5)]
    made = [ops.convert_to_numpy(one) for one in heads(given)]
    assert [one.shape for one in made] == [(2, 6, 8)] * 2
    for one in made:
        np.testing.assert_allclose((one**2).sum(axis=-1), 1.0, rtol=1e-5)
    fewer = [ops.convert_to_numpy(one) for one in heads([one[:1, 2:4] for one in given])]
    for few, all_of_them in zip(fewer, made, strict=True):
        np.testing.assert_allclose(few, all_of_them[:1, 2:4], atol=1e-6)
    assert trainable(heads) == sum(count * 8 + 8 + 8 * 8 + 8 for count in (3, 5))
