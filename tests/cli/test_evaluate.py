"""`genzoo evaluate`: runs, SavedModels, folders and baselines beside real images, and everything a user gets wrong."""

import json
import re

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import metrics
from keras_genzoo.evaluation import METRICS, read
from keras_genzoo.registry import MODELS

MODEL = "losses,mse,psnr,ssim"


def save(images, folder):
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:03d}.png")
    return folder


@pytest.fixture
def faces(tmp_path):
    """A folder of 30 drawn faces of 16 pixels."""
    source = keras_genzoo.data.load_split("drawn_faces", size=16, num_images=64, held_out=30, seed=7).held_out
    return save(source[np.arange(30)]["image"], tmp_path / "faces")


def test_the_help_names_every_metric(genzoo):
    _, text, _ = genzoo("evaluate", "--help")
    words = set(re.findall(r"\w+", text))
    assert not [metric.name for metric in METRICS.values() if not words & {metric.name, *metric.aliases}]


def test_numbers_are_printed_and_kept(genzoo, run):
    code, text, complaint = genzoo("evaluate", run, "--metrics", MODEL)
    assert code == 0 and "reconstructions of 20 real images: " in complaint
    assert text.startswith("run beside the images held out of drawn_faces (20)\n")
    assert text.endswith(f"kept: metric-<name>.jsonl in {run}\n")
    found = read(run)
    assert set(found) == {"val_loss", "val_reconstruction", "val_kl", "mse", "psnr", "ssim"}
    for name, (result,) in found.items():
        assert f"  {name} " in text and f" {result.value:.6g} " in text
        assert result.subject["kind"] == "model" and result.subject["iterations"] == 8
        assert result.protocol["real"]["kind"] == "drawn_faces" and result.protocol["real"]["count"] == 20
        assert result.environment["keras"] == keras_genzoo.artifacts.environment()["keras"]


@pytest.mark.slow
def test_numbers_are_those_of_the_model(genzoo, run):
    code, text, complaint = genzoo("evaluate", run, "--metrics", MODEL, "--json")
    assert (code, complaint) == (0, "")
    found = {result["metric"]: result["value"] for result in json.loads(text)}
    model = keras_genzoo.load(run)
    _, held_out = keras_genzoo.load_data("drawn_faces", size=16, num_images=64, held_out=20, batch_size=16)
    x = held_out.source[np.arange(20)]["image"]
    y = model.reconstruct(x)
    for name in ("mse", "psnr", "ssim"):
        np.testing.assert_allclose(found[name], getattr(metrics, name)(x, y).mean())
    # The last line of the history says the same of the same images.
    last = json.loads((run / "history.jsonl").read_text().splitlines()[-1])
    np.testing.assert_allclose(found["val_loss"], last["val_loss"], rtol=1e-5)


@pytest.mark.slow
def test_distributions_in_features_named(genzoo, run):
    code, text, complaint = genzoo("evaluate", run, "--features", "pixels", "--num", 25)
    assert code == 0
    names = {"frechet", "kernel", "precision", "recall", "density", "coverage", "authpct"}
    assert {f"{name}_pixels" for name in names} < set(read(run))
    assert "fid" not in text and "kid" not in text
    assert "features of 25 images of run: " in complaint and " a second" in complaint
    assert f"{run / 'nearest_neighbors.png'}" in text
    with Image.open(run / "nearest_neighbors.png") as picture:
        # 25 pairs, 8 in a row: 8 rows of 16 pixels, enlarged.
        assert picture.size[0] == picture.size[1]
    # Everything that was computed is there still.
    _, _, complaint = genzoo("evaluate", run, "--features", "pixels", "--num", 25, "--metrics", "frechet")
    assert complaint == ""


@pytest.mark.slow
def test_the_seed_and_the_number_decide_the_batch_size_does_not(genzoo, run):
    for options in ((), ("--batch-size", 7), ("--seed", 1), ("--num", 24)):
        genzoo("evaluate", run, "--features", "pixels", "--metrics", "frechet", "--num", 25, *options)
    a, b, c, d = (result.value for result in read(run)["frechet_pixels"])
    assert a == pytest.approx(b, rel=1e-6)
    assert len({a, c, d}) == 3


@pytest.mark.slow
def test_all_images_of_another_folder(genzoo, run, folder, faces):
    _, text, _ = genzoo("evaluate", run, "--metrics", MODEL, "--data", faces)
    assert text.startswith("run beside all images of faces/ (30)\n")
    _, text, _ = genzoo("evaluate", run, "--metrics", MODEL, "--data", "drawn_faces")
    assert text.startswith("run beside the images held out of drawn_faces (1,000)\n")
    _, text, _ = genzoo("evaluate", run, "--metrics", MODEL, "--split", "train")
    assert text.startswith("run beside the training images of drawn_faces (64)\n")


@pytest.mark.slow
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
    assert f"genzoo evaluate {tmp_path / 'run'} --metrics losses\n" in text
    code, text, _ = genzoo("evaluate", tmp_path / "run", "--features", "pixels", "--num", 20)
    assert code == 0 and "val_generator_loss" in text and "psnr" not in text


@pytest.mark.slow
def test_folders_and_baselines(genzoo, run, faces, tmp_path):
    """Other faces are nearer to faces than white noise is."""
    found = {}
    for name in (faces, "real", "noise"):
        output = tmp_path / "out" / str(name).rsplit("/", 1)[-1]
        code, text, _ = genzoo(
            "evaluate",
            name,
            "--data",
            run,
            "--features",
            "pixels",
            "--num",
            30,
            "--output",
            output,
            "--metrics",
            "frechet",
        )
        assert code == 0 and f"kept: metric-<name>.jsonl in {output}" in text
        (result,) = read(output)["frechet_pixels"]
        assert result.protocol["real"]["count"] == 20
        found[name] = result.value
    assert max(found[faces], found["real"]) < 0.2 * found["noise"]
    _, text, _ = genzoo(
        "evaluate", "noise", "--data", faces, "--features", "pixels", "--num", 10, "--metrics", "frechet"
    )
    assert "white noise beside all images of faces/ (30)" in text and "not kept: --output FOLDER keeps" in text
    _, text, _ = genzoo("evaluate", "real", "--data", faces, "--features", "pixels", "--metrics", "frechet")
    assert "faces/ beside one half of faces/ (15)" in text


@pytest.mark.slow
def test_a_saved_model_gives_the_numbers_of_its_run(genzoo, trained, run, tmp_path):
    keras_genzoo.load(run).export(tmp_path / "exported", verify=False)
    options = ("--features", "pixels", "--num", 30, "--metrics", "frechet,mse")
    genzoo("evaluate", run, *options)
    code, text, _ = genzoo("evaluate", tmp_path / "exported", "--data", run, *options, "--output", tmp_path / "out")
    assert code == 0 and "exported beside the images held out of drawn_faces (20)" in text
    for name in ("frechet_pixels", "mse"):
        ours, exported = (read(folder)[name][0] for folder in (run, tmp_path / "out"))
        assert ours.value == pytest.approx(exported.value, rel=1e-2)
        assert ours.protocol == exported.protocol


def test_without_weights_of_inception_no_number_of_them_is_printed(genzoo, run, faces, tmp_path):
    asked = [(run, "--metrics", "fid"), (run, "--metrics", "losses,kid"), (run, "--features", "inception")]
    asked += [(run, "--inception-weights", tmp_path / "none.pth"), (faces, "--data", run)]
    for words in asked:
        code, text, complaint = genzoo("evaluate", *words)
        assert (code, text) == (2, "")
        (line,) = complaint.splitlines()
        assert "inception-2015-12-05" in line and "6726825d" in line and "--inception-weights" in line
    assert not read(run)


def test_what_needs_no_weights_of_inception_is_measured_without_them(genzoo, run):
    code, text, complaint = genzoo("evaluate", run)
    assert code == 0 and text.endswith(f"kept: metric-<name>.jsonl in {run}\n")
    (line,) = (line for line in complaint.splitlines() if "left out" in line)
    assert (
        "precision, recall, fid, kid, density, coverage, authpct are left out: there are no Inception weights" in line
    )
    assert "6726825d" in line and "Or name other features by --features" in line
    assert set(read(run)) == {"val_loss", "val_reconstruction", "val_kl", "mse", "psnr", "ssim"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--metrics", "fid,msee", "--features", "pixels"), "there is no metric 'msee'; did you mean 'mse'?"),
        (("--metrics", " , "), "--metrics names none; there are: losses, mse"),
        (
            ("--metrics", "fid", "--features", "pixels"),
            "in those of 'pixels' ask for frechet, which is reported as frechet_pixels",
        ),
        (("--metrics", "kid", "--features", "pixels"), "ask for kernel, which is reported as kernel_pixels"),
        (("--metrics", "frechet", "--features", "pixel"), "did you mean 'pixels'?"),
        (("--metrics", "frechet", "--features", "pixels", "--num", "0"), "expected an integer from 1 to 1,000,000"),
        (("--metrics", "inception_score", "--features", "pixels"), "needs class probabilities, which pixels has not"),
        (("--metrics", "mse", "--data", "drawn_face"), "nor a dataset of this name; did you mean 'drawn_faces'?"),
        (("--metrics", "mse", "--split", "all", "--best", "fid"), "keeps no state that was best by 'fid'"),
    ],
)
def test_mistakes_about_a_run(mistake, trained, words, message):
    assert message in mistake("evaluate", trained, *words)


def test_mistakes_about_subjects(mistake, trained, tmp_path, faces):
    to_pixels = ("--features", "pixels", "--metrics", "frechet")
    assert "there is no 'nowhere': give a run folder" in mistake("evaluate", "nowhere")
    assert "there is no 'nowhere'" in mistake("evaluate", "nowhere", "--data", faces, *to_pixels)
    assert "say by --data which real images" in mistake("evaluate", faces, *to_pixels)
    assert "say by --data which real images" in mistake("evaluate", "noise", *to_pixels)
    assert "has 30 images, and --num asks for 31" in mistake(
        "evaluate", faces, "--data", trained, "--num", 31, *to_pixels
    )
    assert "--best takes a checkpoint of a run" in mistake(
        "evaluate", faces, "--data", faces, "--best", "x", *to_pixels
    )
    assert "the dataset 'ffhq' is read from a folder" in mistake("evaluate", faces, "--data", "ffhq", *to_pixels)
    (tmp_path / "empty").mkdir()
    assert "is empty" in mistake("evaluate", tmp_path / "empty", "--data", faces, *to_pixels)
    single = save(np.zeros((1, 16, 16, 3), "uint8"), tmp_path / "single")
    assert "holds a single image, but images are measured as a set" in mistake(
        "evaluate", single, "--data", faces, *to_pixels
    )
    (tmp_path / "file").touch()
    assert "is a file: give a run folder" in mistake("evaluate", tmp_path / "file", "--data", faces, *to_pixels)


def test_a_folder_with_one_broken_image_is_refused(mistake, run, faces):
    (faces / "broken.png").write_bytes((faces / "000.png").read_bytes()[:100])
    options = ("--features", "pixels", "--metrics", "frechet")
    assert "1 of 31 image files cannot be used: broken.png" in mistake("evaluate", faces, "--data", run, *options)
    assert "1 of 31 image files cannot be used: broken.png" in mistake("evaluate", run, "--data", faces, *options)


@pytest.mark.slow
def test_images_of_other_runs_are_never_taken_for_held_out(genzoo, mistake, preset, folder, tmp_path):
    """Two runs on one folder that hold out different parts of it; and the same images under other names."""
    for name, held_out in (("a", 10), ("b", 20), ("c", 10)):
        words = ("--data", folder, "--held-out", held_out, "--epochs", 1, "--output", tmp_path / name)
        assert genzoo("train", preset, *words)[0] == 0
    asked = ("--metrics", "frechet,authpct", "--features", "pixels", "--num", 20)
    assert "others of them are held out" in mistake("evaluate", tmp_path / "a", "--data", tmp_path / "b", *asked)
    code, text, _ = genzoo("evaluate", tmp_path / "a", "--data", tmp_path / "c", *asked)
    assert code == 0 and "beside the images held out of photos/ (10)" in text
    faces = save(np.random.default_rng(1).integers(0, 256, (30, 16, 16, 3), "uint8"), tmp_path / "others")
    assert "authpct finds copies" in mistake("evaluate", tmp_path / "a", "--data", faces, *asked)
    line = mistake("evaluate", tmp_path / "a", "--data", faces, "--split", "held_out", "--metrics", "mse")
    assert "it is not known which images of others/ are held out" in line
    for number in range(40):
        (folder / f"{number:02d}.png").rename(folder / f"x{number:02d}.png")
    assert "it is not known which of them it was not trained on" in mistake(
        "evaluate", tmp_path / "a", "--data", folder, *asked
    )


def test_grey_folders(genzoo, tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (2, 20, 12, 12), "uint8")
    a, b = (save(images, tmp_path / name) for images, name in zip(grey, "ab", strict=True))
    code, _, _ = genzoo(
        "evaluate", a, "--data", b, "--features", "pixels", "--metrics", "frechet", "--output", tmp_path / "out"
    )
    (result,) = read(tmp_path / "out")["frechet_pixels"]
    assert code == 0 and result.protocol["real"]["image_shape"] == [12, 12, 1]


@pytest.mark.slow
def test_what_was_measured_is_not_lost_when_something_cannot_be(genzoo, run, faces):
    code, text, complaint = genzoo(
        "evaluate", run, "--data", faces, "--features", "pixels", "--num", 3, "--metrics", "precision,mse"
    )
    assert code == 2 and "  mse " in text and "precision" not in text and "\nkept: " in text
    assert "error: precision: " in complaint and set(read(run)) == {"mse"}
    code, text, _ = genzoo(
        "evaluate", run, "--data", faces, "--features", "pixels", "--num", 3, "--metrics", "precision"
    )
    assert code == 2 and "kept" not in text


@pytest.mark.slow
def test_training_measures_too(genzoo, mistake, preset, tmp_path):
    output = tmp_path / "measured"
    options = ("--evaluate-every", 1, "--evaluate-metrics", "frechet,mse", "--features", "pixels", "--evaluate-num", 20)
    code, _, _ = genzoo("train", preset, "--output", output, *options)
    assert code == 0
    assert [one.subject["iterations"] for one in read(output)["frechet_pixels"]] == [4, 8]
    lines = [json.loads(line) for line in (output / "history.jsonl").read_text().splitlines()]
    assert [line["mse"] for line in lines] == [one.value for one in read(output)["mse"]]
    for command in (("sample", "--num", 4, "--output", tmp_path / "best.png"), ("evaluate", "--metrics", "mse")):
        code, _, _ = genzoo(command[0], output, *command[1:], "--best", "frechet_pixels")
        assert code == 0
    # It goes on as it was told.
    code, _, _ = genzoo("train", "--output", output, "--resume", "--epochs", 3)
    assert code == 0 and len(read(output)["frechet_pixels"]) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--evaluate-every", 1), "inception-2015-12-05"),
        (("--evaluate-every", 1, "--evaluate-metrics", "frechets"), "there is no metric 'frechets'"),
        (("--evaluate-metrics", "mse"), "--evaluate-metrics is for --evaluate-every N"),
        (
            ("--evaluate-every", 1, "--evaluate-metrics", "inception_score", "--features", "pixels"),
            "class probabilities",
        ),
    ],
)
def test_mistakes_about_measuring_while_training(mistake, preset, tmp_path, words, message):
    assert message in mistake("train", preset, "--output", tmp_path / "run", *words)
    assert not (tmp_path / "run").exists()
