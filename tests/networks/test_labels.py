"""Labels enter networks by each of three ways, and each reaches what comes out."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_genzoo.networks.building import build_network
from keras_genzoo.networks.labels import image_and_label, latents_and_label, normalized, score

CONDITIONS = ["one_hot", "embedding", "every_layer"]
CODES = np.eye(3, dtype="float32")
GENERATORS = ["mlp_decoder", "dcgan_generator", "resnet_generator"]
DISCRIMINATORS = ["mlp_encoder", "dcgan_discriminator", "resnet_critic"]
FILTERS = {"dcgan_generator": (4,), "resnet_generator": (4,), "dcgan_discriminator": (4,), "resnet_critic": (4,)}


def built(name, condition, **given):
    keras.utils.set_random_seed(0)
    spec = {"network": name, **({"filters": FILTERS[name]} if name in FILTERS else {"hidden": (8,)})}
    given = {**given, "image_shape": (8, 8, 1), "num_classes": 3, "condition": condition}
    return build_network("network", spec, given, keras.DTypePolicy("float32"))[0]


def shuffled(network):
    """The network with all weights drawn, so that what begins as 0 and 1 does not hide a label."""
    rng = np.random.default_rng(0)
    network.set_weights([weight + rng.normal(0, 0.05, weight.shape) for weight in network.get_weights()])
    return network


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_makes_another_image_of_another_label(name, condition):
    network = shuffled(built(name, condition, latent_dim=4))
    made = network.predict([np.ones((3, 4), "float32"), CODES], verbose=0)
    assert made.shape == (3, 8, 8, 1)
    assert len({image.tobytes() for image in made}) == 3


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_scores_an_image_by_its_label(name, condition):
    network = shuffled(built(name, condition, outputs=1))
    x = np.repeat(np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 1)), 3, axis=0).astype("float32")
    assert len(np.unique(network.predict([x, CODES], verbose=0))) == 3


def test_a_mixture_of_two_labels_is_an_input_too():
    network = shuffled(built("mlp_decoder", "every_layer", latent_dim=4))
    z = np.ones((1, 4), "float32")
    codes = np.array([*CODES, [0.5, 0.5, 0]], "float32")
    *ends, middle = network.predict([np.repeat(z, 4, axis=0), codes], verbose=0)
    assert not any(np.allclose(middle, end) for end in ends)


@pytest.mark.parametrize("flat", [False, True])
def test_one_hot_planes_and_codes(flat):
    inputs, x, codes = image_and_label((2, 2, 1), 3, "one_hot", flat)
    assert codes is None
    given = keras.Model(inputs, x).predict([np.zeros((1, 2, 2, 1)), CODES[1:2]], verbose=0)
    expected = [0, 0, 0, 0, 0, 1, 0] if flat else np.broadcast_to([0, 0, 1, 0], (2, 2, 4))
    np.testing.assert_array_equal(given[0], expected)


def test_latents_are_followed_by_the_code():
    inputs, x, _ = latents_and_label(2, 3, "one_hot")
    given = keras.Model(inputs, x).predict([np.ones((1, 2)), CODES[2:]], verbose=0)
    np.testing.assert_array_equal(given, [[1, 1, 0, 0, 1]])


@pytest.mark.parametrize("shape", [(5,), (2, 2, 5)])
def test_a_conditional_normalization_is_the_plain_one_at_first(shape):
    x, codes = keras.Input(shape), keras.Input((3,))
    network = keras.Model([x, codes], normalized(x, "layer", codes))
    assert not any("gamma" in weight.path for weight in network.weights)
    given = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
    axes = tuple(range(1, given.ndim))
    plain = (given - given.mean(axes, keepdims=True)) / np.sqrt(given.var(axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(network.predict([given, CODES], verbose=0), plain, atol=1e-5)
    scale, offset = network.get_weights()
    scale[1], offset[1] = 2.0, 0.5  # of the label 1 alone
    network.set_weights([scale, offset])
    plain[1] = 2.0 * plain[1] + 0.5
    np.testing.assert_allclose(network.predict([given, CODES], verbose=0), plain, atol=1e-5)


def test_a_projection_is_the_embedding_times_the_features():
    """Equation 6 of Miyato & Koyama, by hand."""
    x, codes = keras.Input((2, 2, 4)), keras.Input((3,))
    network = shuffled(keras.Model([x, codes], score(x, 1, codes)))
    weights = {weight.shape: np.asarray(weight) for weight in network.get_weights()}
    given = np.random.default_rng(0).normal(size=(3, 2, 2, 4)).astype("float32")
    unconditional = given.reshape(3, -1) @ weights[16, 1] + weights[(1,)]
    projection = np.sum(weights[3, 4] * given.sum((1, 2)), axis=1, keepdims=True)
    np.testing.assert_allclose(network.predict([given, CODES], verbose=0), unconditional + projection, rtol=1e-5)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    "spec",
    [
        {"network": "dcgan_discriminator", "filters": (4,), "normalization": None},
        {"network": "mlp_encoder", "hidden": (4,)},
    ],
)
def test_all_kernels_of_a_spectral_discriminator_are_normalized(spec, condition):
    given = {"image_shape": (8, 8, 1), "num_classes": 3, "condition": condition, "outputs": 1}
    network = build_network("network", {**spec, "spectral": True}, given, keras.DTypePolicy("float32"))[0]
    plain = [layer for layer in network.layers if isinstance(layer, layers.Dense | layers.Conv2D)]
    assert not plain
