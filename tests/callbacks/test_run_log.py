import math

import keras
import numpy as np
import pytest

from keras_genzoo import config
from keras_genzoo.artifacts import Checkpoints, DivergedError, Position, Run
from keras_genzoo.callbacks import RunLog, StoppedError
from keras_genzoo.callbacks import run_log as module
from keras_genzoo.data import ArraySource, Stream

PRESET = {
    "schema": 1,
    "model": "dcgan",
    "data": {"dataset": "drawn_faces", "batch_size": 4},
    "arguments": {
        "image_shape": [8, 8, 3],
        "latent_dim": 4,
        "ema_momentum": 0.9,
        "generator": {"network": "dcgan_generator", "filters": [8, 4]},
        "discriminator": {"network": "dcgan_discriminator", "filters": [4, 8]},
    },
    "fit": {"epochs": 3},
}
STEPS = 4


@pytest.fixture(scope="module")
def data():
    x = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), "uint8")
    return Stream(ArraySource(x), batch_size=4), Stream(ArraySource(x[:6]), batch_size=4, shuffle=False)


@pytest.fixture(scope="module")
def compiled():
    """One model for all tests, so that it is traced once."""
    return config.build(PRESET, seed=0)


@pytest.fixture(scope="module")
def initial(compiled, tmp_path_factory):
    """A checkpoint of the model before its training."""
    checkpoints = Checkpoints(tmp_path_factory.mktemp("initial"))
    checkpoints.save(compiled, Position())
    return checkpoints


@pytest.fixture(scope="module")
def uninterrupted(compiled, initial, data, tmp_path_factory):
    """The state of the model after three epochs, and the run."""
    initial.restore(compiled)
    with Run.create(tmp_path_factory.mktemp("runs") / "whole", PRESET, {}) as run:
        fit(compiled, RunLog(run), data, epochs=3)
    return state(compiled), run


@pytest.fixture
def model(compiled, initial):
    """The model as before its training."""
    initial.restore(compiled)
    return compiled


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", PRESET, {}) as run:
        yield run


def fit(model, log, data, epochs, first=0, steps=STEPS):
    train, held_out = data
    model.fit(
        train,
        initial_epoch=first,
        epochs=epochs,
        steps_per_epoch=steps,
        validation_data=held_out,
        callbacks=[log],
        verbose=0,
    )


def state(model):
    return [keras.ops.convert_to_numpy(v) for v in [*model.variables, *model.optimizer.variables]]


def untimed(history):
    return [{key: value for key, value in line.items() if key != "seconds"} for line in history]


@pytest.mark.slow
def test_every_epoch_leaves_a_line(uninterrupted, compiled):
    _, run = uninterrupted
    history = run.history()
    assert [line["epoch"] for line in history] == [1, 2, 3]
    assert [line["iterations"] for line in history] == [STEPS, 2 * STEPS, 3 * STEPS]
    names = ["epoch", "iterations", "seconds", *compiled.logs, *(f"val_{log}" for log in compiled.logs)]
    assert [list(line) for line in history] == 3 * [names]
    assert all(math.isfinite(value) for line in history for value in line.values())


def test_the_first_and_the_last_epoch_leave_a_checkpoint(uninterrupted):
    _, run = uninterrupted
    assert [path.name for path in run.checkpoints] == ["epoch-0003", "epoch-0001"]
    assert (run.path / "losses.png").is_file()


def test_how_often_is_a_matter_of_time(run, model, data, monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))  # a second passes between two looks
    fit(model, RunLog(run, seconds=1.0), data, epochs=3)
    assert [path.name for path in run.checkpoints] == ["epoch-0003", "epoch-0002"]


@pytest.mark.slow
def test_a_long_epoch_is_saved_within(run, model, data):
    fit(model, RunLog(run, seconds=0.0), data, epochs=2)
    assert [path.name for path in run.checkpoints] == ["epoch-0002", f"epoch-0001-step-{STEPS - 1:06d}"]


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, STEPS + 2, 2 * STEPS - 1])
def test_a_training_that_was_stopped_in_mid_epoch_goes_on_exactly(uninterrupted, run, model, data, steps):
    with pytest.raises(StoppedError):
        fit(model, RunLog(run, stop=lambda: model.iterations == steps), data, epochs=3)
    fit(model, keras.callbacks.Callback(), data, epochs=1)  # must leave no trace

    position = run.restore(model)
    assert (position.epoch, position.step) == divmod(steps, STEPS)
    assert position.iterations == model.iterations == steps
    run.go_back_to(position)
    log = RunLog(run, position)
    fit(model, log, data, first=position.epoch, epochs=position.epoch + 1, steps=STEPS - position.step)
    fit(model, log, data, first=position.epoch + 1, epochs=3)

    whole, whole_run = uninterrupted
    for one, other in zip(state(model), whole, strict=True):
        np.testing.assert_array_equal(one, other)
    assert untimed(run.history()) == untimed(whole_run.history())


def test_asked_to_stop_at_the_end_of_an_epoch_it_completes_it(run, model, data):
    log = RunLog(run, Position(iterations=0), seconds=1e9, stop=lambda: model.iterations == STEPS)
    with pytest.raises(StoppedError):
        fit(model, log, data, epochs=3)
    (line,) = run.history()
    assert line["epoch"] == 1 and "val_generator_loss" in line
    assert next(iter(run.checkpoints)).name == "epoch-0001"


def test_a_stop_in_the_last_step_is_the_end(run, model, data):
    log = RunLog(run, stop=lambda: model.iterations == STEPS)
    fit(model, log, data, epochs=1)
    assert log.position == Position(epoch=1, iterations=STEPS, images=model.images_seen)


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 2])
def test_a_training_that_diverges_is_stopped_and_not_saved(run, model, data, epochs):
    log = RunLog(run)
    fit(model, log, data, epochs=epochs - 1)
    log.seconds = 0.0
    weight = model.generator.trainable_variables[0]
    weight.assign(weight + math.nan)
    with pytest.raises(DivergedError, match="is not finite, so the state is not saved"):
        fit(model, log, data, first=epochs - 1, epochs=3)
    assert [path.name for path in run.checkpoints] == ["epoch-0001"][: epochs - 1]
    assert not list(run.checkpoints.folder.glob(".aside*"))
