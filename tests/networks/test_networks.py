"""What every registered network keeps."""

import inspect

import keras
import pytest
from keras import ops

import keras_genzoo.networks  # noqa: F401 - registers them
from keras_genzoo.networks.building import build_network
from keras_genzoo.networks.conditioning import Label, NoiseLevel
from keras_genzoo.registry import NETWORKS

# What models pass to a network, by the name of its argument.
PASSED = {
    "image_shape": (16, 16, 3),
    "target_shape": (16, 16, 1),
    "latent_dim": 64,
    "style_dim": 16,
    "outputs": 128,
    "activation": "tanh",
}
CONDITIONING = [(), (Label(3),), (Label(3, "every_layer"),), (NoiseLevel(8),), (Label(3, "embedding"), NoiseLevel(8))]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NETWORKS))
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("conditioning", CONDITIONING, ids=str)
def test_a_network_maps_what_it_says_in_float32(name, policy, conditioning):
    parameters = inspect.signature(NETWORKS[name]).parameters
    given = {key: value for key, value in {**PASSED, "conditioning": conditioning}.items() if key in parameters}
    spec = {"network": name}
    if name in ("fast_generator", "fast_discriminator"):
        given["image_shape"] = (32, 32, 3)
    if name == "patch_discriminator":  # one score of a patch, and no place for what acts on every layer
        spec, given["outputs"] = {**spec, "receptive_field": 16}, 1
        if any(isinstance(part, NoiseLevel) or part.condition == "every_layer" for part in conditioning):
            with pytest.raises(ValueError, match="cannot act on every layer"):
                build_network("network", spec, given, keras.DTypePolicy(policy))
            return
    network, _ = build_network("network", spec, given, keras.DTypePolicy(policy))
    own = 2 if name.endswith("_synthesis") else 1  # styles and noise
    assert len(network.inputs) == own + len(given.get("conditioning", ()))
    shapes = [(2, *(16 if size is None else size for size in one.shape[1:])) for one in network.inputs]
    inputs = [ops.zeros(shape, one.dtype) for shape, one in zip(shapes, network.inputs, strict=True)]
    outputs = network(inputs if len(inputs) > 1 else inputs[0])
    for output in outputs if isinstance(outputs, list) else [outputs]:
        assert output.shape[0] == 2
        assert keras.backend.standardize_dtype(output.dtype) == "float32"


@pytest.mark.parametrize("name", list(NETWORKS))
def test_only_what_models_pass_has_no_default(name):
    parameters = inspect.signature(NETWORKS[name]).parameters.values()
    assert {one.name for one in parameters if one.default is one.empty} <= set(PASSED)
    assert all(one.annotation is not one.empty for one in parameters)
    assert NETWORKS[name].__doc__
