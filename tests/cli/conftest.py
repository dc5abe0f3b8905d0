import json
import shutil
import signal

import pytest

from keras_genzoo.cli import main


def listen_to_signals():
    """For a child, before it becomes a program: what started the tests may ignore SIGINT, and so would it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


PRESET = {
    "schema": 1,
    "model": "vae",
    "data": {"dataset": "drawn_faces", "batch_size": 16, "num_images": 64, "held_out": 20},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": [4, 8]},
        "decoder": {"network": "conv_decoder", "filters": [8, 4]},
    },
    "fit": {"epochs": 2},
}


@pytest.fixture(scope="session")
def preset(tmp_path_factory):
    """The file of a preset that trains in a second."""
    path = tmp_path_factory.mktemp("presets") / "vae_tiny_16.json"
    path.write_text(json.dumps(PRESET))
    return path


@pytest.fixture(scope="session")
def trained(preset, tmp_path_factory):
    """A finished run; it is shared, so tests that change it take `run`."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    assert main(["train", str(preset), "--output", str(folder), "--seed", "3"]) == 0
    return folder


@pytest.fixture
def run(trained, tmp_path):
    """A copy of a finished run."""
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def genzoo(capsys):
    """Runs a command; gives the exit code, and what was printed and complained of."""

    def genzoo(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return genzoo


@pytest.fixture
def mistake(genzoo):
    """Runs a command that the user got wrong; gives the one line of complaint."""

    def mistake(*words):
        code, _, complaint = genzoo(*words)
        (line,) = complaint.splitlines()
        assert code == 2 and line.startswith("genzoo: error: ")
        return line.removeprefix("genzoo: error: ")

    return mistake


@pytest.fixture
def folder(tmp_path):
    """A folder of 40 small pictures."""
    import numpy as np
    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, (40, 20, 20, 3), "uint8")
    (tmp_path / "photos").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "photos" / f"{number:02d}.png")
    return tmp_path / "photos"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Prepared folders go elsewhere than into the user's cache."""
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
