import math
import os
import shutil
import stat
import subprocess
import threading

import keras
import numpy as np
import pytest

from keras_genzoo import config, files
from keras_genzoo.artifacts import Checkpoints, DivergedError, Position, Run, RunError
from keras_genzoo.artifacts import checkpoints as module
from tests.artifacts.helpers import PRESET, assert_same_state, state
from tests.toys import Growing


def test_all_state_comes_back(tmp_path, model, fresh):
    position = Position(epoch=1, step=2, iterations=6, seconds=1.5, metrics=(0.1, 3.0, 0.2, 3.0))
    Checkpoints(tmp_path).save(model, position)
    assert not np.array_equal(state(fresh)[0], state(model)[0])
    assert Checkpoints(tmp_path).restore(fresh) == position
    assert_same_state(fresh, model)


@pytest.mark.slow
def test_the_newest_two_are_kept(tmp_path, model):
    checkpoints = Checkpoints(tmp_path)
    for epoch, step in ((1, 0), (2, 0), (2, 7), (3, 0), (10000, 0)):
        checkpoints.save(model, Position(epoch=epoch, step=step))
    assert [path.name for path in checkpoints] == ["epoch-10000", "epoch-0003"]
    assert checkpoints.newest == (10000, 0)


def test_a_step_is_newer_than_the_epoch_before_it(tmp_path, model):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(model, Position(epoch=2, step=7))
    checkpoints.save(model, Position(epoch=2))
    assert [path.name for path in checkpoints] == ["epoch-0002-step-000007", "epoch-0002"]


def test_the_same_position_can_be_saved_again(tmp_path, model):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(model, Position(epoch=1, seconds=1.0))
    checkpoints.save(model, Position(epoch=1, seconds=2.0))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]
    assert checkpoints.restore(model).seconds == 2.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.weights.h5", "missing"),
        ("model.weights.h5", "half"),
        ("model.weights.h5", "empty"),
        ("model.weights.h5", "a folder"),
        ("meta.json", "missing"),
        ("meta.json", "half"),
        ("SHA256SUMS", "missing"),
        ("SHA256SUMS", "half"),
        ("SHA256SUMS", "empty"),
    ],
)
def test_a_damaged_one_is_passed_over(tmp_path, model, fresh, name, damage):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(model, Position(epoch=1, iterations=4))
    newest = checkpoints.save(model, Position(epoch=2, iterations=8))
    file = newest / name
    content = file.read_bytes()
    file.unlink()
    if damage == "a folder":
        file.mkdir()
    elif damage != "missing":
        file.write_bytes(content[: len(content) // 2] if damage == "half" else b"")
    with pytest.warns(UserWarning, match=r"epoch-0002\S* is (damaged|missing).*; going back to epoch-0001\."):
        assert checkpoints.restore(fresh).epoch == 1
    assert_same_state(fresh, model)
    assert newest.is_dir()


@pytest.mark.parametrize("name", ["model.weights.h5", "meta.json", "SHA256SUMS"])
def test_every_flipped_byte_is_noticed(tmp_path, model, name):
    folder = Checkpoints(tmp_path).save(model, Position(epoch=2, iterations=8))
    assert module.check(folder) == Position(epoch=2, iterations=8)
    random, whole = np.random.default_rng(0), (folder / name).read_bytes()
    for _ in range(64):
        content = bytearray(whole)
        content[random.integers(len(content))] ^= 1 << random.integers(8)
        (folder / name).write_bytes(content)
        with pytest.raises(module.DamagedError, match=name if name != "SHA256SUMS" else "fit SHA256SUMS"):
            module.check(folder)
    (folder / name).write_bytes(whole)
    module.check(folder)


@pytest.mark.slow
def test_who_goes_on_sets_a_damaged_one_aside(tmp_path, model, fresh):
    checkpoints = Checkpoints(tmp_path)
    for _ in range(2):
        checkpoints.save(model, Position(epoch=1))
        (checkpoints.save(model, Position(epoch=2)) / "meta.json").write_text("{}")
        with pytest.warns(UserWarning, match="set aside as damaged-epoch-0002"):
            assert checkpoints.restore(fresh, set_aside=True).epoch == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "damaged-epoch-0002",
        "damaged-epoch-0002-1",
        "epoch-0001",
    ]


def test_training_does_not_start_anew_in_silence(tmp_path, model):
    checkpoints = Checkpoints(tmp_path)
    (checkpoints.save(model, Position(epoch=1)) / "meta.json").unlink()
    for _ in range(2):
        with pytest.raises(RunError, match=r"meta.json is missing; none of the 1 checkpoints .* can be used: remove"):
            checkpoints.restore(model, set_aside=True)


def test_sha256sum_reads_the_checksums(tmp_path, model):
    folder = Checkpoints(tmp_path).save(model, Position(epoch=1))
    if (program := shutil.which("sha256sum")) is None:
        pytest.skip("there is no sha256sum")
    subprocess.run([program, "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)


def test_a_state_with_nan_is_not_written(tmp_path, fresh):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(fresh, Position(epoch=1))
    moment = fresh.optimizer.players["generator"].variables[-1]
    moment.assign(moment + np.inf)
    with pytest.raises(DivergedError, match=rf"{moment.path} is not finite"):
        checkpoints.save(fresh, Position(epoch=2))
    moment.assign(keras.ops.zeros_like(moment))
    with pytest.raises(DivergedError, match=r"the 2\. mean is not finite"):
        checkpoints.save(fresh, Position(epoch=2, metrics=(0.0, math.nan)))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]


@pytest.mark.slow
def test_the_training_may_go_on_while_a_thread_writes(tmp_path, model, fresh, monkeypatch):
    hold, flush = threading.Event(), files.flush
    monkeypatch.setattr(files, "flush", lambda path: hold.wait(60) and flush(path))
    before = state(fresh)
    future = Checkpoints(tmp_path).begin(fresh, Position(epoch=1))
    fresh.set_weights(model.get_weights())
    assert not future.done() and not list(Checkpoints(tmp_path))
    hold.set()
    assert future.result().name == "epoch-0001"
    Checkpoints(tmp_path).restore(fresh)
    for one, other in zip(state(fresh), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_saved(tmp_path, model):
    assert Checkpoints(tmp_path / "none").restore(model) is None


def test_another_model(tmp_path, model):
    Checkpoints(tmp_path).save(model, Position(epoch=1))
    other = config.build({**PRESET, "arguments": {**PRESET["arguments"], "latent_dim": 5}})
    with pytest.raises(RunError, match="holds no state of this DCGAN"):
        Checkpoints(tmp_path).restore(other)


@pytest.mark.slow
def test_a_full_disk_loses_nothing(tmp_path, model, fresh, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(model, Position(epoch=1, iterations=4))

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "flush", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(model, Position(epoch=2))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]
    assert checkpoints.restore(fresh).epoch == 1


@pytest.mark.slow
def test_killed_between_two_renames(tmp_path, model, fresh):
    checkpoints = Checkpoints(tmp_path)
    saved = checkpoints.save(model, Position(epoch=1))
    saved.rename(tmp_path / ".older-epoch-0001")  # the new one was to take its place
    checkpoints.sweep()
    assert checkpoints.restore(fresh) == Position(epoch=1)


def test_what_a_killed_process_left_is_swept_at_resume(run, model):
    run.checkpoints.save(model, Position(epoch=1))
    left = run.path / "checkpoints" / ".epoch-0002.123.part"
    shutil.copytree(next(iter(run.checkpoints)), left)
    run.__exit__()
    with Run.resume(run.path, PRESET) as again:
        assert not left.exists() and again.checkpoints.newest == (1, 0)


def test_others_may_read_it(tmp_path, model):
    folder = Checkpoints(tmp_path).save(model, Position(epoch=1))
    os.umask(before := os.umask(0o022))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~before


def test_a_model_that_grows_is_restored_in_its_stage(tmp_path):
    grown = Growing(ema_momentum=0.5)
    grown.compile(keras.optimizers.SGD(0.25, momentum=0.5))
    grown.begin_stage(1)
    grown.optimizer.iterations.assign(7)
    position = Position(epoch=1, iterations=7, images=70, stage=1)
    Checkpoints(tmp_path).save(grown, position)

    again = Growing(ema_momentum=0.5)
    again.compile(keras.optimizers.SGD(0.25, momentum=0.5))
    assert Checkpoints(tmp_path).restore(again) == position
    assert again.stage == 1 and again.iterations == 7
    assert_same_state(again, grown)
