"""What needs no tensors imports none: neither lists, nor reports, nor the answers to mistakes."""

import os
import subprocess
import sys

import pytest

from keras_genzoo.evaluation.results import Result, append

NOW = "2026-01-01T00:00:00+00:00"
HEAVY = {"keras", "tensorflow", "jax", "scipy", "sklearn", "matplotlib", "h5py"}


def imported_by(cwd, *commands):
    """Runs commands in a process of their own; returns their exit codes, what they said, and what they imported."""
    code = (
        "import sys; from keras_genzoo.cli import main\n"
        f"codes = [main(words) for words in {[list(map(str, words)) for words in commands]!r}]\n"
        f"print(codes, sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=cwd, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    codes, _, modules = done.stdout.splitlines()[-1].partition("] ")
    return [int(number) for number in codes.strip("[").split(",")], done.stderr, modules


def test_lists_and_reports(trained, folder, tmp_path):
    codes, errors, modules = imported_by(
        tmp_path, ["presets"], ["presets", "--json"], ["doctor", trained], ["check-data", folder]
    )
    assert (codes, modules) == ([0, 0, 0, 0], "[]"), errors


def test_a_table_of_results(tmp_path):
    for name, value in (("one", 0.25), ("other", 0.5)):
        append(
            tmp_path / name,
            Result("mse", value, {"mean": "over images"}, {"kind": "model", "name": name}, NOW, 1.0, {}),
        )
    codes, errors, modules = imported_by(tmp_path, ["compare", "one", "other"])
    assert (codes, modules) == ([0], "[]"), errors


def test_a_classifier_s_command_knows_the_datasets(tmp_path):
    """In a process where nothing else has registered them."""
    codes, errors, modules = imported_by(tmp_path, ["classifier", "fashion_mist", "--output", tmp_path / "new"])
    assert (codes, modules) == ([2], "[]") and "did you mean 'fashion_mnist'" in errors, errors


def test_mistakes(trained, folder, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{")
    new = ["--output", tmp_path / "new"]
    commands = [
        ["train", "vae_drawn_face_32", *new],
        ["train", tmp_path / "broken.json", *new],
        ["train", tmp_path / "nowhere.json", *new],
        ["train", "vae_drawn_faces_32", *new, "--data", tmp_path / "nowhere"],
        ["train", "vae_drawn_faces_32", "--output", tmp_path / "taken"],
        ["train", "vae_drawn_faces_32", *new, "--from", tmp_path / "empty"],
        ["train", "vae_drawn_faces_32", *new, "--sample-weights", tmp_path / "nowhere.csv"],
        ["train", "vae_drawn_faces_32", *new, "--epochs", "-1"],
        ["train", "--resume", *new],
        ["sample", tmp_path / "empty", "--output", "a.png"],
        ["sample", trained, "--output", "a.jpg"],
        ["sample", trained, "--best", "fid", "--output", "a.png"],
        ["sample", trained, "--labels", "dog", "--output", "a.png"],
        ["sample", trained, "--images", tmp_path / "taken"],
        ["traverse", trained, "--image", tmp_path / "nowhere.png"],
        ["interpolate", trained, "--seeds", "1"],
        ["arithmetic", trained, "--attribute", "hat", "--data", tmp_path / "nowhere"],
        ["translate", trained, "--input", tmp_path / "nowhere", *new],
        ["translate", trained, "--input", folder, "--output", tmp_path / "taken"],
        ["translate", trained, "--input", folder, "--output", tmp_path / "new.png"],
        ["translate", trained, "--data", tmp_path / "nowhere", *new],
        ["outliers", trained, "--data", tmp_path / "nowhere"],
        ["outliers", trained, "--data", folder, "--background", tmp_path / "empty"],
        ["debias", trained, "--output", tmp_path / "taken"],
        ["evaluate", tmp_path / "nowhere"],
        ["evaluate", trained, "--data", tmp_path / "nowhere"],
        ["compare", tmp_path / "empty", tmp_path / "nowhere"],
        ["compare", trained, "--output", tmp_path / "taken"],
        ["check-data", tmp_path / "nowhere"],
        ["classifier", "mnst", *new],
        ["classifier", "mnist", "--output", tmp_path / "taken"],
        ["convert-inception", tmp_path / "nowhere.pth"],
        ["export", trained, "--output", tmp_path / "taken"],
        ["doctor", tmp_path / "empty"],
    ]
    codes, errors, modules = imported_by(tmp_path, *commands)
    assert modules == "[]", errors
    assert codes == [2] * len(commands)
    lines = errors.splitlines()
    assert len(lines) == len(commands) and all(line.startswith("genzoo: error: ") for line in lines)
    assert not (tmp_path / "new").exists() and not (tmp_path / "a.png").exists()


def test_a_resumed_training_whose_images_were_moved_says_how_to_name_them(mistake, run):
    import json

    record = json.loads((run / "environment.json").read_text())
    record["data"]["path"] = "/moved/photos"
    (run / "environment.json").write_text(json.dumps(record))
    expected = f"the images of '{run}' lay in /moved/photos, where no folder is: say by --data where they are now."
    assert mistake("train", "--resume", "--output", run) == expected
    assert expected in mistake("evaluate", run)


@pytest.mark.parametrize("word", ["", " "])
def test_an_empty_word_is_no_path(mistake, word):
    assert "argument --output: expected a path or a name" in mistake("train", "vae_drawn_faces_32", "--output", word)


def test_a_folder_that_cannot_be_made_is_found_before_anything_is_trained(mistake, trained, tmp_path):
    (tmp_path / "file").touch()
    place = f"cannot be made: '{tmp_path / 'file'}' is no folder: "
    for words in (["train", "vae_drawn_faces_32"], ["classifier", "drawn_faces"], ["export", trained]):
        assert place in mistake(*words, "--output", tmp_path / "file" / "x")
    assert place in mistake("sample", trained, "--images", tmp_path / "file" / "x")
    assert place in mistake("sample", trained, "--output", tmp_path / "file" / "x.png")


@pytest.mark.parametrize("command", ["sample", "doctor", "evaluate", "compare"])
def test_a_name_that_is_too_long_is_a_mistake(mistake, command):
    output = ["--output", "x.png"] if command == "sample" else []
    assert mistake(command, "a" * 300, *output).startswith("File name too long: aaa")
