import keras
import pytest
from keras import layers

from keras_genzoo.networks.building import build_network
from keras_genzoo.networks.conditioning import Label

FLOAT32 = keras.DTypePolicy("float32")
GIVEN = {"latent_dim": 3, "image_shape": (8, 8, 1)}


def build(value, given=None, policy=FLOAT32):
    return build_network("generator", value, GIVEN if given is None else given, policy)


@pytest.mark.parametrize("value", ["conv_decoder", {"network": "conv_decoder"}])
def test_a_name_is_a_spec_without_arguments(value):
    network, spec = build(value, {**GIVEN, "image_shape": (16, 16, 1)})
    assert spec == {"network": "conv_decoder"}
    assert (network.name, network.input_shape, network.output_shape) == ("generator", (None, 3), (None, 16, 16, 1))


def test_a_spec_passes_its_arguments():
    network, spec = build({"network": "dcgan_generator", "filters": [6, 5], "kernel_size": 3})
    assert spec == {"network": "dcgan_generator", "filters": [6, 5], "kernel_size": 3}
    kernel = next(layer for layer in network.layers if isinstance(layer, layers.Conv2DTranspose)).kernel
    assert tuple(kernel.shape) == (3, 3, 5, 6)


def decoder(*last, inputs=3):
    z = layers.Input((inputs,))
    x = layers.Reshape((8, 8, 1))(layers.Dense(64)(z))
    for layer in last:
        x = layer(x)
    return keras.Model(z, x, name="mine")


def test_a_model_is_taken_as_it_is():
    model = decoder()
    assert build(model) == (model, None) and model.name == "mine"


@pytest.mark.parametrize("kind", ["sequential", "subclass"])
def test_a_model_that_is_not_built_yet_is_built(kind):
    parts = [layers.Dense(64), layers.Reshape((8, 8, 1))]

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = parts

        def call(self, z):
            for part in self.parts:
                z = part(z)
            return z

    network, _ = build(keras.Sequential(parts) if kind == "sequential" else Own())
    assert [tuple(weight.shape) for weight in network.weights] == [(3, 64), (64,)]


@pytest.mark.parametrize(
    ("network", "given", "message"),
    [
        (
            lambda: decoder(layers.Conv2D(3, 1)),
            GIVEN,
            r"generator: the network 'mine' gives \(None, 8, 8, 3\) for \(None, 3\), but \(None, 8, 8, 1\) is expected",
        ),
        (lambda: decoder(inputs=4), GIVEN, r"generator: the network 'mine' does not take \(None, 3\), as it must: "),
        (
            lambda: decoder(layers.Flatten(), layers.Dense(2)),
            {"latent_dim": 3, "outputs": 1},
            r"gives \(None, 2\) for \(None, 3\), but \(None, 1\) is expected",
        ),
        (
            decoder,
            {**GIVEN, "conditioning": (Label(5),)},
            r"'mine' does not take \(None, 3\), \(None, 5\), as it must",
        ),
    ],
    ids=["channels", "latents", "two scores", "no labels"],
)
def test_a_model_of_other_inputs_or_outputs(network, given, message):
    with pytest.raises(ValueError, match=message) as caught:
        build(network(), given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("last", [layers.Dense(1, activation="sigmoid"), layers.Activation("sigmoid")])
def test_a_sigmoid_where_logits_are_due(last):
    scores = [layers.Flatten(), layers.Dense(1), last]
    with pytest.warns(UserWarning, match="'mine' ends in a sigmoid, but logits are due"):
        build(decoder(*scores), {"latent_dim": 3, "outputs": 1})


def test_a_sigmoid_where_images_are_due():
    with pytest.warns(UserWarning, match=r"'mine' ends in a sigmoid, in .0, 1., but images lie in"):
        build(decoder(layers.Activation("sigmoid")))
    with pytest.warns(UserWarning, match="logits are due"):
        build(decoder(layers.Activation("sigmoid")), {**GIVEN, "activation": "linear"})


def test_latents_may_be_squashed():
    x = layers.Input((8, 8, 1))
    encoder = keras.Model(x, layers.Dense(3, activation="sigmoid")(layers.Flatten()(x)))
    assert build(encoder, {"image_shape": (8, 8, 1), "outputs": 3}) == (encoder, None)


def test_channels_are_last_whatever_the_user_s_settings_say():
    keras.config.set_image_data_format("channels_first")
    try:
        network, _ = build("dcgan_generator", {**GIVEN, "image_shape": (16, 16, 3)})
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")
    assert network.output_shape == (None, 16, 16, 3)


def test_its_layers_have_the_model_s_policy_and_the_global_one_stays():
    before = keras.config.dtype_policy().name
    network, _ = build({"network": "dcgan_generator", "filters": (4,)}, policy=keras.DTypePolicy("mixed_bfloat16"))
    assert next(layer for layer in network.layers if layer.weights).compute_dtype == "bfloat16"
    assert network.output.dtype == "float32"
    with pytest.raises(ValueError, match="cannot be halved"):
        build("conv_decoder", policy=keras.DTypePolicy("mixed_bfloat16"))
    assert keras.config.dtype_policy().name == before


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("dcgan_generater", "there is no network 'dcgan_generater'; did you mean 'dcgan_generator'"),
        (
            {"network": "dcgan_generator", "filter": (4,)},
            "generator.filter: 'dcgan_generator' takes no such argument; did you mean 'filters'",
        ),
        ({"network": "dcgan_generator", "latent_dim": 7}, "generator.latent_dim: 'dcgan_generator' takes no such"),
        ({"filters": (4,)}, "generator is .*, but the name of a network, or a mapping with the key 'network', is"),
        (64, "generator is 64, but the name of a network"),
        (
            "dcgan_discriminator",
            "generator: the network 'dcgan_discriminator' takes no latent_dim, so it cannot be the",
        ),
    ],
)
def test_what_is_no_network_for_it(value, message):
    with pytest.raises(ValueError, match=message):
        build(value)
