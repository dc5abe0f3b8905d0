"""`genzoo.train` and `genzoo.evaluate`: what the commands do, called from Python."""

import contextlib
import os
import signal
import threading

import pytest

import keras_genzoo
from keras_genzoo import evaluation, training
from keras_genzoo.artifacts import Run, RunError
from keras_genzoo.config import ConfigError
from tests.training.conftest import PRESET


class Cell:
    """What stands for standard output in a notebook, with as little as it may have."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_a_run_has_all_that_the_command_makes(trained):
    assert isinstance(trained, Run)
    assert trained.config["arguments"]["beta"] == 0.5 and trained.record["seed"] == 3
    assert trained.record["preset"] == "preset" and trained.record["finished"]["iterations"] == 2
    assert [line["epoch"] for line in trained.history()] == [1]
    for name in ("diagnosis.jsonl", "latent_walk.png", "reconstructions.png", "samples/epoch-0001.png"):
        assert (trained.path / name).is_file()
    assert keras_genzoo.load(trained.path).iterations == 2


@pytest.mark.slow
def test_results_are_returned_and_kept_where_they_are_wanted(trained, tmp_path, capsys):
    results = keras_genzoo.evaluate(trained, metrics=["losses", "psnr"], output=tmp_path / "numbers")
    values = {result.metric: result.value for result in results}
    assert values["val_loss"] == pytest.approx(trained.history()[-1]["val_loss"], rel=1e-5)
    assert {name: kept[-1].value for name, kept in evaluation.read(tmp_path / "numbers").items()} == values
    assert not evaluation.read(trained.path)
    assert "reconstructions of 20 real images" in capsys.readouterr().err
    again = keras_genzoo.evaluate(str(trained.path), trained, "psnr", output=tmp_path / "n", watch=evaluation.silent)
    assert [result.value for result in again] == [values["psnr"]] and capsys.readouterr() == ("", "")


def test_what_can_be_measured_is_kept_before_the_rest_fails(trained, tmp_path):
    asked = {"features": "pixels", "num": 3, "output": tmp_path, "watch": evaluation.silent}
    with pytest.raises(evaluation.EvaluationError, match="precision: "):
        keras_genzoo.evaluate(trained, metrics="precision,mse", **asked)
    assert set(evaluation.read(tmp_path)) == {"mse"}


@pytest.mark.slow
@pytest.mark.usefixtures("not_ignored")
def test_an_interrupt_keeps_what_was_learned_in_a_notebook_too(tmp_path):
    cell, saved = Cell(), tmp_path / "run" / "checkpoints"

    def interrupt():
        while not saved.is_dir() or not any(saved.glob("epoch-*")):
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    options = {"diagnosis": False, "checkpoint_every": 0.0}
    with contextlib.redirect_stdout(cell), pytest.raises(KeyboardInterrupt, match="resume=True") as stopped:
        keras_genzoo.train(PRESET, tmp_path / "run", epochs=10_000, **options)
    assert isinstance(stopped.value, training.Interrupted) and stopped.value.exit_code == 130
    assert "into   " in cell.text and "stopping after this step" in cell.text and "\x1b" not in cell.text
    run = stopped.value.run
    (epochs, steps), iterations = run.checkpoints.newest, keras_genzoo.load(run.path).iterations
    assert iterations == 2 * epochs + steps > 0
    again = keras_genzoo.train(output=run.path, resume=True, epochs=epochs + 1, **options)
    assert again.record["finished"]["epoch"] == epochs + 1
    assert [line["epoch"] for line in again.history()] == list(range(1, epochs + 2))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, RunError, "say where to: --output"),
        ({"jit": "maybe"}, ValueError, "jit='maybe': expected 'auto' or 'on' or 'off'"),
        ({"on_nan": "go on"}, ValueError, "on_nan='go on': expected 'stop' or 'rollback'"),
        ({"evaluate_every": 0}, ValueError, "evaluate_every=0: expected an integer, 1 or more"),
        ({"checkpoint_every": -1}, ValueError, "expected seconds, 0 or more"),
        ({"set": "arguments.beta=4"}, ValueError, "expected a dictionary, or a list"),
        ({"set": {"arguments.encoder": object()}}, ValueError, "expected what JSON has"),
        ({"set": {"arguments.beta": "much"}}, ConfigError, "arguments.beta: expected"),
        ({"set": ["arguments.beta"]}, ConfigError, "expected key=value"),
        ({"seed": 2**32, "output": "run"}, ConfigError, "seed: expected an integer"),
        ({"resume": True}, RunError, "say which, by --output"),
        ({"resume": True, "output": "nowhere", "from_run": "other"}, RunError, "leave one of them out"),
    ],
)
def test_mistakes_make_nothing(options, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        keras_genzoo.train(PRESET, **{"output": None if options == {} or "resume" in options else "run", **options})
    assert not list(tmp_path.iterdir())
