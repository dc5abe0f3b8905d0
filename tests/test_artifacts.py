import json
import math
import os
import shutil
import stat
import subprocess
import threading

import keras
import numpy as np
import pytest

from keras_genzoo import artifacts, config
from keras_genzoo.artifacts import Checkpoints, DivergedError, Position, Run, RunError, begin_stage
from keras_genzoo.artifacts import checkpoints as module
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.model import GenerativeModel, Stage
from keras_genzoo.players import Player

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
RECORD = {"preset": "tiny", "seed": 0, "jit": "auto"}


@pytest.fixture(scope="module")
def stream():
    x = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), "uint8")
    return Stream(ArraySource(x), batch_size=4)


@pytest.fixture(scope="module")
def model(stream):
    """A model that was trained for one epoch."""
    model = config.build(PRESET, seed=0)
    model.fit(stream, epochs=1, verbose=0)
    return model


@pytest.fixture
def fresh():
    return config.build(PRESET, seed=1)


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", PRESET, RECORD) as run:
        yield run


def state(model):
    variables = [*model.variables, *model.optimizer.variables, *model._seed_states()]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assert_same_state(a, b):
    for one, other in zip(state(a), state(b), strict=True):
        np.testing.assert_array_equal(one, other)


class TestCreate:
    def test_config_is_a_preset_with_every_default(self, run):
        text = json.loads((run.path / "config.json").read_text())
        assert text == config.resolve(PRESET)
        assert text["compile"]["optimizer"]["config"]["learning_rate"] == 2e-4
        assert config.load_preset(run.path / "config.json") == text == run.config

    def test_environment_says_what_a_repetition_needs(self, run):
        record = json.loads((run.path / "environment.json").read_text())
        assert record["keras"] == keras.__version__ and record["backend"] == keras.backend.backend()
        assert {"python", "numpy", "platform", "commit", "devices", "keras_genzoo"} < set(record)
        assert {key: record[key] for key in RECORD} == RECORD

    def test_lists_of_numbers_stand_in_one_line(self, run):
        assert '"image_shape": [8, 8, 3]' in (run.path / "config.json").read_text()

    def test_another_run_is_not_overwritten(self, run):
        with pytest.raises(RunError, match="holds another run: go on with it by --resume, or choose another folder"):
            Run.create(run.path, PRESET, RECORD)

    def test_other_files_are_not_mixed_with_a_run(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("precious")
        with pytest.raises(RunError, match="holds other files: choose a new or an empty folder"):
            Run.create(tmp_path, PRESET, RECORD)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    def test_a_file_is_no_folder(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(RunError, match="is a file"):
            Run.create(tmp_path / "file", PRESET, RECORD)

    def test_an_empty_folder_will_do(self, tmp_path):
        with Run.create(tmp_path, PRESET, RECORD) as run:
            assert run.config == config.resolve(PRESET)

    def test_a_wrong_preset_makes_nothing(self, tmp_path):
        with pytest.raises(config.ConfigError):
            Run.create(tmp_path / "run", {**PRESET, "fit": {"epochs": 0}}, RECORD)
        with Run.create(tmp_path / "run", PRESET, RECORD):
            pass


class TestResume:
    def test_only_the_epochs_may_change(self, run):
        run.__exit__()
        with Run.resume(run.path, {**PRESET, "fit": {"epochs": 9}, "about": "longer"}) as again:
            assert again.config["fit"]["epochs"] == 9

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"fit": {"epochs": 3, "steps_per_epoch": 2}}, "fit.steps_per_epoch = null, not 2"),
            ({"data": {"dataset": "drawn_faces", "batch_size": 8}}, "data.batch_size = 4, not 8"),
            ({"data": {"dataset": "mnist", "batch_size": 4}}, 'data.dataset = "drawn_faces", not "mnist"'),
        ],
    )
    def test_nothing_else_may(self, run, change, message):
        before = (run.path / "config.json").read_text()
        with pytest.raises(RunError, match=f"was trained with {message}: to resume, leave it so"):
            Run.resume(run.path, {**PRESET, **change})
        assert (run.path / "config.json").read_text() == before

    def test_fewer_epochs_than_there_are(self, run, model):
        run.checkpoints.save(model, Position(epoch=2, iterations=8))
        with pytest.raises(RunError, match="has 2 epochs already, more than the 1 asked for"):
            Run.resume(run.path, {**PRESET, "fit": {"epochs": 1}})
        run.checkpoints.save(model, Position(epoch=2, step=1, iterations=9))
        with pytest.raises(RunError, match="has 2 epochs and 1 steps already, more than the 2 asked for"):
            Run.resume(run.path, {**PRESET, "fit": {"epochs": 2}})

    def test_two_trainings_do_not_share_a_run(self, run):
        with pytest.raises(RunError, match=r"process .* is training in"):
            Run.resume(run.path, PRESET)
        run.__exit__()
        Run.resume(run.path, PRESET).__exit__()

    def test_no_run(self, tmp_path):
        with pytest.raises(RunError, match=r"is no run folder, it holds no config\.json; `genzoo train PRESET"):
            Run(tmp_path)
        with pytest.raises(RunError, match="it does not exist"):
            Run(tmp_path / "nowhere")


class TestHistory:
    def test_lines_are_read_as_written(self, run):
        run.log({"epoch": 1, "loss": 0.25})
        run.log({"epoch": 2, "loss": float("nan")})
        assert run.history() == [{"epoch": 1, "loss": 0.25}, {"epoch": 2, "loss": None}]
        assert "NaN" not in (run.path / "history.jsonl").read_text()

    def test_what_a_kill_left_unfinished_is_passed_over(self, run):
        run.log({"epoch": 1})
        with (run.path / "history.jsonl").open("a") as file:
            file.write('{"epoch": 2, "lo')
        assert run.history() == [{"epoch": 1}]

    def test_lines_after_the_checkpoint_are_cut(self, run):
        for epoch in (1, 2, 3):
            run.log({"epoch": epoch})
        run.go_back_to(Position(epoch=2, step=5, iterations=13))
        run.log({"epoch": 3, "again": 1})
        assert run.history() == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3, "again": 1}]


class TestCheckpoints:
    def test_all_state_comes_back(self, tmp_path, model, fresh):
        position = Position(epoch=1, step=2, iterations=6, seconds=1.5, metrics=(0.1, 3.0))
        Checkpoints(tmp_path).save(model, position)
        assert not np.array_equal(state(fresh)[0], state(model)[0])
        assert Checkpoints(tmp_path).restore(fresh) == position
        assert_same_state(fresh, model)

    def test_the_newest_two_are_kept(self, tmp_path, model):
        checkpoints = Checkpoints(tmp_path)
        for epoch, step in ((1, 0), (2, 0), (2, 7), (3, 0), (10000, 0)):
            checkpoints.save(model, Position(epoch=epoch, step=step))
        assert [path.name for path in checkpoints] == ["epoch-10000", "epoch-0003"]
        assert checkpoints.newest == (10000, 0)

    def test_a_step_is_newer_than_the_epoch_before_it(self, tmp_path, model):
        checkpoints = Checkpoints(tmp_path)
        checkpoints.save(model, Position(epoch=2, step=7))
        checkpoints.save(model, Position(epoch=2))
        assert [path.name for path in checkpoints] == ["epoch-0002-step-000007", "epoch-0002"]

    def test_the_same_position_can_be_saved_again(self, tmp_path, model):
        checkpoints = Checkpoints(tmp_path)
        checkpoints.save(model, Position(epoch=1, seconds=1.0))
        checkpoints.save(model, Position(epoch=1, seconds=2.0))
        assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]
        assert checkpoints.restore(model).seconds == 2.0

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
    def test_a_damaged_one_is_passed_over(self, tmp_path, model, fresh, name, damage):
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
    def test_every_flipped_byte_is_noticed(self, tmp_path, model, name):
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

    def test_who_goes_on_sets_a_damaged_one_aside(self, tmp_path, model, fresh):
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

    def test_training_does_not_start_anew_in_silence(self, tmp_path, model):
        checkpoints = Checkpoints(tmp_path)
        (checkpoints.save(model, Position(epoch=1)) / "meta.json").unlink()
        for _ in range(2):
            with pytest.raises(
                RunError, match=r"meta.json is missing; none of the 1 checkpoints .* can be used: remove"
            ):
                checkpoints.restore(model, set_aside=True)

    def test_sha256sum_reads_the_checksums(self, tmp_path, model):
        folder = Checkpoints(tmp_path).save(model, Position(epoch=1))
        if (program := shutil.which("sha256sum")) is None:
            pytest.skip("there is no sha256sum")
        subprocess.run([program, "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)

    def test_a_state_with_nan_is_not_written(self, tmp_path, fresh):
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

    def test_the_training_may_go_on_while_a_thread_writes(self, tmp_path, model, fresh, monkeypatch):
        hold, flush = threading.Event(), module.flush
        monkeypatch.setattr(module, "flush", lambda path: hold.wait(60) and flush(path))
        before = state(fresh)
        future = Checkpoints(tmp_path).begin(fresh, Position(epoch=1))
        fresh.set_weights(model.get_weights())
        assert not future.done() and not list(Checkpoints(tmp_path))
        hold.set()
        assert future.result().name == "epoch-0001"
        Checkpoints(tmp_path).restore(fresh)
        for one, other in zip(state(fresh), before, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_nothing_saved(self, tmp_path, model):
        assert Checkpoints(tmp_path / "none").restore(model) is None

    def test_another_model(self, tmp_path, model):
        Checkpoints(tmp_path).save(model, Position(epoch=1))
        other = config.build({**PRESET, "arguments": {**PRESET["arguments"], "latent_dim": 5}})
        with pytest.raises(RunError, match="holds no state of this DCGAN"):
            Checkpoints(tmp_path).restore(other)

    def test_a_full_disk_loses_nothing(self, tmp_path, model, fresh, monkeypatch):
        checkpoints = Checkpoints(tmp_path)
        checkpoints.save(model, Position(epoch=1, iterations=4))

        def full(path):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module, "flush", full)
        with pytest.raises(OSError, match="No space left"):
            checkpoints.save(model, Position(epoch=2))
        assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]
        assert checkpoints.restore(fresh).epoch == 1

    def test_killed_between_two_renames(self, tmp_path, model, fresh):
        checkpoints = Checkpoints(tmp_path)
        saved = checkpoints.save(model, Position(epoch=1))
        saved.rename(tmp_path / f"{module._OLDER}epoch-0001")  # the new one was to take its place
        checkpoints.sweep()
        assert checkpoints.restore(fresh) == Position(epoch=1)

    def test_what_a_killed_process_left_is_swept_at_resume(self, run, model):
        run.checkpoints.save(model, Position(epoch=1))
        left = run.path / "checkpoints" / f"{module._ASIDE}123"
        shutil.copytree(next(iter(run.checkpoints)), left)
        run.__exit__()
        with Run.resume(run.path, PRESET) as again:
            assert not left.exists() and again.checkpoints.newest == (1, 0)

    def test_others_may_read_it(self, tmp_path, model):
        folder = Checkpoints(tmp_path).save(model, Position(epoch=1))
        os.umask(before := os.umask(0o022))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~before


class TestFinishAndLoad:
    @pytest.fixture
    def finished(self, run, model):
        position = Position(epoch=1, iterations=model.iterations)
        run.checkpoints.save(model, position)
        run.finish(position)
        return run

    def test_the_weights_are_those_of_the_checkpoint(self, finished, fresh, model):
        fresh.load_weights(finished.path / "model.weights.h5")
        assert_same_state(fresh, model)
        assert finished.record["finished"]["epoch"] == 1

    def test_load(self, finished, model, stream):
        loaded = artifacts.load(finished.path)
        assert_same_state(loaded, model)
        np.testing.assert_array_equal(loaded.generate(3, seed=5), model.generate(3, seed=5))
        assert loaded.iterations == 4
        loaded.fit(stream, epochs=1, verbose=0)
        assert loaded.iterations == 8

    def test_load_without_checkpoints(self, finished, model):
        shutil.rmtree(finished.path / "checkpoints")
        assert_same_state(artifacts.load(str(finished.path)), model)

    def test_load_of_damaged_weights(self, finished):
        shutil.rmtree(finished.path / "checkpoints")
        weights = finished.path / "model.weights.h5"
        weights.write_bytes(weights.read_bytes()[:-1] + b"?")
        with pytest.raises(RunError, match=r"model\.weights\.h5 is damaged"):
            artifacts.load(finished.path)

    def test_load_prefers_what_was_trained_after_the_end(self, finished, fresh):
        finished.checkpoints.save(fresh, Position(epoch=2, iterations=8))
        assert_same_state(artifacts.load(finished.path), fresh)

    def test_load_before_the_first_checkpoint(self, run):
        with pytest.raises(RunError, match="holds no weights yet"):
            artifacts.load(run.path)

    def test_jit_is_as_it_was_asked_for(self, tmp_path, model):
        with Run.create(tmp_path / "run", PRESET, {**RECORD, "jit": "on"}) as run:
            run.checkpoints.save(model, Position(epoch=1))
        assert artifacts.load(tmp_path / "run").jit_compile is True


class Growing(GenerativeModel):
    """One weight, and a second one from its second stage on."""

    logs = ("loss",)

    def __init__(self):
        super().__init__()
        self.image_shape = (2, 2, 1)
        self.first, self.second = keras.layers.Dense(1, use_bias=False), keras.layers.Dense(1, use_bias=False)
        self.stage = 0
        self.ready(4)

    def call(self, x, training=False):
        return self.second(self.first(x))

    def players(self):
        names = ("first", "second")[: self.stage + 1]
        return (Player("grower", names, lambda x, y, training: (1.0, {"loss": 1.0})),)

    def stages(self):
        return Stage("small", 1.0), Stage("large", 2.0)

    def enter(self, stage):
        self.stage = stage


def test_a_model_that_grows_is_restored_in_its_stage(tmp_path):
    grown = Growing()
    grown.compile({"grower": keras.optimizers.SGD(0.25, momentum=0.5)})
    begin_stage(grown, 0)
    grown.optimizer.iterations.assign(7)
    begin_stage(grown, 1)
    assert grown.iterations == 7
    assert float(grown.optimizer.players["grower"].learning_rate) == 0.25
    Checkpoints(tmp_path).save(grown, Position(epoch=1, iterations=7, stage=1))

    again = Growing()
    again.compile({"grower": keras.optimizers.SGD(0.25, momentum=0.5)})
    assert Checkpoints(tmp_path).restore(again) == Position(epoch=1, iterations=7, stage=1)
    assert again.stage == 1 and again.iterations == 7
    assert_same_state(again, grown)


class TestPlot:
    HISTORY = [{"epoch": n, "iterations": 9 * n, "seconds": 1.0, "loss": 1 / n, "val_loss": 2 / n} for n in range(1, 9)]

    def panels(self, history, tmp_path, monkeypatch):
        """The axes of the figure that is saved."""
        from matplotlib.figure import Figure

        saved = []
        save = Figure.savefig
        monkeypatch.setattr(
            Figure, "savefig", lambda figure, *args, **more: saved.append(figure) or save(figure, *args, **more)
        )
        path = artifacts.plot_losses(history, tmp_path / "losses.png")
        assert path.read_bytes().startswith(b"\x89PNG") and [p.name for p in tmp_path.iterdir()] == ["losses.png"]
        return saved[0].axes

    def test_one_panel_a_log_with_both_curves(self, tmp_path, monkeypatch):
        history = [{**line, "kl": 3.0} for line in self.HISTORY]
        loss, kl = self.panels(history, tmp_path, monkeypatch)
        assert (loss.get_title(), kl.get_title()) == ("loss", "kl")
        training, held_out = loss.lines
        np.testing.assert_array_equal(training.get_xdata(), range(1, 9))
        np.testing.assert_allclose(held_out.get_ydata(), [2 / n for n in range(1, 9)])

    def test_a_huge_first_epoch_does_not_flatten_the_rest(self, tmp_path, monkeypatch):
        history = [{"epoch": 1, "loss": 1e6}, *self.HISTORY[1:]]
        (loss,) = self.panels(history, tmp_path, monkeypatch)
        assert loss.get_ylim()[1] < 2

    def test_gaps_and_a_single_epoch(self, tmp_path, monkeypatch):
        (loss,) = self.panels([{"epoch": 1, "loss": None}, {"epoch": 2, "loss": 1.0}], tmp_path, monkeypatch)
        assert list(loss.lines[0].get_xdata()) == [2]

    def test_nothing_was_logged(self, tmp_path, monkeypatch):
        assert self.panels([], tmp_path, monkeypatch) == []
