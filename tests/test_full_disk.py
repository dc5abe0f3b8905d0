"""A disk that is full: nothing is begun that cannot be finished, what was saved stays, and the training goes on."""

import errno
import json
import math
import os
import shutil
import time
from collections import namedtuple

import keras
import numpy as np
import pytest

from keras_genzoo.artifacts import Checkpoints, Position, Run, RunError
from keras_genzoo.artifacts.checkpoints import check
from keras_genzoo.callbacks import ImageGrid, run_log
from keras_genzoo.callbacks.run_log import MOST_FAILURES
from keras_genzoo.cli import main
from tests.mounts import small_disk
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


CONFIG = {
    "schema": 1,
    "model": "dcgan",
    "data": {"dataset": "drawn_faces", "batch_size": 4, "num_images": 8, "held_out": 4},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": [4]},
        "discriminator": {"network": "dcgan_discriminator", "filters": [4]},
    },
    "fit": {"epochs": 9},
}


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", CONFIG, {}) as run:
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
    with pytest.warns(UserWarning, match="none is saved yet"), pytest.raises(OSError, match="MiB free"):
        fit(model, run, 10)
    assert len(run.history()) == MOST_FAILURES


def test_the_last_checkpoint_must_not_fail(model, run, disk):
    disk(0)
    with pytest.raises(OSError, match="MiB free"):
        fit(model, run, 1)


def test_who_holds_a_run_is_told(run):
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


# A real disk, which gets full


class SmallDisk:
    """A disk of 4 MB, and what fills it."""

    def __init__(self, folder):
        self.folder = folder
        self.ballast = folder / "ballast"

    def fill(self, but=0):
        self.ballast.unlink(missing_ok=True)
        now = os.statvfs(self.folder)
        self.ballast.write_bytes(bytes(max(0, now.f_bavail * now.f_frsize - but)))

    def free(self):
        self.ballast.unlink()


@pytest.fixture
def small(tmp_path):
    with small_disk(tmp_path / "disk", 4) as folder:
        yield SmallDisk(folder)


def test_a_write_that_fails_anywhere_leaves_the_last_checkpoint(small, disk):
    """Where the system claims that there is space: quotas, other writers, network disks."""
    model = Toy(image_shape=(64, 64, 3))  # 0.3 MB
    model.compile()
    checkpoints = Checkpoints(small.folder / "checkpoints")
    first = checkpoints.save(model, Position(1))
    disk(2**40)
    failed, left = 0, 0
    while True:
        small.fill(but=left)
        try:
            second = checkpoints.save(model, Position(2))
            break
        except OSError as error:
            assert error.errno == errno.ENOSPC
        assert list(checkpoints.folder.iterdir()) == [first]
        assert check(first) == Position(1)
        failed, left = failed + 1, left + 40_000
    assert failed > 7
    assert check(second) == Position(2) and list(checkpoints) == [second, first]


class Filling(keras.callbacks.Callback):
    """Fills a disk in the second epoch, and frees it in the fourth."""

    def __init__(self, small, run):
        super().__init__()
        self.small = small
        self.run = run

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.run.checkpoints.wait()
            self.small.fill()
        if epoch == 3:
            self.small.free()


def test_a_training_outlasts_a_full_disk(small):
    model = Toy(image_shape=(64, 64, 3))
    model.compile()
    with Run.create(small.folder / "run", CONFIG, {}) as run:
        callbacks = [Filling(small, run), run_log.RunLog(run, seconds=1e-9)]
        with pytest.warns(UserWarning) as told:
            model.fit(images(8, (64, 64, 3)), batch_size=4, epochs=4, callbacks=callbacks, verbose=0)
    lines = [str(one.message) for one in told]
    assert not any("\n" in line for line in lines)
    (first, second) = (line for line in lines if "could not be saved" in line)
    assert first.startswith(
        "the checkpoint epoch-0002 could not be saved (0 MiB free, 1 MiB needed): the last saved one is"
    )
    assert second.startswith("the checkpoint epoch-0003 could not be saved")
    assert [path.name for path in run.checkpoints] == ["epoch-0004", "epoch-0001"]
    assert [check(path).epoch for path in run.checkpoints] == [4, 1]
    assert [line["epoch"] for line in run.history()] == [1, 2, 3, 4]
    assert all("first_loss" in line for line in run.history())


@pytest.mark.slow
def test_a_disk_that_stays_full_ends_it_with_one_line(small, monkeypatch, tmp_path, capfd):
    draw = ImageGrid.on_epoch_end

    def draw_and_fill(self, epoch, logs=None):
        draw(self, epoch, logs)
        if epoch == 0:
            while not (run / "checkpoints" / "epoch-0001").is_dir():
                time.sleep(0.01)  # a thread is writing it
            small.fill()

    monkeypatch.setattr(ImageGrid, "on_epoch_end", draw_and_fill)
    (tmp_path / "tiny.json").write_text(json.dumps(CONFIG))
    run = small.folder / "run"
    capfd.readouterr()
    assert main(["train", str(tmp_path / "tiny.json"), "--output", str(run), "--checkpoint-every", "0"]) == 1
    *warned, error = capfd.readouterr().err.splitlines()
    assert error.startswith("genzoo: error: ") and "MiB free" in error
    assert warned and all(line.startswith("genzoo: warning: ") for line in warned)
    (last,) = Run(run).checkpoints
    assert check(last).epoch == 1
