"""Each condition enters each network, in each of its ways, and reaches what comes out."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_genzoo.networks.building import build_network
from keras_genzoo.networks.conditioning import Code, Image, Label, NoiseLevel, condition, normalized, score

CONDITIONS = ["one_hot", "embedding", "every_layer"]
CODES = np.eye(3, dtype="float32")
GENERATORS = ["mlp_decoder", "dcgan_generator", "resnet_generator", "conv_decoder", "map_decoder"]
DISCRIMINATORS = ["mlp_encoder", "dcgan_discriminator", "resnet_critic", "conv_encoder", "map_encoder"]


def built(name, *conditioning, **given):
    keras.utils.set_random_seed(0)
    spec = {"network": name, **({"hidden": (8,)} if name.startswith("mlp") else {"filters": (4,)})}
    given = {**given, "image_shape": (8, 8, 1), "conditioning": conditioning}
    return build_network("network", spec, given, keras.DTypePolicy("float32"))[0]


def shuffled(network):
    """The network with all weights drawn, so that what begins as 0 and 1 does not hide a label."""
    rng = np.random.default_rng(0)
    network.set_weights([weight + rng.normal(0, 0.05, weight.shape) for weight in network.get_weights()])
    return network


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_makes_another_image_of_another_label(name, condition):
    network = shuffled(built(name, Label(3, condition), latent_dim=16))
    made = network.predict([np.ones((3, 16), "float32"), CODES], verbose=0)
    assert made.shape == (3, 8, 8, 1)
    assert len({image.tobytes() for image in made}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_scores_an_image_by_its_label(name, condition):
    network = shuffled(built(name, Label(3, condition), outputs=16))
    x = np.repeat(np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 1)), 3, axis=0).astype("float32")
    assert len({scores.tobytes() for scores in network.predict([x, CODES], verbose=0)}) == 3


def test_a_mixture_of_two_labels_is_an_input_too():
    network = shuffled(built("mlp_decoder", Label(3, "every_layer"), latent_dim=4))
    z = np.ones((1, 4), "float32")
    codes = np.array([*CODES, [0.5, 0.5, 0]], "float32")
    *ends, middle = network.predict([np.repeat(z, 4, axis=0), codes], verbose=0)
    assert not any(np.allclose(middle, end) for end in ends)


@pytest.mark.parametrize("flat", [False, True])
def test_one_hot_planes_and_codes(flat):
    images = keras.Input((2, 2, 1))
    inputs, x, codes = condition(images, layers.Flatten()(images) if flat else images, (Label(3),))
    assert codes == ()
    given = keras.Model(inputs, x).predict([np.zeros((1, 2, 2, 1)), CODES[1:2]], verbose=0)
    expected = [0, 0, 0, 0, 0, 1, 0] if flat else np.broadcast_to([0, 0, 1, 0], (2, 2, 4))
    np.testing.assert_array_equal(given[0], expected)


def test_latents_are_followed_by_the_code():
    z = keras.Input((2,))
    inputs, x, _ = condition(z, z, (Label(3),))
    given = keras.Model(inputs, x).predict([np.ones((1, 2)), CODES[2:]], verbose=0)
    np.testing.assert_array_equal(given, [[1, 1, 0, 0, 1]])


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(5,), (2, 2, 5)])
def test_a_conditional_normalization_is_the_plain_one_at_first(shape):
    x, codes = keras.Input(shape), keras.Input((3,))
    network = keras.Model([x, codes], normalized(x, "layer", (Code(codes, is_label=True),)))
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
    network = shuffled(keras.Model([x, codes], score(x, 1, (Code(codes, is_label=True),))))
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
    given = {"image_shape": (8, 8, 1), "conditioning": (Label(3, condition), NoiseLevel(4)), "outputs": 1}
    network = build_network("network", {**spec, "spectral": True}, given, keras.DTypePolicy("float32"))[0]
    plain = [layer for layer in network.layers if isinstance(layer, layers.Dense | layers.Conv2D)]
    assert not plain


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan_generator", "mlp_decoder"])
def test_a_noise_level_acts_on_every_layer(name):
    network = shuffled(built(name, NoiseLevel(8), latent_dim=4))
    made = network.predict([np.ones((2, 4), "float32"), np.array([0.1, 0.9], "float32")], verbose=0)
    assert np.abs(made[0] - made[1]).max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan_discriminator", "mlp_encoder", "map_encoder"])
def test_a_discriminator_sees_an_image_beside_another(name):
    network = shuffled(built(name, Image((8, 8, 3)), outputs=16))
    x, beside = np.zeros((2, 8, 8, 1), "float32"), np.random.default_rng(0).normal(size=(2, 8, 8, 3))
    first, second = network.predict([x, beside.astype("float32")], verbose=0)
    assert np.abs(first - second).max() > 1e-4


@pytest.mark.slow
def test_conditions_of_several_kinds_are_inputs_in_their_order():
    network = built("dcgan_generator", Label(3, "every_layer"), NoiseLevel(4), latent_dim=4)
    assert [tuple(given.shape[1:]) for given in network.inputs] == [(4,), (3,), ()]
    x, codes = keras.Input((5,)), (keras.Input((3,)), keras.Input((2,)))
    both = tuple(Code(tensor, is_label=number == 0) for number, tensor in enumerate(codes))
    plain = keras.Model([x, *codes], normalized(x, None, both))
    given = np.arange(10, dtype="float32").reshape(2, 5)
    np.testing.assert_allclose(plain.predict([given, CODES[:2], np.ones((2, 2))], verbose=0), given)  # 1 and 0 at first
    alone = keras.Model([x, codes[1]], normalized(x, None, both[1:]))
    np.testing.assert_allclose(alone.predict([given, np.ones((2, 2))], verbose=0), given)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"an image of 4 x 4 pixels cannot stand behind feature maps of 8 x 8"):
        built("dcgan_discriminator", Image((4, 4, 3)), outputs=1)
