"""The commands that take a finished run: sample, evaluate, export."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import images, metrics
from keras_genzoo.cli import evaluate
from keras_genzoo.registry import MODELS


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_samples_are_those_of_the_model(genzoo, trained, tmp_path):
    output = tmp_path / "deep" / "faces.png"
    code, text, complaint = genzoo("sample", trained, "--num", 4, "--seed", 1, "--output", output)
    assert (code, text, complaint) == (0, f"4 images of seed 1: {output}\n", "")
    expected = images.grid(keras_genzoo.load(trained).generate(4, seed=1))
    np.testing.assert_array_equal(pixels(output)[::6, ::6], expected)


def test_the_seed_decides(genzoo, trained, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        genzoo("sample", trained, "--num", 4, "--seed", seed, "--output", tmp_path / f"{name}.png")
    a, b, c = (pixels(tmp_path / f"{name}.png") for name in "abc")
    assert (a == b).all() and (a != c).any()


def test_mistakes_of_sampling(mistake, trained, tmp_path):
    assert "must end in .png" in mistake("sample", trained, "--output", tmp_path / "faces.jpg")
    (tmp_path / "folder.png").mkdir()
    assert "is a folder: name a file in it" in mistake("sample", trained, "--output", tmp_path / "folder.png")
    assert "is no run folder" in mistake("sample", tmp_path, "--output", tmp_path / "faces.png")


def test_evaluation_is_printed_and_kept(genzoo, run):
    code, text, complaint = genzoo("evaluate", run)
    assert (code, complaint) == (0, "")
    result = json.loads((run / "evaluation.json").read_text())
    assert "after 8 steps, on the images held out of drawn_faces (20):\n" in text
    assert f"  loss            {result['losses']['loss']:.6g}\n" in text
    for name in ("loss", "reconstruction", "kl", "mse", "psnr", "ssim"):
        assert f"  {name} " in text
    assert result["images"] == 20 and result["data"]["kind"] == "drawn_faces" and result["data"]["count"] == 20
    assert set(result["protocol"]) == {"mse", "psnr", "ssim"}
    assert json.loads(genzoo("evaluate", run, "--json")[1]) == result


def test_evaluation_measures_what_it_says(genzoo, run):
    genzoo("evaluate", run)
    result = json.loads((run / "evaluation.json").read_text())
    model = keras_genzoo.load(run)
    _, held_out = keras_genzoo.load_data("drawn_faces", size=16, num_images=64, held_out=20, batch_size=16)
    x = held_out.source[np.arange(20)]["image"]
    y = model.reconstruct(x)
    for name in ("mse", "psnr", "ssim"):
        np.testing.assert_allclose(result["reconstruction"][name], getattr(metrics, name)(x, y).mean())
    losses = model.evaluate(held_out, return_dict=True, verbose=0)
    assert result["losses"] == pytest.approx(losses)
    # The last line of the history says the same of the same images.
    last = json.loads((run / "history.jsonl").read_text().splitlines()[-1])
    np.testing.assert_allclose(result["losses"]["loss"], last["val_loss"], rtol=1e-5)


def test_all_images_of_another_folder_are_measured(genzoo, run, folder):
    code, text, _ = genzoo("evaluate", run, "--data", folder)
    assert code == 0 and "on all images of photos/ (40)" in text
    _, text, _ = genzoo("evaluate", run, "--data", "drawn_faces")
    assert "on the images held out of drawn_faces (1,000)" in text


class Exact:
    """Reconstructs every other image exactly, and the others 51 grey levels off."""

    def __init__(self, side):
        self.image_shape = (side, side, 3)

    def reconstruct(self, x):
        return np.where(np.arange(len(x))[:, None, None, None] % 2, x, x + 51).astype("uint8")


def test_identical_images_are_left_out_of_psnr_and_counted():
    source = keras_genzoo.data.ArraySource(np.zeros((600, 16, 16, 3), "uint8"))
    found = evaluate.reconstruction_quality(Exact(16), source)
    assert found["identical"] == 300
    np.testing.assert_allclose([found["mse"], found["psnr"]], [0.5 * 0.04, 13.9794], rtol=1e-5)
    assert 0.5 < found["ssim"] < 1


def test_small_images_have_no_ssim():
    source = keras_genzoo.data.ArraySource(np.zeros((4, 8, 8, 3), "uint8"))
    assert evaluate.reconstruction_quality(Exact(8), source)["ssim"] is None


def test_a_gan_is_measured_by_its_losses(genzoo, tmp_path):
    preset = {
        "schema": 1,
        "model": "dcgan",
        "data": {"dataset": "drawn_faces", "batch_size": 16, "num_images": 32, "held_out": 16},
        "arguments": {**MODELS["dcgan"].tiny, "image_shape": [16, 16, 3]},
        "fit": {"epochs": 1},
    }
    (tmp_path / "gan.json").write_text(json.dumps(preset))
    code, text, _ = genzoo("train", tmp_path / "gan.json", "--output", tmp_path / "run")
    assert code == 0 and "latent_walk.png" in text and "reconstructions.png" not in text
    code, text, _ = genzoo("evaluate", tmp_path / "run")
    assert code == 0 and "generator_loss" in text and "psnr" not in text
    assert "reconstruction" not in json.loads((tmp_path / "run" / "evaluation.json").read_text())


def test_export_answers_as_the_model_does(genzoo, trained, tmp_path):
    import tensorflow as tf

    output = tmp_path / "saved_model"
    code, text, complaint = genzoo("export", trained, "--output", output)
    assert (code, complaint) == (0, "")
    for endpoint in (
        "serve(inputs)",
        "generate(num, seed)",
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
