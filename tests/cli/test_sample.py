"""`genzoo sample`: labels by the names of classes, and single images."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """A finished run of a conditional model, trained on folders of three classes, one of them named by a number."""
    root = tmp_path_factory.mktemp("pets")
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 16, 16, 3), "uint8")
    for name, some in zip(("0", "cat", "dog"), images, strict=True):
        (root / "photos" / name).mkdir(parents=True)
        for number, image in enumerate(some):
            Image.fromarray(image).save(root / "photos" / name / f"{number:02d}.png")
    preset = {
        "schema": 2,
        "model": "cvae",
        "data": {"dataset": "image_folder", "batch_size": 16, "held_out": 10},
        "arguments": {
            "image_shape": [16, 16, 3],
            "num_classes": 3,
            "latent_dim": 4,
            "encoder": {"network": "conv_encoder", "filters": [4, 8]},
            "decoder": {"network": "conv_decoder", "filters": [8, 4]},
        },
        "fit": {"epochs": 1, "steps_per_epoch": 1},
    }
    return keras_genzoo.train(preset, root / "run", data=root / "photos", diagnosis=False).path


def test_labels_by_name_and_by_number(pets, genzoo, tmp_path):
    sheets = []
    for number, labels in enumerate(("dog,cat", "2,1", "dog, 1")):
        code, text, errors = genzoo("sample", pets, "--labels", labels, "--output", tmp_path / f"{number}.png")
        assert code == 0, errors
        assert "a row for each of the labels 2 (dog), 1 (cat): " in text
        sheets.append((tmp_path / f"{number}.png").read_bytes())
    assert sheets[0] == sheets[1] == sheets[2]


def test_mistakes_of_labels(pets, run, mistake, tmp_path):
    out = ("--output", tmp_path / "x.png")
    assert "was trained on no class 'dgo'; did you mean 'dog'?" in mistake("sample", pets, "--labels", "dgo", *out)
    assert "no class '3'; there are: 0, cat, dog" in mistake("sample", pets, "--labels", "3", *out)
    record = json.loads((run / "environment.json").read_text())
    del record["data"]["class_names"]
    (run / "environment.json").write_text(json.dumps(record))
    assert "expected integers from 0" in mistake("sample", run, "--labels", "dog", *out)
    assert "VAE makes no images of chosen labels" in mistake("sample", run, "--labels", "1", *out)
    assert "expected names with commas" in mistake("sample", pets, "--labels", ",", *out)


def test_classes_of_runs_of_earlier_versions_are_in_the_manifest(pets):
    from keras_genzoo.artifacts import Run
    from keras_genzoo.artifacts.run_data import class_names_of

    record = json.loads((pets / "environment.json").read_text())
    assert record["data"]["class_names"] == ["0", "cat", "dog"]
    try:
        older = {**record, "data": {key: value for key, value in record["data"].items() if key != "class_names"}}
        (pets / "environment.json").write_text(json.dumps(older))
        assert class_names_of(Run(pets)) == ["0", "cat", "dog"]
    finally:
        (pets / "environment.json").write_text(json.dumps(record))


def test_single_images_are_those_of_the_seed(trained, genzoo, mistake, tmp_path):
    folder = tmp_path / "faces"
    code, text, errors = genzoo("sample", trained, "--num", 3, "--seed", 5, "--images", folder)
    assert code == 0 and f"3 images of seed 5: {folder}" in text, errors
    made = keras_genzoo.load(trained).generate(3, seed=5)
    assert sorted(path.name for path in folder.iterdir()) == ["00000.png", "00001.png", "00002.png"]
    for number, image in enumerate(made):
        np.testing.assert_array_equal(np.asarray(Image.open(folder / f"{number:05d}.png")), image)
    assert "holds other files: choose a new or an empty folder by --images" in mistake(
        "sample", trained, "--images", folder
    )
    assert "say where to" in mistake("sample", trained)


def test_single_images_of_labels_lie_in_folders_of_their_own(pets, genzoo, tmp_path):
    code, _, errors = genzoo("sample", pets, "--num", 4, "--labels", "dog,0", "--images", tmp_path / "new")
    assert code == 0, errors
    found = sorted(path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.png"))
    assert found == ["0/00000.png", "0/00001.png", "dog/00000.png", "dog/00001.png"]
    made = keras_genzoo.load(pets).generate(2, seed=0, labels=2)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new" / "dog" / "00001.png")), made[1])
