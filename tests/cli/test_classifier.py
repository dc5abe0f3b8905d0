import argparse
import json

import numpy as np
import pytest
from PIL import Image

from keras_genzoo import data
from keras_genzoo.artifacts import RunError
from keras_genzoo.cli.commands import classifier
from keras_genzoo.data import DataError
from keras_genzoo.features.classifier import load_classifier


def run(output, dataset="image_folder", **options):
    given = {"data": None, "epochs": 2, "size": 16, "seed": 0, **options}
    return classifier.run(argparse.Namespace(dataset=dataset, output=str(output), **given))


@pytest.fixture
def labeled(tmp_path):
    """Dark and light pictures, in a folder each."""
    rng = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 156)):
        (tmp_path / "My photos" / name).mkdir(parents=True)
        for number in range(40):
            image = Image.fromarray(rng.integers(low, low + 100, (20, 20, 3), "uint8"))
            image.save(tmp_path / "My photos" / name / f"{number:02d}.png")
    return tmp_path / "My photos"


@pytest.mark.slow
def test_a_folder_of_folders(labeled, tmp_path, capsys):
    output = tmp_path / "classifier"
    assert not run(output, data=str(labeled), seed=3)
    text = capsys.readouterr().out
    record = json.loads((output / "classifier.json").read_text())
    held_out = record["held_out"]
    assert f"{held_out['images']} held out" in text and f"label  {held_out['accuracy']['label']:.1%} right" in text
    assert f"genzoo evaluate RUN --features {output}" in text
    assert "plan  2 epochs of 1 steps" in text and "epoch 2/2" in text  # fewer images than a batch of 128
    assert record["name"] == "my_photos_classifier" and record["image_shape"] == [16, 16, 3]
    assert record["training"]["seed"] == 3 and record["heads"][0]["classes"] == ["dark", "light"]
    assert load_classifier(output)(np.zeros((2, 20, 20, 3), "uint8")).shape == (2, 128)


@pytest.mark.slow
def test_factors_of_drawn_faces_are_listed(tmp_path, capsys, monkeypatch):
    load = data.load_split
    monkeypatch.setattr("keras_genzoo.features.classifier.EPOCHS", 1)
    monkeypatch.setattr(data, "load_split", lambda *words, **more: load(*words, num_images=64, held_out=32, **more))
    run(tmp_path / "faces", dataset="drawn_faces", epochs=None)
    text = capsys.readouterr().out
    assert "plan  1 epochs" in text
    assert "glasses " in text and "yaw " in text and "R^2" in text and "label" not in text


def test_images_without_labels(folder, tmp_path):
    with pytest.raises(DataError, match="photos/ has no labels of two classes or more, nor factors"):
        run(tmp_path / "classifier", data=str(folder))
    assert not (tmp_path / "classifier").exists()


def test_another_s_files_are_never_touched(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RunError, match="holds other files"):
        run(tmp_path, dataset="fashion_mnist")


def test_an_unknown_dataset(tmp_path):
    with pytest.raises(ValueError, match="there is no dataset 'fashion_minst': did you mean 'fashion_mnist'"):
        run(tmp_path / "classifier", dataset="fashion_minst")


@pytest.mark.parametrize(
    ("dataset", "path", "name"),
    [
        ("fashion_mnist", None, "fashion_mnist_classifier"),
        ("image_folder", "/data/Züge & Cars/", "z_ge_cars_classifier"),
        ("image_folder", "/", "image_folder_classifier"),
    ],
)
def test_names_suit_metrics(dataset, path, name):
    assert classifier.name_for(dataset, path) == name
