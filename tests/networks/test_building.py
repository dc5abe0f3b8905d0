import keras
import pytest
from keras import layers

from keras_genzoo.networks.building import build_network

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


def test_a_model_is_taken_as_it_is():
    inputs = layers.Input((3,))
    model = keras.Model(inputs, layers.Dense(1)(inputs), name="mine")
    assert build(model) == (model, None) and model.name == "mine"


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
