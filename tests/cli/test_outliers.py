"""`genzoo outliers`: scores, tables and pictures of runs, and everything a user gets wrong."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from benchmarks import outliers as benchmark
from keras_genzoo.config import override, resolve
from keras_genzoo.uses.outliers import KINDS, outlier_scores, threshold


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_folder_is_scored_beside_the_held_out_images(genzoo, run, folder):
    (folder / "labels.csv").write_text("file,outlier\n" + "".join(f"{n:02d}.png,{int(n < 30)}\n" for n in range(40)))
    halves = np.zeros((30, 16, 16, 3), "uint8")
    halves[:, :, 8:] = 255  # far from any face, and from the grey of a model that has hardly learned
    faces = keras_genzoo.load_data("drawn_faces", size=16, num_images=10, held_out=1, batch_size=1)[0].source
    for number, image in enumerate(np.concatenate([halves, faces[np.arange(10)]["image"]])):
        Image.fromarray(image).save(folder / f"{number:02d}.png")
    for name in ("blank.png", "nan.png", "unlisted.png"):  # what is not known of must not count
        Image.fromarray(halves[0]).save(folder / name)
    with (folder / "labels.csv").open("a") as file:
        file.write("blank.png,\nnan.png,nan\n")
    code, text, complaint = genzoo("outliers", run, "--data", folder, "--false-alarms", 0.1)
    assert code == 0, complaint
    assert text.startswith("reconstruction of 43 images of photos/, beside 20 held-out ones\n")
    rows = rows_of(run / "outliers" / "outliers.csv")
    assert list(rows[0]) == ["file", "score", "p_value", "outlier", "known_outlier"]
    assert [row["file"] for row in rows[:40]] == [f"{n:02d}.png" for n in range(40)]
    assert [row["known_outlier"] for row in rows] == ["1"] * 30 + ["0"] * 10 + [""] * 3
    assert all(row["outlier"] == "1" and float(row["p_value"]) < 0.05 for row in rows[:30])
    report = json.loads((run / "outliers" / "outliers.json").read_text())
    assert report["threshold_set_by"] == 0 and "beware" not in text and "false_alarm_rate" in report
    assert report["auroc"] == 1.0 and report["found"] == 1.0 and report["known_outliers"] == 30
    assert "AUROC      1.0000" in text and "100.0% of the known outliers" in text
    model = keras_genzoo.load(run)
    held_out = keras_genzoo.load_data("drawn_faces", size=16, num_images=64, held_out=20, batch_size=16)[1].source
    x = held_out[np.arange(20)]["image"]
    assert report["threshold"] == pytest.approx(threshold(outlier_scores(model, x), 0.1))
    with Image.open(run / "outliers" / "outliers.png") as picture:
        assert min(picture.size) > 300


@pytest.mark.slow
def test_the_ratio_to_another_run_and_to_a_code(genzoo, run, tmp_path):
    words = ["outliers", run, "--data", run, "--score", "likelihood_ratio", "--output", tmp_path / "ratio"]
    code, text, complaint = genzoo(*words)
    assert code == 0 and "ratio to   length as PNG" in text, complaint
    assert "AUROC" not in text  # nobody knows of outliers among them
    assert "beware     20 of these images set the threshold" in text
    assert genzoo(*words, "--background", shutil.copytree(run, tmp_path / "other"))[0] == 0
    assert all(float(row["score"]) == 0 for row in rows_of(tmp_path / "ratio" / "outliers.csv"))


@pytest.mark.slow
def test_known_outliers_set_no_threshold(genzoo, run, preset, tmp_path):
    told = resolve(override(str(preset), ["data.outliers=0.3", "data.held_out=60"]))
    (tmp_path / "mixed.json").write_text(json.dumps(told))
    mixed = tmp_path / "mixed"
    assert genzoo("train", tmp_path / "mixed.json", "--output", mixed, "--epochs", 1)[0] == 0
    _, text, _ = genzoo("outliers", run, "--data", mixed)  # trained without, scored with
    assert ", beside 20 held-out ones" in text and "AUROC" in text and "left out" not in text
    _, text, _ = genzoo("outliers", mixed, "--data", run)
    report = json.loads((mixed / "outliers" / "outliers.json").read_text())
    left_out = report["held_out"]["known_outliers_left_out"]
    assert left_out > 5 and report["held_out"]["count"] == 60 - left_out
    assert f"left out   {left_out} known outliers of the held-out images" in text
    genzoo("outliers", mixed, "--data", mixed)
    report = json.loads((mixed / "outliers" / "outliers.json").read_text())
    assert report["threshold_set_by"] == 60 - left_out and "false_alarm_rate" not in report and "auroc" in report


@pytest.mark.slow
def test_a_few_images_of_any_quality(genzoo, run, folder):
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()
    with Image.open(folder / "00.png") as image:
        image.resize((9, 12)).save(folder / "00.png")  # smaller than the model's
    assert genzoo("outliers", run, "--data", folder)[0] == 0
    assert [row["file"] for row in rows_of(run / "outliers" / "outliers.csv")] == ["00.png"]
    (folder / "broken.png").write_bytes(b"no image")
    code, _, complaint = genzoo("outliers", run, "--data", folder)
    assert code == 0 and "1 of 2 image files cannot be used: broken.png" in complaint
    assert len(rows_of(run / "outliers" / "outliers.csv")) == 1


@pytest.mark.slow
def test_of_a_run_whose_images_were_moved(genzoo, mistake, preset, folder, tmp_path):
    run, moved = tmp_path / "run", tmp_path / "moved"
    words = ("--data", folder, "--held-out", 20, "--epochs", 1)
    assert genzoo("train", preset, *words, "--output", run)[0] == 0
    (folder / "labels.csv").write_text("file,outlier\n")
    folder.rename(moved)
    line = mistake("outliers", run, "--data", "drawn_faces")
    assert f"lay in {folder}, where no folder is: say by --run-data where they are now" in line
    assert "say by --run-data" in mistake("traverse", run, "--index", 0)
    assert "say by --data" in mistake("arithmetic", run, "--attribute", "outlier")
    line = mistake("outliers", run, "--data", "drawn_faces", "--run-data", moved)
    assert f"{moved / 'labels.csv'}: expected a line of column names" in line  # before images are scored
    train = json.loads((run / "environment.json").read_text())["data"]["train"]
    (moved / "labels.csv").write_text("file,outlier\n" + "".join(f"{n:02d}.png,0\n" for n in (0, 1)))
    code, text, complaint = genzoo("outliers", run, "--data", moved, "--run-data", moved, "--split", "all")
    assert code == 0 and f"of {train['count'] + 20} images of moved/, beside 20 held-out ones" in text, complaint
    assert "beware     20 of these images set the threshold" in text
    assert genzoo("traverse", run, "--index", 0, "--run-data", moved, "--steps", 2)[0] == 0
    (moved / "00.png").unlink()
    assert "or other content): say by --run-data where those are" in mistake(
        "outliers", run, "--data", "drawn_faces", "--run-data", moved
    )
    assert "leave --run-data out" in mistake("traverse", _without_folder(run), "--index", 0, "--run-data", moved)


def _without_folder(run):
    record = json.loads((run / "environment.json").read_text())
    record["data"]["path"] = None
    (run / "environment.json").write_text(json.dumps(record))
    return run


def test_the_table_of_the_benchmark_is_of_this_seed_and_these_epochs(monkeypatch, tmp_path):
    calls = []

    def call(*words):
        calls.append(words)
        folder = words[words.index("--output") + 1]
        folder.mkdir(parents=True, exist_ok=True)
        name, content = ("config", {}) if words[0] == "train" else ("outliers", {"auroc": len(calls)})
        (folder / f"{name}.json").write_text(json.dumps(content))

    monkeypatch.setattr(benchmark, "call", call)
    found = [benchmark.auroc(tmp_path, 3, 5, seed) for seed in (0, 1, 0)]
    more = benchmark.auroc(tmp_path, 3, 8, 0)
    kinds = len(KINDS)
    assert found[0] == found[2] == list(range(2, 2 + kinds))
    assert found[1] == list(range(3 + kinds, 3 + 2 * kinds)) and min(more) > 2 + 2 * kinds
    assert [words[words.index("--seed") + 1] for words in calls if "--seed" in words] == [0, 1]


class TestMistakes:
    def test_of_scores(self, mistake, run, tmp_path):
        words = ["outliers", run, "--data", "drawn_faces"]
        assert "invalid choice: 'distance'" in mistake(*words, "--score", "distance")
        assert "a background is for the score 'likelihood_ratio'" in mistake(*words, "--background", run)
        assert "not a run folder" in mistake(*words, "--score", "likelihood_ratio", "--background", tmp_path)
        for share in ("0", "1", "many"):
            assert "--false-alarms" in mistake(*words, "--false-alarms", share)
        line = mistake("outliers", run, "--data", run, "--false-alarms", "0.01")  # before any is scored
        assert "20 held-out images are too few for false_alarms=0.01: at least 99 are needed" in line
        (tmp_path / "file").write_text("")
        line = mistake("outliers", run, "--data", run, "--output", tmp_path / "file")
        assert f"cannot be made: '{tmp_path / 'file'}' is no folder" in line
        assert not (run / "outliers").exists()

    def test_of_data(self, mistake, run, tmp_path):
        assert "nor a dataset of this name" in mistake("outliers", run, "--data", tmp_path / "nothing")
        assert "not a run folder: it does not exist" in mistake("outliers", tmp_path / "nothing", "--data", run)
        assert "keeps no state that was best by 'fid'" in mistake("outliers", run, "--data", run, "--best", "fid")
