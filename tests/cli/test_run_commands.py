"""The commands that take a finished run and make something of it: sample, export."""

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import images


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_samples_are_those_of_the_model(genzoo, trained, tmp_path):
    output = tmp_path / "deep" / "faces.png"
    code, text, complaint = genzoo("sample", trained, "--num", 4, "--seed", 1, "--output", output)
    assert (code, text, complaint) == (0, f"4 images of seed 1: {output}\n", "")
    expected = images.grid(keras_genzoo.load(trained).generate(4, seed=1))
    np.testing.assert_array_equal(pixels(output)[::6, ::6], expected)


@pytest.mark.slow
def test_the_seed_decides(genzoo, trained, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        genzoo("sample", trained, "--num", 4, "--seed", seed, "--output", tmp_path / f"{name}.png")
    a, b, c = (pixels(tmp_path / f"{name}.png") for name in "abc")
    assert (a == b).all() and (a != c).any()


def test_mistakes_of_sampling(mistake, trained, tmp_path):
    assert "must end in .png" in mistake("sample", trained, "--output", tmp_path / "faces.jpg")
    (tmp_path / "folder.png").mkdir()
    assert "is a folder: name a file in it" in mistake("sample", trained, "--output", tmp_path / "folder.png")
    assert "is not a run folder" in mistake("sample", tmp_path, "--output", tmp_path / "faces.png")
    complaint = mistake("sample", trained, "--labels", "1,2", "--output", tmp_path / "faces.png")
    assert "--labels: VAE makes no images of chosen labels" in complaint


@pytest.mark.slow
def test_export_answers_as_the_model_does(genzoo, trained, tmp_path):
    import tensorflow as tf

    output = tmp_path / "saved_model"
    code, text, complaint = genzoo("export", trained, "--output", output)
    assert (code, complaint) == (0, "")
    for endpoint in (
        "serve(inputs)",
        "generate(num, seed)",
        "sample(indices, seed)",
        "encode(images)",
        "decode(latents)",
        "reconstruct(images)",
    ):
        assert f"  {endpoint} " in text
    served = tf.saved_model.load(str(output))
    made = served.generate(tf.constant(3), tf.constant(5, tf.int64)).numpy()
    assert np.abs(made.astype(int) - keras_genzoo.load(trained).generate(3, seed=5)).max() <= 1


def test_export_leaves_other_folders_alone(mistake, trained, folder):
    assert "is no SavedModel: choose another folder" in mistake("export", trained, "--output", folder)
    assert len(list(folder.iterdir())) == 40
