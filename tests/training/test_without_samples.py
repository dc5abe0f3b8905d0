"""A model that makes no images of noise, such as a translator, is trained all the same."""

import json

import keras
import pytest

import keras_genzoo
from keras_genzoo.capabilities import Samples
from keras_genzoo.cli import main
from keras_genzoo.models.ae import AE
from keras_genzoo.registry import MODELS
from tests.training.conftest import PRESET

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    @keras.saving.register_keras_serializable("tests")
    class Copies(AE):
        """Copies images, and nothing else."""

        sample = generate = None

    MODELS.register("copies")(Copies)
    preset = {**PRESET, "model": "copies", "fit": {"epochs": 1, "steps_per_epoch": 1}}
    try:
        yield keras_genzoo.train(preset, tmp_path_factory.mktemp("runs") / "run", diagnosis=False)
    finally:
        del MODELS._entries["copies"]


def test_it_leaves_no_samples_and_no_walks(run):
    assert not isinstance(keras_genzoo.load(run.path), Samples)
    made = {path.name for path in run.path.iterdir()}
    assert "reconstructions.png" in made and "model.weights.h5" in made
    assert not {"samples", "latent_walk.png"} & made


def test_it_is_measured_by_what_it_does(run, tmp_path):
    results = keras_genzoo.evaluate(run, metrics="losses,mse", output=tmp_path)
    assert [result.metric for result in results] == ["val_loss", "mse"]


def test_it_is_not_asked_for_samples(run, tmp_path, capsys):
    assert main(["sample", str(run.path), "--output", str(tmp_path / "a.png")]) == 2
    assert "is a Copies, which makes no images of noise" in capsys.readouterr().err
    assert json.loads((run.path / "config.json").read_text())["model"] == "copies"
