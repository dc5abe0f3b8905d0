"""Two domains at the command line: folders in the place of drawn images, a folder for each domain, and resuming."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.artifacts import Run
from keras_genzoo.artifacts.run_data import images_of
from tests.cli.conftest import PRESET


@pytest.fixture
def preset(tmp_path):
    """A preset that trains on drawn pairs in a second; its model has no use for the targets."""
    data = {"dataset": "drawn_outlines", "batch_size": 4, "num_images": 8, "held_out": 4, "augment": ["jitter", "flip"]}
    path = tmp_path / "vae_tiny_pairs.json"
    path.write_text(json.dumps({**PRESET, "data": data, "fit": {"epochs": 1}}))
    return path


@pytest.fixture
def sides(tmp_path, monkeypatch):
    """Twelve photos and drawings of the same names in folders of their own."""
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), "uint8")
    for folder, images in (("photos", pixels), ("drawings", 255 - pixels)):
        (tmp_path / folder).mkdir()
        for number, image in enumerate(images):
            Image.fromarray(image).save(tmp_path / folder / f"{number:02d}.png")
    return tmp_path / "photos", tmp_path / "drawings"


def test_a_folder_takes_the_place_of_drawn_pairs(genzoo, preset, sides, tmp_path):
    whole = tmp_path / "whole"
    for folder, name in zip(sides, ("trainA", "trainB"), strict=True):
        shutil.copytree(folder, whole / name)
    code, text, _ = genzoo("train", preset, "--dry-run", "--data", whole, "--held-out", "2")
    assert code == 0 and "10 images to train, 2 held out" in text
    (whole / "trainB" / "03.png").unlink()
    code, _, complaint = genzoo("train", preset, "--dry-run", "--data", whole, "--set", "data.max_broken=0")
    assert code == 2 and "trainA/03.png has no partner in whole/ (B)" in complaint


@pytest.mark.slow
def test_two_folders_are_trained_on_moved_and_measured(genzoo, preset, sides, tmp_path):
    photos, drawings = sides
    run = tmp_path / "run"
    words = ["train", preset, "--data", photos, "--targets", drawings, "--held-out", "4", "--output", run]
    code, text, complaint = genzoo(*words)
    assert code == 0 and "8 images to train, 4 held out" in text, complaint
    record = json.loads((run / "environment.json").read_text())["data"]
    assert (record["path"], record["target_path"]) == (str(photos), str(drawings))
    assert (
        record["train"]["kind"] == "pairs"
        and "target_path" not in json.loads((run / "config.json").read_text())["data"]
    )
    assert "target" in images_of(Run(run)).train[np.arange(1)]
    code, text, complaint = genzoo("train", "--output", run, "--resume", "--epochs", "2")
    assert code == 0, complaint
    code, text, complaint = genzoo("evaluate", run, "--metrics", "mse")
    assert code == 0 and "(4)" in text, complaint
    for folder in sides:
        folder.rename(tmp_path / f"new_{folder.name}")
    moved = [tmp_path / f"new_{folder.name}" for folder in sides]
    code, text, complaint = genzoo("evaluate", run, "--metrics", "mse", "--data", moved[0], "--targets", moved[1])
    assert code == 0 and "images held out of" in text, complaint
    code, text, complaint = genzoo(
        "train", "--output", run, "--resume", "--epochs", "3", "--data", moved[0], "--targets", moved[1]
    )
    assert code == 0, complaint


class TestMistakes:
    def test_no_first_folder(self, mistake, preset, sides):
        line = mistake("train", preset, "--dry-run", "--targets", sides[1])
        assert line.startswith("--targets names the folder of a second domain: name that of the first by --data FOLDER")

    def test_no_second_folder(self, mistake, preset, sides):
        line = mistake("train", preset, "--dry-run", "--data", sides[0], "--targets", "nowhere")
        assert line.startswith("--targets: there is no folder 'nowhere'")

    def test_a_dataset_of_one_domain(self, mistake, preset, sides, tmp_path):
        other = tmp_path / "vae.json"
        other.write_text(json.dumps(PRESET))
        line = mistake("train", other, "--dry-run", "--data", sides[0], "--targets", sides[1])
        assert line.startswith("--targets: the dataset 'image_folder' is of one domain: leave it out")

    def test_a_flat_folder_says_what_is_expected(self, mistake, preset, sides):
        line = mistake("train", preset, "--dry-run", "--data", sides[0])
        assert "00.png is 16x16, and not two images side by side" in line and "--targets FOLDER" in line

    def test_a_setting_names_no_folder(self, mistake, preset, sides):
        line = mistake("train", preset, "--dry-run", "--data", sides[0], "--set", f"data.target_path={sides[1]}")
        assert line == "--set data.target_path: give the folder by --targets FOLDER."

    def test_a_preset_names_no_folder_elsewhere(self, mistake, preset, sides, tmp_path):
        data = {"dataset": "pairs", "batch_size": 2, "path": "photos", "target_path": "drawings"}
        inside = tmp_path / "inside.json"
        inside.write_text(json.dumps({**PRESET, "data": data}))
        (tmp_path / "deeper").mkdir()
        outside = tmp_path / "deeper" / "outside.json"
        outside.write_text(json.dumps({**PRESET, "data": {**data, "path": None, "target_path": "../drawings"}}))
        line = mistake("train", outside, "--dry-run")
        assert "data.target_path: '../drawings' lies outside of the preset's own folder: give it by --targets" in line
        assert "--targets is of runs" in mistake("evaluate", sides[0], "--data", sides[1], "--targets", sides[1])

    def test_a_preset_names_both_folders_beside_it(self, genzoo, preset, sides, tmp_path):
        data = {"dataset": "pairs", "batch_size": 2, "path": "photos", "target_path": "drawings", "held_out": 2}
        inside = tmp_path / "inside.json"
        inside.write_text(json.dumps({**PRESET, "data": data}))
        code, text, complaint = genzoo("train", inside, "--dry-run")
        assert code == 0 and "10 images to train, 2 held out" in text, complaint
