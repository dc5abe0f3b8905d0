"""One command for several seeds."""

import json

import pytest

from keras_genzoo.cli.seeds import without


def test_options_are_taken_out_in_both_forms():
    words = ["train", "vae", "--seeds", "3", "--seed=1", "--output", "a b", "--set", "x=--seed", "--no-diagnosis"]
    kept = list(without(words, ("--seeds", "--seed", "--output")))
    assert kept == ["train", "vae", "--set", "x=--seed", "--no-diagnosis"]


@pytest.mark.slow
def test_each_seed_is_a_run_and_resume_goes_on_with_all(genzoo, mistake, preset, tmp_path):
    measured = ["--evaluate-every", "1", "--evaluate-metrics", "precision", "--features", "pixels", "--epochs", "1"]
    words = [
        "train",
        str(preset),
        "--seeds",
        "2",
        "--output",
        str(tmp_path / "runs"),
        *measured,
        "--evaluate-num",
        "16",
    ]
    code, text, _ = genzoo(*words, "--seed", "4")
    assert code == 0 and "seeds)" in text
    records = [json.loads((tmp_path / "runs" / f"seed-{n}" / "environment.json").read_text()) for n in (4, 5)]
    assert [record["seed"] for record in records] == [4, 5]
    assert genzoo("train", "--resume", "--seeds", "2", "--seed", "4", "--output", str(tmp_path / "runs"))[0] == 0
    assert "name it by --output" in mistake("train", str(preset), "--seeds", "2")


def test_a_training_that_fails_ends_the_others(genzoo, preset, tmp_path):
    code, text, _ = genzoo("train", str(preset), "--seeds", "2", "--output", str(tmp_path / "x"), "--set", "a=1")
    assert code == 2 and "stopped at seed 0" in text
