"""What every registered model keeps as a SavedModel, loaded where nobody knows this package."""

from pathlib import Path

import numpy as np
import pytest
from keras import ops

from keras_genzoo.capabilities import Samples, Translates
from keras_genzoo.images import to_pixels
from keras_genzoo.model import GenerativeModel
from tests.contracts import helpers
from tests.contracts.lots import Arrays, each_model, in_lots

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model, and what its SavedModel answers where nobody knows this package, by endpoint."""
    folder = tmp_path_factory.mktemp("exports")
    models: dict[str, GenerativeModel] = {}

    def run(names: list[str]) -> None:
        for name in names:
            model = models[name] = helpers.build(name)
            model.export(folder / name, verify=False)
            given = {
                f"{called}-{argument}": value
                for called, endpoint in model.endpoints().items()
                for argument, value in zip(endpoint.inputs, arguments(model, called), strict=True)
            }
            np.savez(folder / f"{name}.inputs.npz", **given)
        helpers.python(Path(__file__).with_name("on_exports.py"), folder, *names)

    ready = in_lots(run)

    def answers(name: str) -> tuple[GenerativeModel, Arrays]:
        ready(name)
        with np.load(folder / f"{name}.outputs.npz") as arrays:
            return models[name], dict(arrays)

    return answers


def arguments(model: GenerativeModel, endpoint: str) -> list[np.ndarray]:
    """Arrays for an endpoint: three of what it takes any number of."""
    if endpoint.endswith("_with_options"):
        values = [
            np.array(0.5, "float32") for name in model.endpoints()[endpoint].inputs if name in model.sample_options
        ]
        return [*arguments(model, endpoint.removesuffix("_with_options")), *values]
    if endpoint == "generate":
        return [np.array(3, "int32"), np.array(2**32 - 1, "int64")]
    if endpoint == "sample":
        return [np.array([0, 1, 70_000], "int32"), np.array(2**32 - 1, "int64")]
    random = np.random.default_rng(2)
    given = []
    for spec in model.endpoints()[endpoint].inputs.values():
        numbers = random.uniform(-1, 1, tuple(3 if size is None else size for size in spec.shape))
        given.append((numbers * 127.5 + 127.5 if spec.dtype == "uint8" else numbers).astype(spec.dtype))
    return given


@each_model
def test_an_export_answers_as_the_model_does(exported, name):
    model, answers = exported(name)
    np.testing.assert_array_equal(answers.pop("serving_default"), answers["serve-"])
    assert {key.partition("-")[0] for key in answers} == model.endpoints().keys()
    expected = {"serve": ops.convert_to_numpy(model(helpers.packed(model, arguments(model, "serve"))))}
    if isinstance(model, Samples):
        expected["generate"] = model.generate(3, seed=2**32 - 1)
        for endpoint in {"sample", "generate_with_options", "sample_with_options"} & model.endpoints().keys():
            given = arguments(model, endpoint)
            numbers = np.arange(given[0]) if endpoint.startswith("generate") else given[0]
            options = dict(zip(list(model.endpoints()[endpoint].inputs)[2:], given[2:], strict=True))
            expected[endpoint] = to_pixels(ops.convert_to_numpy(model.sample(numbers, given[1], **options)))
    if isinstance(model, Translates):
        for direction, endpoint in zip(model.directions, ("a_to_b", "b_to_a"), strict=False):
            endpoint = endpoint if endpoint in model.endpoints() else "translate"
            expected[endpoint] = model.translate(arguments(model, endpoint)[0], direction)
    for endpoint in model.endpoints():
        given = arguments(model, endpoint)
        if endpoint in ("decode", "map"):
            given = [tuple(given)] if len(given) > 1 else given  # latents, with the codes of labels
        parts = expected[endpoint] if endpoint in expected else getattr(model, endpoint)(*given)
        found = [answer for key, answer in sorted(answers.items()) if key.partition("-")[0] == endpoint]
        wanted = dict(zip(("latents", "labels"), parts, strict=True)) if isinstance(parts, tuple) else {"": parts}
        for (_, part), answer in zip(sorted(wanted.items()), found, strict=True):
            assert answer.dtype == part.dtype
            tolerance = 1 if answer.dtype == np.uint8 else 1e-5
            np.testing.assert_allclose(answer.astype(float), part.astype(float), atol=tolerance, err_msg=endpoint)
