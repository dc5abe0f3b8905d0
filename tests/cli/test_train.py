import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import keras_genzoo as genzoo_package
from keras_genzoo import config
from keras_genzoo.artifacts import Run
from tests.cli.conftest import listen_to_signals


def content(path):
    return json.loads(path.read_text())


def test_a_finished_run_has_all_its_parts(trained):
    made = {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file() and path.name != ".lock"}
    assert made == {
        "config.json",
        "diagnosis.jsonl",
        "environment.json",
        "history.jsonl",
        "latents.json",
        "latents.jsonl",
        "losses.png",
        "latent_walk.png",
        "reconstructions.png",
        "samples/epoch-0001.png",
        "samples/epoch-0002.png",
        "checkpoints/epoch-0001/SHA256SUMS",
        "checkpoints/epoch-0001/meta.json",
        "checkpoints/epoch-0001/model.weights.h5",
        "checkpoints/epoch-0002/SHA256SUMS",
        "checkpoints/epoch-0002/meta.json",
        "checkpoints/epoch-0002/model.weights.h5",
        "model.weights.h5",
    }


def test_it_says_what_it_was_told(trained, preset):
    assert content(trained / "config.json") == config.resolve(preset)
    record = content(trained / "environment.json")
    assert (record["preset"], record["seed"], record["jit"], record["jit_compile"]) == ("vae_tiny_16", 3, "auto", False)
    assert record["precision"] == "float32" and record["data"]["path"] is None
    assert record["data"]["train"]["count"] == 64 and record["data"]["held_out"]["count"] == 20
    assert record["finished"]["iterations"] == 8


def test_its_history(trained):
    history = Run(trained).history()
    names = ["loss", "reconstruction", "kl"]
    assert [list(line) for line in history] == 2 * [
        ["epoch", "iterations", "seconds", *names, *(f"val_{n}" for n in names)]
    ]
    assert [line["iterations"] for line in history] == [4, 8]


def test_its_pictures_can_be_seen(trained):
    sizes = {}
    for name in ("samples/epoch-0002.png", "reconstructions.png", "latent_walk.png"):
        with Image.open(trained / name) as picture:
            sizes[name] = picture.size
    side = 6 * (16 + 2)  # six times enlarged
    assert sizes["samples/epoch-0002.png"] == (8 * side - 12, 8 * side - 12)
    assert sizes["reconstructions.png"] == (8 * side - 12, 6 * side - 12)
    assert sizes["latent_walk.png"] == (10 * side - 12, 6 * side - 12)


def test_load_gives_the_trained_model(trained):
    model = genzoo_package.load(trained)
    assert model.iterations == 8
    assert model.generate(2).shape == (2, 16, 16, 3)


@pytest.mark.slow
def test_the_same_seed_trains_the_same_model(genzoo, trained, preset, tmp_path):
    code, text, complaint = genzoo("train", preset, "--output", tmp_path / "again", "--seed", 3)
    assert (code, complaint) == (0, "")
    one, other = (genzoo_package.load(folder).get_weights() for folder in (trained, tmp_path / "again"))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    for line in (
        r"^vae_tiny_16$",
        r"^  model  vae for 16 x 16 x 3; parameters: encoder [\d,]+, decoder [\d,]+$",
        r"^  data   drawn_faces: 64 images to train, 20 held out$",
        r"^  plan   2 epochs of 4 steps, each of 16 images$",
        r"^  on     .*, tensorflow 2\.\S+, float32, no XLA, seed 3$",
        r"^epoch 1/2  .* images/s  loss \S+ \(val \S+\)  reconstruction .*  kl ",
        r"^epoch 2/2  ",
        r"^2 epochs, 8 steps; in .*again:$",
        r"^  latent_walk\.png +walks",
    ):
        assert re.search(line, text, re.MULTILINE), line


def test_a_dry_run_makes_nothing(genzoo, preset, tmp_path):
    code, text, _ = genzoo("train", preset, "--output", tmp_path / "run", "--dry-run")
    assert code == 0 and text.endswith("dry run: nothing was made\n")
    assert "parameters: encoder" in text and "2 epochs of 4 steps" in text
    assert not (tmp_path / "run").exists()
    assert genzoo("train", preset, "--dry-run")[0] == 0


@pytest.mark.slow
def test_options_change_the_preset(genzoo, preset, tmp_path):
    run = tmp_path / "run"
    words = ["--held-out", 8, "--epochs", 1, "--steps-per-epoch", 2, "--jit", "off", "--precision", "mixed_bfloat16"]
    assert genzoo("train", preset, "--output", run, "--set", "arguments.beta=0.5", *words)[0] == 0
    told = content(run / "config.json")
    assert told["arguments"]["beta"] == 0.5 and told["arguments"]["dtype"] == "mixed_bfloat16"
    assert told["data"]["held_out"] == 8 and told["fit"] == {"epochs": 1, "steps_per_epoch": 2}
    record = content(run / "environment.json")
    assert (record["jit"], record["jit_compile"], record["precision"]) == ("off", False, "mixed_bfloat16")
    assert Run(run).history()[-1]["iterations"] == 2


def test_jit_can_be_asked_for(genzoo, preset):
    assert ", float32, XLA, seed 5" in genzoo("train", preset, "--dry-run", "--jit", "on", "--seed", 5)[1]


@pytest.mark.slow
@pytest.mark.parametrize("emulated", [True, False])
def test_emulated_bfloat16_is_advised_against(genzoo, preset, monkeypatch, emulated):
    monkeypatch.setattr("keras_genzoo.training.training.emulates_bfloat16", lambda: emulated)
    text = genzoo("train", preset, "--dry-run", "--precision", "mixed_bfloat16")[1]
    assert ("emulates bfloat16" in text) is emulated
    assert "emulates" not in genzoo("train", preset, "--dry-run")[1]


class TestData:
    def plan(self, genzoo, preset, *words):
        code, text, complaint = genzoo("train", preset, "--dry-run", *words)
        assert code == 0, complaint
        return re.search(r"^  data   (.*)$", text, re.MULTILINE)[1]

    def test_any_preset_takes_any_folder(self, genzoo, preset, folder):
        assert re.match(r"photos/: 3\d images to train, [1-9] held out", self.plan(genzoo, preset, "--data", folder))
        assert (
            self.plan(genzoo, preset, "--data", folder, "--held-out", 10) == "photos/: 30 images to train, 10 held out"
        )

    def test_a_preset_of_folders_keeps_its_options(self, genzoo, preset, folder, tmp_path):
        own = content(preset)
        own["data"] = {"dataset": "ffhq", "batch_size": 16, "held_out": 7}
        (tmp_path / "faces.json").write_text(json.dumps(own))
        assert self.plan(genzoo, tmp_path / "faces.json", "--data", folder) == "photos/: 33 images to train, 7 held out"

    def test_a_dataset_can_be_named(self, genzoo, preset, folder, tmp_path):
        own = content(preset)
        own["data"] = {"dataset": "image_folder", "batch_size": 16}
        (tmp_path / "folder.json").write_text(json.dumps(own))
        plan = self.plan(genzoo, tmp_path / "folder.json", "--data", "drawn_faces")
        assert plan == "drawn_faces: 20,000 images to train, 1,000 held out"

    @pytest.mark.slow
    def test_a_run_on_a_folder_can_be_measured_and_resumed(self, genzoo, mistake, preset, folder, tmp_path):
        run = tmp_path / "run"
        words = ["train", preset, "--output", run, "--held-out", 12, "--epochs", 1, "--data"]
        assert genzoo(*words, folder)[0] == 0
        assert content(run / "config.json")["data"]["dataset"] == "image_folder"
        assert content(run / "environment.json")["data"]["path"] == str(folder)
        assert "beside the images held out of photos/ (12)" in genzoo("evaluate", run, "--metrics", "mse")[1]
        assert genzoo("train", "--output", run, "--resume", "--dry-run")[0] == 0

        moved = folder.rename(tmp_path / "moved")
        assert "say by --data where they are now" in mistake("evaluate", run, "--metrics", "mse")
        text = genzoo("evaluate", run, "--data", moved, "--metrics", "mse")[1]
        assert "beside the images held out of moved/ (12)" in text
        assert genzoo(*words, moved, "--resume", "--dry-run")[0] == 0

        (moved / "00.png").unlink()
        line = mistake("train", "--output", run, "--resume", "--data", moved)
        assert re.search(r"the images are not those that '.*' was trained on \(28 then, 27 now", line)
        moved.rename(folder)
        assert "it is not known which of them it was not trained on" in mistake("evaluate", run, "--metrics", "mse")

    @pytest.mark.slow
    def test_a_folder_goes_before_a_dataset_of_its_name(self, genzoo, preset, folder, monkeypatch, tmp_path):
        folder.rename(tmp_path / "mnist")
        monkeypatch.chdir(tmp_path)
        assert self.plan(genzoo, preset, "--data", "mnist").startswith("mnist/: ")

    def test_a_broken_file_is_named_in_one_warning(self, genzoo, preset, folder):
        (folder / "broken.png").touch()
        _, text, complaint = genzoo("train", preset, "--dry-run", "--data", folder)
        assert "photos/: " in text
        assert re.fullmatch(r"genzoo: warning: photos/: 1 of 41 .* broken\.png is empty.*left out\.\n", complaint)


class TestMistakes:
    @pytest.mark.slow
    def test_nothing_is_made_of_them(self, mistake, preset, tmp_path):
        run = tmp_path / "run"
        (tmp_path / "nothing").mkdir()
        for words, expected in (
            (["vae_drawn_face_32"], "there is no preset 'vae_drawn_face_32': did you mean"),
            (["nothing.json"], "nothing.json: there is no such file"),
            ([preset, "--set", "arguments.latent_dims=3"], "VAE takes no such argument; did you mean 'latent_dim'?"),
            ([preset, "--set", "arguments.beta=NaN"], "expected a finite number, got nan"),
            ([preset, "--set", "beta"], "expected key=value"),
            ([preset, "--held-out", "many"], "data.held_out: expected"),
            ([preset, "--held-out", "2000000"], "data.held_out: expected"),
            ([preset, "--set", "data.batch_size=65"], "batch_size=65 is larger than the data"),
            ([preset, "--data", tmp_path / "nowhere"], "nowhere', nor a dataset of this name; there are: "),
            ([preset, "--data", "fashon_mnist"], "nor a dataset of this name; did you mean 'fashion_mnist'?"),
            ([preset, "--data", preset], "is a file: unpack it and give the folder"),
            ([preset, "--data", tmp_path / "nothing"], "is empty"),
            ([preset, "--resume"], "'.*' is not a run folder: it does not exist"),
            (["--output"], "expected one argument"),
            ([], "say what to train"),
        ):
            line = mistake("train", "--output", run, *words) if words != ["--output"] else mistake("train", *words)
            assert re.search(re.escape(expected).replace(re.escape("'.*'"), "'.*'"), line), line
            assert not run.exists()

    def test_where_to(self, mistake, preset):
        assert mistake("train", preset) == "train: say where to: --output RUN, a new folder."
        assert "say which, by --output RUN" in mistake("train", preset, "--resume")

    def test_faces_that_are_not_there(self, mistake, preset, tmp_path):
        own = content(preset)
        own["data"] = {"dataset": "ffhq", "batch_size": 16}
        (tmp_path / "faces.json").write_text(json.dumps(own))
        for words in ([], ["--data", tmp_path / "nowhere"]):
            line = mistake("train", tmp_path / "faces.json", "--output", tmp_path / "run", *words)
            assert "https://github.com/NVlabs/ffhq-dataset" in line and "CC BY-NC-SA" in line

    def test_labels_that_the_model_does_not_know(self, mistake, tmp_path):
        from PIL import Image

        for name in ("cat", "dog"):
            (tmp_path / "pets" / name).mkdir(parents=True)
            for number in range(8):
                Image.new("L", (28, 28), 20 * number).save(tmp_path / "pets" / name / f"{number}.png")
        words = ["train", "cvae_fashion_mnist_32", "--data", tmp_path / "pets", "--set", "data.batch_size=4"]
        complaint = mistake(*words, "--set", "data.allow_upscaling=true", "--output", tmp_path / "run")
        assert "pets/ has 2 classes, but arguments.num_classes is 10: give --set arguments.num_classes=2." in complaint

    def test_what_the_names_of_files_say_is_found_before_any_is_decoded(self, mistake, folder, tmp_path, monkeypatch):
        monkeypatch.setattr("keras_genzoo.data.prepared.decode_all", None)
        monkeypatch.setattr("keras_genzoo.data.image_files.examine_all", None)
        words = ["train", "cvae_fashion_mnist_32", "--data", folder, "--output", tmp_path / "run"]
        complaint = mistake(*words, "--set", "data.batch_size=4")
        assert complaint.startswith(f"{folder.name}/ has no classes, and CVAE needs the class of each image: put the")
        assert "has 36 images; give a batch_size of at most 36" in mistake(*words, "--set", "data.batch_size=99")

    @pytest.mark.parametrize("inside", ["run", "runs/../runs/one"])
    def test_a_run_is_not_made_among_the_images(self, mistake, preset, folder, inside):
        line = mistake("train", preset, "--data", folder, "--output", f"{folder}/{inside}")
        assert "lies in the folder of images" in line and line.endswith(": name a folder elsewhere.")
        assert len(list(folder.iterdir())) == 40

    def test_drawn_images_are_squares(self, mistake, preset, tmp_path):
        line = mistake("train", preset, "--dry-run", "--set", "arguments.image_shape=[16, 32, 3]")
        assert "dataset 'drawn_faces' gives squares: size=16 x 32 pixels cannot be had of it" in line

    def test_another_run_is_left_alone(self, mistake, preset, trained, tmp_path):
        before = (trained / "model.weights.h5").read_bytes()
        assert "holds another run: continue it by --resume" in mistake("train", preset, "--output", trained)
        assert (trained / "model.weights.h5").read_bytes() == before

    def test_other_files_are_left_alone(self, mistake, preset, folder):
        assert "holds other files" in mistake("train", preset, "--output", folder)
        assert len(list(folder.iterdir())) == 40


@pytest.mark.slow
def test_a_run_begins_with_anothers_weights(genzoo, mistake, preset, trained, tmp_path):
    words = ["train", preset, "--output", tmp_path / "run", "--from", trained]
    code, text, _ = genzoo(*words, "--epochs", 1, "--no-diagnosis")
    assert code == 0 and re.search(rf"^  from   {trained} \(vae_tiny_16, sha256 [0-9a-f]{{12}}\): ", text, re.MULTILINE)
    assert Run(tmp_path / "run").record["from"]["sha256"] == Run(trained).record["finished"]["sha256"]
    assert Run(tmp_path / "run").history()[0]["loss"] < Run(trained).history()[0]["loss"]
    assert "leave one of them out" in mistake(*words, "--resume")
    assert "is not a run folder" in mistake("train", preset, "--output", tmp_path / "other", "--from", tmp_path)


@pytest.mark.slow
def test_a_training_that_diverges_says_so(genzoo, preset, tmp_path):
    rate = "compile.optimizer.config.learning_rate=1e30"
    code, _, complaint = genzoo("train", preset, "--output", tmp_path / "run", "--set", rate)
    assert code == 1
    told = (
        r"genzoo: error: \w+ \(player 'autoencoder'\) is (nan|inf) in epoch 1, step \d, which .* diverged; .*=1e-4\.\n"
    )
    assert re.fullmatch(told, complaint)


class TestResume:
    @pytest.mark.slow
    def test_more_epochs_are_what_a_longer_training_gives(self, genzoo, preset, run, tmp_path):
        code, text, _ = genzoo("train", "--output", run, "--resume", "--epochs", 3)
        assert code == 0 and "after  2 of 3 epochs" in text
        assert genzoo("train", preset, "--output", tmp_path / "whole", "--epochs", 3, "--seed", 3)[0] == 0
        one, other = (genzoo_package.load(folder) for folder in (run, tmp_path / "whole"))
        assert one.iterations == other.iterations == 12
        assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
        assert [line["loss"] for line in Run(run).history()] == [
            line["loss"] for line in Run(tmp_path / "whole").history()
        ]
        assert content(run / "config.json")["fit"]["epochs"] == 3
        assert len(content(run / "environment.json")["resumed"]) == 1

    @pytest.mark.slow
    def test_a_finished_run_is_finished_again(self, genzoo, preset, run):
        (run / "latent_walk.png").unlink()
        before = (run / "model.weights.h5").read_bytes()
        assert genzoo("train", preset, "--output", run, "--resume")[0] == 0
        assert (run / "latent_walk.png").is_file() and (run / "model.weights.h5").read_bytes() == before
        assert len(Run(run).history()) == 2

    def test_it_must_be_told_the_same(self, mistake, preset, run):
        words = ["train", preset, "--output", run, "--resume"]
        assert "was trained with arguments.beta = 1.0, not 2.0" in mistake(*words, "--set", "arguments.beta=2.0")
        assert "was trained with --seed 3, not 4" in mistake(*words, "--seed", 4)
        assert "has 2 epochs already, more than the 1" in mistake(*words, "--epochs", 1)
        assert content(run / "config.json")["fit"]["epochs"] == 2

    @pytest.mark.slow
    def test_a_damaged_checkpoint_costs_an_epoch(self, genzoo, run):
        weights = run / "checkpoints" / "epoch-0002" / "model.weights.h5"
        weights.unlink()  # a hard link may share its bytes
        weights.write_bytes(b"flipped")
        code, text, complaint = genzoo("train", "--output", run, "--resume")
        assert code == 0 and "after  1 of 2 epochs" in text
        assert re.fullmatch(
            r"genzoo: warning: \S+/model\.weights\.h5 is damaged: .*set aside as .*; going back to epoch-0001\.\n",
            complaint,
        )
        assert [line["epoch"] for line in Run(run).history()] == [1, 2]

    @pytest.mark.slow
    def test_a_run_that_came_to_no_checkpoint_starts_anew(self, genzoo, preset, tmp_path, run):
        import shutil

        shutil.rmtree(run / "checkpoints")
        (run / "model.weights.h5").unlink()
        record = content(run / "environment.json")
        del record["finished"]
        (run / "environment.json").write_text(json.dumps(record))
        code, text, _ = genzoo("train", "--output", run, "--resume")
        assert code == 0 and "  into   " in text
        assert [line["epoch"] for line in Run(run).history()] == [1, 2]


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_learned_and_nothing_makes_noise(genzoo, preset, tmp_path):
    """One process as a user starts it: its standard error stays empty, Ctrl-C leaves a run that goes on."""
    run = tmp_path / "run"
    environment = {key: value for key, value in os.environ.items() if key not in ("TF_CPP_MIN_LOG_LEVEL", "MPLBACKEND")}
    command = [sys.executable, "-m", "keras_genzoo", "train", preset, "--output", run, "--epochs", "100000"]
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=listen_to_signals,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("about "):
            process.send_signal(signal.SIGINT)
    code, complaint = process.wait(timeout=120), process.stderr.read()
    assert (code, complaint) == (130, "")
    assert any("Ctrl-C again stops at once" in line for line in lines)
    assert lines[-1] == f"stopped; to go on: genzoo train --output {run} --resume\n"

    position = next(iter(Run(run).checkpoints)).name
    epochs = int(position[6:10]) + 1
    assert genzoo("train", "--output", run, "--resume", "--epochs", epochs)[0] == 0
    assert [line["epoch"] for line in Run(run).history()] == list(range(1, epochs + 1))
    assert genzoo_package.load(run).iterations == 4 * epochs


@pytest.mark.slow
@pytest.mark.skipif("GENZOO_TEST_DATA" not in os.environ, reason="GENZOO_TEST_DATA names no folder with ffhq/images256")
def test_real_faces(genzoo, preset, tmp_path):
    faces = os.path.join(os.environ["GENZOO_TEST_DATA"], "ffhq", "images256")
    code, _, complaint = genzoo(
        "train", preset, "--data", faces, "--output", tmp_path / "run", "--held-out", 0.5, "--epochs", 1
    )
    assert code == 0 and "genzoo:" not in complaint  # where decoding takes long, its progress is shown
