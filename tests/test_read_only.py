"""A run that cannot be written: it is read as any other, and who would write into it is told so in one line."""

import json
import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

import keras_genzoo
from keras_genzoo.cli import main
from tests.mounts import make_read_only, small_disk

PRESET = {
    "schema": 1,
    "model": "vae",
    "data": {"dataset": "drawn_faces", "batch_size": 4, "num_images": 8, "held_out": 4},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": [4]},
        "decoder": {"network": "conv_decoder", "filters": [4]},
    },
    "fit": {"epochs": 1},
}


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    path = tmp_path_factory.mktemp("preset") / "tiny.json"
    path.write_text(json.dumps(PRESET))
    return path


@pytest.fixture(scope="module")
def trained(preset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert main(["train", str(preset), "--output", str(folder)]) == 0
    return folder


def permit(folder: Path, bits: int) -> None:
    """Sets who may write a folder and all that is in it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222 | bits)


@pytest.fixture(scope="module", params=["disk", "permissions"])
def run(request, trained, tmp_path_factory):
    """A finished run on a disk, or in a folder, that cannot be written."""
    disk = tmp_path_factory.mktemp("read-only") / "disk"
    if request.param == "disk":
        with small_disk(disk, 8):
            shutil.copytree(trained, disk / "run")
            make_read_only(disk)
            yield disk / "run"
        return
    shutil.copytree(trained, disk / "run")
    permit(disk, 0)
    try:
        if os.access(disk, os.W_OK):
            pytest.skip("permissions mean nothing to this user")
        yield disk / "run"
    finally:
        permit(disk, 0o200)


@pytest.fixture
def mistake(capfd):
    """Runs a command that cannot do what it is asked; gives the one line of complaint."""

    def mistake(*words):
        capfd.readouterr()
        code = main([str(word) for word in words])
        (line,) = capfd.readouterr().err.splitlines()
        assert code in (1, 2) and line.startswith("genzoo: error: ")
        return line

    return mistake


@pytest.mark.slow
def test_it_can_be_loaded(run, trained):
    one, other = keras_genzoo.load(run), keras_genzoo.load(trained)
    np.testing.assert_array_equal(one.generate(2), other.generate(2))


def test_it_can_be_sampled(run, tmp_path):
    assert main(["sample", str(run), "--num", "4", "--output", str(tmp_path / "faces.png")]) == 0
    assert (tmp_path / "faces.png").is_file()


def test_it_can_be_measured_where_there_is_a_place_for_the_numbers(run, tmp_path):
    words = ["evaluate", str(run), "--metrics", "losses,mse", "--output", str(tmp_path / "scores")]
    assert main(words) == 0
    assert (tmp_path / "scores" / "metric-mse.jsonl").is_file()


def test_it_cannot_be_measured_without(run, mistake):
    line = mistake("evaluate", run, "--metrics", "mse")
    assert "ead-only" in line or "ermission" in line


@pytest.mark.parametrize("more", [[], ["--epochs", 2]])
def test_it_cannot_go_on(run, mistake, more):
    before = sorted(str(path) for path in run.rglob("*"))
    line = mistake("train", "--output", run, "--resume", *more)
    assert "ead-only" in line or "ermission" in line
    assert sorted(str(path) for path in run.rglob("*")) == before


def test_nothing_can_be_trained_there(run, mistake, preset):
    line = mistake("train", preset, "--output", run.parent / "new")
    assert "ead-only" in line or "ermission" in line
    assert "holds another run" in mistake("train", preset, "--output", run)
