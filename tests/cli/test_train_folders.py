"""`genzoo train` on folders of images: what is said, what is read, and what is kept."""

import json

import pytest


def content(path):
    return json.loads(path.read_text())


class TestFolders:
    """Folders of images at the command line: what is said, and what is kept."""

    def test_a_dry_run_keeps_nothing(self, genzoo, preset, folder, tmp_path, monkeypatch):
        monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
        (folder / "40.png").write_bytes(b"")
        code, text, complaint = genzoo("train", preset, "--dry-run", "--data", folder, "--held-out", "4")
        assert code == 0 and "36 images to train, 4 held out" in text
        assert "1 of 41 image files cannot be used: 40.png is empty" in complaint
        assert not (tmp_path / "cache").exists()

    def test_small_images_are_said_in_one_line(self, genzoo, preset, folder):
        code, _, complaint = genzoo(
            "train", preset, "--dry-run", "--data", folder, "--set", "arguments.image_shape=[32,32,3]"
        )
        assert code == 0
        (line,) = complaint.splitlines()
        assert line.endswith(
            "40 of 40 images are smaller than size=32 and are enlarged; the smallest is 00.png (20x20)."
        )

    def test_nothing_held_out(self, genzoo, mistake, preset, folder, tmp_path):
        run = tmp_path / "run"
        code, text, _ = genzoo("train", preset, "--data", folder, "--held-out", "0", "--epochs", "1", "--output", run)
        assert code == 0 and "40 images to train, none held out" in text
        assert not (run / "reconstructions.png").exists()
        code, text, complaint = genzoo("evaluate", run, "--metrics", "mse")
        assert code == 0 and "the training images of" in text
        assert "holds out no images: taken are those that it was trained on" in complaint
        line = "--split held_out: photos/ has no such images: take another part."
        assert genzoo("evaluate", run, "--metrics", "mse", "--split", "held_out")[2].endswith(f"{line}\n")
        assert "holds out no images of which to take a threshold" in mistake("outliers", run, "--data", folder)
        words = ["train", preset, "--data", folder, "--set", "data.held_out=0", "--output", tmp_path / "other"]
        assert "needs held-out images, and there are none" in mistake(
            *words, "--evaluate-every", "1", "--evaluate-metrics", "mse"
        )

    @pytest.mark.slow
    def test_a_preset_names_its_folder_beside_it(self, genzoo, mistake, preset, folder, tmp_path):
        own = content(preset)
        own["data"] = {"dataset": "image_folder", "path": folder.name, "batch_size": 16}
        (folder.parent / "mine.json").write_text(json.dumps(own))
        run = tmp_path / "run"
        code, text, _ = genzoo("train", folder.parent / "mine.json", "--epochs", "1", "--output", run)
        assert code == 0 and f"{folder}, as the preset says" in text
        assert "path" not in content(run / "config.json")["data"]
        assert content(run / "environment.json")["data"]["path"] == str(folder)
        assert genzoo("train", folder.parent / "mine.json", "--output", run, "--resume", "--dry-run")[0] == 0
        code, text, _ = genzoo("train", folder.parent / "mine.json", "--data", "drawn_faces", "--dry-run")
        assert code == 0 and "as the preset says" not in text
        line = mistake(
            "train", preset, "--set", 'data={"dataset": "image_folder", "batch_size": 4, "path": "/"}', "--dry-run"
        )
        assert line == "--set data.path: give the folder by --data FOLDER."

    def test_the_path_in_a_strangers_run_is_not_read(self, run):
        from keras_genzoo.artifacts import Run

        stranger = content(run / "config.json")
        stranger["data"] = {"dataset": "image_folder", "batch_size": 4, "path": "samples"}
        (run / "config.json").write_text(json.dumps(stranger))
        assert "path" not in Run(run).config["data"]
