"""What every registered model keeps, where it takes a process of its own: one process a check, for some models."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from keras_genzoo.images import to_pixels
from keras_genzoo.model import GenerativeModel
from tests.contracts import helpers

pytestmark = pytest.mark.slow

each_model = pytest.mark.parametrize("name", helpers.NAMES)
LOT = 5
"""Models of a process: its start takes some of a test's time, and so would all models."""
Arrays = dict[str, np.ndarray]


def result(folder: Path, name: str) -> Arrays:
    """What a process wrote of a model."""
    error = folder / f"{name}.error"
    assert not error.exists(), error.read_text(encoding="utf-8")
    with np.load(folder / f"{name}.npz") as arrays:
        return dict(arrays)


def starting_with(prefix: str, arrays: Arrays) -> Arrays:
    """The arrays of that prefix, under the rest of their names."""
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def in_lots(run: Callable[[list[str]], None]) -> Callable[[str], None]:
    """A function of a model's name that sees to it that `run` was called for the lot which that model is in."""
    once = functools.cache(lambda number: run(helpers.NAMES[LOT * number : LOT * (number + 1)]))
    return lambda name: once(helpers.NAMES.index(name) // LOT)


@pytest.fixture(scope="module")
def on_jax(tmp_path_factory):
    """What `KERAS_BACKEND=jax` makes of a model, in a process where TensorFlow cannot be imported."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("jax")

    def run(names: list[str]) -> None:
        for name in names:
            np.savez(folder / f"{name}.start.npz", *helpers.build(name).get_weights())
        helpers.python("-m", "tests.contracts.on_jax", folder, *names, KERAS_BACKEND="jax")

    ready = in_lots(run)

    def arrays(name: str) -> Arrays:
        ready(name)
        return result(folder, name)

    return arrays


@each_model
def test_jax_trains_as_tensorflow_does(on_jax, name):
    there, here = on_jax(name), helpers.two_steps(name)
    for number, (variable, value) in enumerate(zip(here.weights, here.get_weights(), strict=True)):
        np.testing.assert_allclose(
            there[f"weight_{number}"], value, atol=1e-6, rtol=1e-5, err_msg=f"{number} {variable.path}"
        )
    np.testing.assert_allclose(there["images"].astype(int), here.generate(3, seed=5), atol=1)


@each_model
def test_training_on_jax_goes_on_from_saved_weights(on_jax, name):
    arrays = on_jax(name)
    helpers.assert_same(starting_with("whole_", arrays), starting_with("resumed_", arrays))


@each_model
def test_logs_on_jax_are_finite_and_validation_repeats(on_jax, name):
    arrays = on_jax(name)
    logs = starting_with("log_", arrays)
    for log, value in starting_with("evaluated_", arrays).items():
        assert np.isfinite(logs[log]).all()
        np.testing.assert_allclose(logs[f"val_{log}"][-1], value, rtol=1e-6, err_msg=log)


@pytest.fixture(scope="module")
def on_replicas(tmp_path_factory):
    """What `MirroredStrategy` makes of a model on two virtual CPUs, by check."""
    folder = tmp_path_factory.mktemp("replicas")
    ready = in_lots(
        lambda names: helpers.python(
            "-m", "tests.contracts.on_two_replicas", folder, *names, KERAS_BACKEND="tensorflow"
        )
    )

    def arrays(name: str, check: str) -> Arrays:
        ready(name)
        return result(folder, f"{name}.{check}")

    return arrays


@each_model
def test_two_replicas_with_the_same_shard_and_noise_equal_one(on_replicas, name):
    arrays = on_replicas(name, "one_and_two")
    one, two = starting_with("one_", arrays), starting_with("two_", arrays)
    assert one.keys() == two.keys()
    start = helpers.build(name)
    moved = 0.0
    for number, (variable, value) in enumerate(zip(start.weights, start.get_weights(), strict=True)):
        key = str(number)
        np.testing.assert_allclose(two[key], one[key], atol=1e-5, rtol=1e-5, err_msg=variable.path)
        moved = max(moved, np.abs(one[key] - value).max()) if variable.trainable else moved
    assert moved > 1e-4  # a step that a factor of two would show in


@each_model
def test_each_replica_draws_its_own_noise(on_replicas, name):
    arrays = on_replicas(name, "draws")
    one, two = starting_with("0_", arrays), starting_with("1_", arrays)
    assert one.keys() == two.keys()
    everything = [value.tobytes() for value in [*one.values(), *two.values()]]
    assert len(set(everything)) == len(everything)


@each_model
def test_fit_and_validation_work_on_replicas(on_replicas, name):
    logs = on_replicas(name, "fitted")
    assert logs and all(np.isfinite(values).all() for values in logs.values())


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
                f"{endpoint}-{number}": value
                for endpoint in model.endpoints()
                for number, value in enumerate(arguments(model, endpoint))
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
    if endpoint == "generate":
        return [np.array(3, "int32"), np.array(2**32 - 1, "int64")]
    if endpoint == "sample":
        return [np.array([0, 1, 70_000], "int32"), np.array(2**32 - 1, "int64")]
    random = np.random.default_rng(2)
    given = []
    for shape, dtype in model.endpoints()[endpoint].inputs.values():
        numbers = random.uniform(-1, 1, tuple(3 if size is None else size for size in shape))
        given.append((numbers * 127.5 + 127.5 if dtype == "uint8" else numbers).astype(dtype))
    return given


@each_model
def test_an_export_answers_as_the_model_does(exported, name):
    model, answers = exported(name)
    np.testing.assert_array_equal(answers.pop("serving_default"), answers["serve"])
    assert answers.keys() == model.endpoints().keys()
    expected = {
        "serve": ops.convert_to_numpy(model(arguments(model, "serve")[0])),
        "generate": model.generate(3, seed=2**32 - 1),
        "sample": to_pixels(ops.convert_to_numpy(model.sample(*arguments(model, "sample")))),
    }
    for endpoint, answer in answers.items():
        if endpoint not in expected:
            expected[endpoint] = getattr(model, endpoint)(*arguments(model, endpoint))
        assert answer.dtype == expected[endpoint].dtype
        tolerance = 1 if answer.dtype == np.uint8 else 1e-5
        np.testing.assert_allclose(
            answer.astype(float), expected[endpoint].astype(float), atol=tolerance, err_msg=endpoint
        )


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@each_model
def test_mixed_precision_stays_finite_until_every_player_moved(name, policy, tmp_path):
    model = helpers.build(name, dtype=policy)
    model.compile()
    steps, path = 20, tmp_path / "half.weights.h5"
    stream = helpers.training(model)
    first = model.fit(stream, steps_per_epoch=steps, verbose=0).history
    model.save_weights(path)
    second = model.fit(stream, steps_per_epoch=steps, initial_epoch=1, epochs=2, verbose=0).history
    for player in model.players():
        optimizer = model.optimizer.players[player.name]
        assert getattr(optimizer, "inner_optimizer", optimizer).iterations > 0, player.name
    assert np.isfinite([*first.values(), *second.values()]).all()
    for variable_path, value in helpers.state(model).items():
        assert np.isfinite(value).all(), variable_path
    assert len(np.unique(model.generate(2))) > 1
    resumed = helpers.build(name, dtype=policy)
    resumed.compile()
    resumed.load_weights(path)  # the scale of the losses among the rest
    resumed.fit(stream, steps_per_epoch=steps, initial_epoch=1, epochs=2, verbose=0)
    helpers.assert_same(helpers.state(resumed), helpers.state(model))
