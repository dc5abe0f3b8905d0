"""A disk that is full: nothing is begun that cannot be finished, what was saved stays, and the training goes on."""

import math
import shutil
from collections import namedtuple

import numpy as np
import pytest

from keras_genzoo.artifacts import Checkpoints, Position, Run, RunError
from keras_genzoo.callbacks import run_log
from keras_genzoo.callbacks.run_log import MOST_FAILURES
from tests.toys import Toy, images

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def model():
    model = Toy()
    model.compile()
    return model


@pytest.fixture
def disk(monkeypatch):
    """Sets the bytes that the disk has left."""

    def leave(free):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(2**40, 2**40 - free, free))

    return leave


def test_a_checkpoint_that_does_not_fit_is_not_begun(model, tmp_path, disk):
    checkpoints = Checkpoints(tmp_path)
    first = checkpoints.save(model, Position(1, iterations=4))
    disk(1000)
    with pytest.raises(OSError, match="0 MiB free, 1 MiB needed"):
        checkpoints.save(model, Position(2, iterations=8))
    assert list(tmp_path.iterdir()) == [first]
    assert checkpoints.restore(model) == Position(1, iterations=4)


@pytest.fixture(autouse=True)
def only_after_epochs(monkeypatch):
    """Saves come after epochs, and not within."""
    monkeypatch.setattr(run_log, "_WITHIN_EPOCHS", math.inf)


def fit(model, run, epochs):
    model.fit(images(8), batch_size=4, epochs=epochs, callbacks=[run_log.RunLog(run, seconds=1e-9)], verbose=0)


@pytest.fixture
def run(tmp_path):
    config = {
        "schema": 1,
        "model": "dcgan",
        "data": {"dataset": "drawn_faces", "batch_size": 4},
        "arguments": {"image_shape": [8, 8, 3]},
        "fit": {"epochs": 1},
    }
    with Run.create(tmp_path / "run", config, {}) as run:
        yield run


def test_a_save_that_fails_is_told_and_the_training_goes_on(model, run, monkeypatch):
    begin, full = Checkpoints.begin, [False, True, True, False]

    def sometimes(self, model, position):
        if full[position.epoch - 1]:
            raise OSError(28, "No space left on device")
        return begin(self, model, position)

    monkeypatch.setattr(Checkpoints, "begin", sometimes)
    with pytest.warns(
        UserWarning, match=r"epoch-000. could not be saved \(No space left on device\): the last"
    ) as told:
        fit(model, run, 4)
    assert [str(one.message)[-7:] for one in told if "could not be saved" in str(one.message)] == ["2 left.", "1 left."]
    assert [path.name for path in run.checkpoints] == ["epoch-0004", "epoch-0001"]


def test_the_training_stops_after_some_failures(model, run, disk):
    disk(0)
    with pytest.warns(UserWarning, match="none is safe yet"), pytest.raises(OSError, match="MiB free"):
        fit(model, run, 10)
    assert len(run.history()) == MOST_FAILURES


def test_the_last_checkpoint_must_not_fail(model, run, disk):
    disk(0)
    with pytest.raises(OSError, match="MiB free"):
        fit(model, run, 1)


def test_who_holds_a_run_is_told(run):
    import os

    with pytest.raises(RunError, match=f"process {os.getpid()} is training in"):
        Run.resume(run.path, run.config)
    (run.path / ".lock.pid").write_text("rubbish")
    with pytest.raises(RunError, match="another process is training in"):
        Run.resume(run.path, run.config)


def test_widths_of_all_types(tmp_path):
    model = Toy(dtype="mixed_bfloat16")
    model.compile()
    saved = Checkpoints(tmp_path).save(model, Position(1))
    assert np.isfinite(saved.stat().st_size)
