import json
import shutil

import keras
import numpy as np
import pytest

from keras_genzoo import artifacts, config
from keras_genzoo.artifacts import Position, Run, RunError
from tests.artifacts.helpers import PRESET, RECORD, assert_same_state


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
        with pytest.raises(RunError, match="holds another run: continue it by --resume, or choose another folder"):
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

    @pytest.mark.slow
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
        with pytest.raises(RunError, match=r"is not a run folder: it holds no config\.json; `genzoo train PRESET"):
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

    @pytest.mark.slow
    def test_load_prefers_what_was_trained_after_the_end(self, finished, fresh):
        fresh.optimizer.images_seen.assign(32)
        finished.checkpoints.save(fresh, Position(epoch=2, iterations=8, images=32))
        assert_same_state(artifacts.load(finished.path), fresh)

    @pytest.mark.slow
    def test_a_run_that_counted_steps_goes_on_with_as_many_images(self, finished, fresh):
        finished.checkpoints.save(fresh, Position(epoch=2, iterations=8))
        model = artifacts.load(finished.path)
        assert model.images_seen == 8 * model.turns * PRESET["data"]["batch_size"]

    def test_load_before_the_first_checkpoint(self, run):
        with pytest.raises(RunError, match="holds no weights yet"):
            artifacts.load(run.path)

    @pytest.mark.slow
    def test_jit_is_as_it_was_asked_for(self, tmp_path, model):
        with Run.create(tmp_path / "run", PRESET, {**RECORD, "jit": "on"}) as run:
            run.checkpoints.save(model, Position(epoch=1))
        assert artifacts.load(tmp_path / "run").jit_compile is True
