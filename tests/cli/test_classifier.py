import argparse
import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import data
from keras_genzoo.artifacts import RunError
from keras_genzoo.cli.commands import classifier
from keras_genzoo.data import DataError
from keras_genzoo.evaluation import read
from keras_genzoo.features.classifier import load_classifier


def run(output, dataset="image_folder", **options):
    given = {"data": None, "epochs": 2, "size": 16, "channels": None, "seed": 0, **options}
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
    assert not run(output, dataset=str(labeled), seed=3)
    text = capsys.readouterr().out
    record = json.loads((output / "classifier.json").read_text())
    held_out = record["held_out"]
    assert f"{held_out['images']} held out" in text and f"label  {held_out['accuracy']['label']:.1%} right" in text
    assert f"genzoo evaluate RUN --features {output}" in text
    assert "plan  2 epochs of 1 steps" in text and "epoch 2/2" in text  # fewer images than a batch of 128
    assert record["name"] == "my_photos_classifier" and record["image_shape"] == [16, 16, 3]
    assert record["training"]["seed"] == 3 and record["heads"][0]["classes"] == ["dark", "light"]
    assert load_classifier(output)(np.zeros((2, 20, 20, 3), "uint8")).shape == (2, 128)


@pytest.fixture
def gray(tmp_path):
    """Gray pictures whose class is the half that is bright."""
    rng = np.random.default_rng(0)
    for name, half in (("bottom", slice(8, 16)), ("top", slice(0, 8))):
        (tmp_path / "gray" / name).mkdir(parents=True)
        for number in range(60):
            image = rng.integers(0, 60, (16, 16), "uint8")
            image[half] += 180
            Image.fromarray(image).save(tmp_path / "gray" / name / f"{number:02d}.png")
    return tmp_path / "gray"


@pytest.mark.slow
def test_a_conditional_model_of_a_gray_folder_is_measured_by_a_classifier_of_it(genzoo, mistake, gray, tmp_path):
    preset = {
        "schema": 2,
        "model": "cvae",
        "data": {"dataset": "image_folder", "batch_size": 20, "held_out": 24},
        "arguments": {
            "image_shape": [16, 16, 1],
            "num_classes": 2,
            "latent_dim": 2,
            "beta": 30.0,
            "encoder": {"network": "mlp_encoder", "hidden": [64]},
            "decoder": {"network": "mlp_decoder", "hidden": [64]},
        },
        "fit": {"epochs": 60},
    }
    (tmp_path / "gray.json").write_text(json.dumps(preset))
    model = tmp_path / "model"
    assert genzoo("train", tmp_path / "gray.json", "--data", gray, "--output", model)[0] == 0
    asked = ("--metrics", "frechet,label_accuracy", "--num", 40)
    of_folder = ("image_folder", "--data", gray, "--size", 16)
    ways = {"run": (model,), "gray": (*of_folder, "--channels", 1), "color": of_folder}
    for name, words in ways.items():  # of color too: to it gray images are as its own were
        folder = tmp_path / f"by_{name}"
        assert genzoo("classifier", *words, "--epochs", 60, "--output", folder)[0] == 0
        code, text, _ = genzoo("evaluate", model, "--features", folder, *asked)
        assert code == 0 and text.endswith(f"kept: metric-<name>.jsonl in {model}\n")
        record = json.loads((folder / "classifier.json").read_text())
        assert record["name"] == "gray_classifier" and record["image_shape"] == [16, 16, 3 if name == "color" else 1]
        assert record["heads"][0]["classes"] == ["bottom", "top"]
    found = read(model)
    assert len(found["frechet_gray_classifier"]) == 3
    made = keras_genzoo.load(model).generate(40).astype("float64")
    bright_at_top = made[:, :8].mean(axis=(1, 2, 3)) > made[:, 8:].mean(axis=(1, 2, 3))
    right = np.mean(bright_at_top == np.arange(40) % 2)
    assert right > 0.6
    for one in found["label_accuracy_gray_classifier"]:
        assert one.value == pytest.approx(right, abs=0.1)
    line = mistake("classifier", model, "--channels", 3, "--output", tmp_path / "other")
    assert "is a run, whose images are taken as it was trained on them: leave --channels out" in line


@pytest.mark.slow
def test_factors_of_drawn_faces_are_listed(tmp_path, capsys, monkeypatch):
    load = data.load_split
    monkeypatch.setattr("keras_genzoo.features.classifier.EPOCHS", 1)
    monkeypatch.setattr("keras_genzoo.features.classifier.LEAST_STEPS", 1)
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
