"""`genzoo probe`: its table, plot and classifier, and what a user gets wrong."""

import csv
import json

import keras
import pytest
from PIL import Image


@pytest.mark.slow
def test_accuracies_are_printed_plotted_and_kept(genzoo, run):
    code, text, complaint = genzoo("probe", run, "--labels", "8,all", "--seeds", 2, "--steps", 3)
    assert code == 0, complaint
    assert "accuracy on 20 test images, in percent" in text
    report = json.loads((run / "probe.json").read_text())
    assert len(report["rows"]) == 8 and report["test_images"] == 20
    with (run / "probe.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == {"linear", "fine_tuned", "scratch", "pca"}
    assert {row["labels"] for row in rows} == {"8", "64"}
    with Image.open(run / "probe.png") as picture:
        assert min(picture.size) > 300
    assert keras.saving.load_model(run / "probe.keras").output_shape[1] > 1
    code, _, complaint = genzoo("probe", run, "--labels", "all", "--seeds", 1, "--methods", "pca")
    assert code == 0, complaint  # over what it made itself


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--labels", "ten"], "expected an integer"),
        (["--methods", "lineal"], "expected some of linear, fine_tuned, scratch, pca"),
        (["--labels", 2, "--methods", "pca"], "classes, but labeled=2"),
        (["--data", "nothing_here"], "no folder 'nothing_here'"),
    ],
)
def test_mistakes_are_told(genzoo, run, words, message):
    code, _, complaint = genzoo("probe", run, *words)
    assert code == 2 and message in complaint
