"""What models of noise take besides, and models without noise: structures of inputs, options, capabilities."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import capabilities
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.registry import MODELS
from tests.toys import Toy, Translating, TranslatingByName, images


class Truncating(Toy):
    """A toy whose noise is scaled by a tensor, and inverted by an option that is fixed in a graph."""

    sample_options = {
        "truncation": SampleOption(1.0, "scale of the noise"),
        "inverted": SampleOption(False, "whether black is white", type=bool, tensor=False),
    }

    def sample(self, indices, seed, truncation=1.0, inverted=False):
        made = truncation * super().sample(indices, seed)
        return -made if inverted else made


@pytest.fixture(scope="module")
def truncating():
    return Truncating()


def test_options_reach_the_samples(truncating):
    whole = truncating.samples(np.arange(5), seed=1)
    np.testing.assert_allclose(truncating.samples(np.arange(5), seed=1, truncation=0.5), 0.5 * whole, atol=1e-6)
    both = truncating.samples(np.arange(5), seed=1, truncation=0.25, inverted=True)
    np.testing.assert_allclose(both, -0.25 * whole, atol=1e-6)
    assert (truncating.generate(2, truncation=0.0) == 128).all()


class Passing(Truncating):
    def sample(self, indices, seed, **options):
        return super().sample(indices, seed, **options)


def test_options_come_and_go():
    """A graph of TensorFlow fails where numbers of images vary, and keywords come and go."""
    model = Passing()
    whole = model.samples(np.arange(4), truncation=1.0)
    for size, options in ((4, {}), (1, {}), (2, {"truncation": 0.5}), (3, {})):
        expected = options.get("truncation", 1.0) * whole[:size]
        np.testing.assert_allclose(model.samples(np.arange(size), **options), expected, atol=1e-6)


def test_an_option_that_the_model_lacks(truncating):
    with pytest.raises(ValueError, match=r"Truncating .* without the option 'trunc'; did you mean 'truncation'"):
        truncating.generate(2, trunc=0.5)
    with pytest.raises(ValueError, match="Toy makes images without the option 'truncation'; it has none"):
        Toy().generate(2, truncation=0.5)


def test_options_that_are_tensors_are_inputs_of_endpoints(truncating):
    endpoints = truncating.endpoints()
    assert list(endpoints["sample"].inputs) == ["indices", "seed"]
    assert list(endpoints["sample_with_options"].inputs) == ["indices", "seed", "truncation"]
    assert "sample_with_options" not in Toy().endpoints()
    arguments = (np.arange(4), np.int64(3), np.float32(0.5))
    answer = endpoints["sample_with_options"].function(*map(ops.convert_to_tensor, arguments))
    expected = truncating.generate(4, seed=3, truncation=0.5).astype(int)
    assert np.abs(ops.convert_to_numpy(answer).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("kind", [Translating, TranslatingByName])
def test_call_takes_a_structure(kind):
    model = kind()
    x, strengths = images(5), np.linspace(0, 1, 5, dtype="float32")
    given = {"images": x, "strengths": strengths} if kind is TranslatingByName else (x, strengths)
    found = model.in_batches("call", given, 2)
    np.testing.assert_allclose(found[0], x[0], atol=1e-6)
    np.testing.assert_allclose(found, ops.convert_to_numpy(model(given)), atol=1e-6)
    endpoint = model.endpoints()["serve"]
    names = ["images", "strengths"] if kind is TranslatingByName else ["input_0", "input_1"]
    assert [(name, spec.shape) for name, spec in endpoint.inputs.items()] == [
        (names[0], (None, 2, 2, 1)),
        (names[1], (None,)),
    ]
    answer = endpoint.function(*map(ops.convert_to_tensor, (x, strengths)))
    np.testing.assert_allclose(ops.convert_to_numpy(answer), found, atol=1e-6)


def test_a_model_without_noise_trains_and_lacks_what_it_lacks():
    model = Translating()
    assert not isinstance(model, capabilities.Samples) and isinstance(model, capabilities.Translates)
    assert not hasattr(model, "generate")
    model.compile(keras.optimizers.Adam(0.1))
    losses = model.fit(images(8), -images(8), batch_size=4, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.translate(images(3)).dtype == "uint8"


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        ("vae", "Samples DrawsLatents Encodes Decodes Reconstructs HasLikelihood HasLatentStatistics", "FitsPrior"),
        ("ae", "Samples DrawsLatents Encodes Decodes Reconstructs FitsPrior", "HasLikelihood Conditional Corrupts"),
        ("denoising_ae", "Corrupts FitsPrior", "HasLikelihood"),
        ("dcgan", "Samples DrawsLatents Decodes", "Encodes Reconstructs HasLikelihood Conditional FitsPrior"),
        ("cgan", "Samples DrawsLatents Decodes Conditional", "Encodes Translates"),
        ("cvae", "Samples Encodes Decodes Reconstructs Conditional HasLikelihood", "FitsPrior Corrupts"),
    ],
)
def test_capabilities_of_models(name, has, lacks):
    import keras_genzoo.models  # noqa: F401 - registers them

    model = MODELS[name](**MODELS[name].tiny)
    for capability in has.split():
        assert isinstance(model, getattr(capabilities, capability)), capability
    for capability in lacks.split():
        assert not isinstance(model, getattr(capabilities, capability)), capability
