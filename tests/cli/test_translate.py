"""`genzoo translate`: files, folders and pairs that runs translate, and everything a user gets wrong."""

import json
import re
import shlex

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import config
from keras_genzoo.artifacts import Position, Run
from keras_genzoo.artifacts.run_data import record_of
from keras_genzoo.data import ArraySource, Split, load_split
from keras_genzoo.models.pix2pix import Pix2Pix
from keras_genzoo.registry import DATASETS
from tests.uses.test_gallery import Page

RNG = np.random.default_rng(0)
GENERATOR = {"network": "unet", "filters": [4, 8], "dropout": 0.0}
COPIES = {
    "encoder": {"network": "mlp_encoder", "hidden": [2]},
    "decoder": {"network": "mlp_decoder", "hidden": [2]},
}
SIZE = 16
DISCRIMINATOR = {"network": "patch_discriminator", "filters": 4, "receptive_field": 16}
CYCLEGAN = {
    "image_shape": [SIZE, SIZE, 3],
    **{key: {"network": "resnet_translator", "filters": 2, "blocks": 1} for key in ("a_to_b", "b_to_a")},
    **{key: {**DISCRIMINATOR, "receptive_field": 1} for key in ("discriminator_a", "discriminator_b")},
}


def toy_pairs(size: int = SIZE, channels: int = 1, held_out: int = 3, num_images: int = 8) -> Split:
    """Random images of grey and of colors."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (num_images, size, size, channels), "uint8")
    y = rng.integers(0, 256, (num_images, size, size, 3), "uint8")
    names = [f"{number}.jpg" for number in range(num_images)]
    parts = (slice(held_out, None), slice(held_out))
    return Split(*(ArraySource(x[part], target=y[part], name="toys", names=names[part]) for part in parts))


@pytest.fixture(scope="module", autouse=True)
def pairs():
    DATASETS.register("toy_pairs")(toy_pairs)
    yield
    del DATASETS._entries["toy_pairs"]


def run_of(folder, model, arguments, dataset="toy_pairs", data=None):
    """A run of a model that was not trained, on toys or on the images of a folder."""
    preset = {
        "schema": 2,
        "model": model,
        "data": {"dataset": dataset, "batch_size": 2},
        "arguments": arguments,
        "fit": {"epochs": 1},
    }
    channels = arguments["image_shape"][-1]
    split = toy_pairs(channels=channels) if data is None else load_split(dataset, data, size=SIZE, channels=channels)
    record = {"seed": 0, "jit": "off", "data": record_of(data, None, split)}
    with Run.create(folder, preset, record) as run:
        run.checkpoints.save(config.build(run.config, seed=0), Position(1))
    return folder


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """A run of pix2pix."""
    shapes = {"image_shape": [SIZE, SIZE, 1], "target_shape": [SIZE, SIZE, 3]}
    networks = {"generator": GENERATOR, "discriminator": DISCRIMINATOR}
    return run_of(tmp_path_factory.mktemp("runs") / "maps", "pix2pix", {**shapes, **networks})


@pytest.fixture
def photos(tmp_path):
    """A folder of three images."""
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    for name, shape in {"a.png": (13, 22), "<b>.jpg": (20, 20, 3), "trip/c d.png": (13, 22, 4)}.items():
        Image.fromarray(RNG.integers(0, 256, shape, "uint8")).save(folder / name)
    return folder


def test_a_folder_and_its_gallery(maps, photos, genzoo, tmp_path):
    out = tmp_path / "out"
    code, text, errors = genzoo("translate", maps, "--input", photos, "--output", out)
    assert code == 0, errors
    assert text.startswith(f"3 images, at their own sizes, translated in {out}:\n") and "index.html" in text
    model = keras_genzoo.load(maps)
    for name in ("a.png", "<b>.png", "trip/c d.png"):
        given, made = (np.asarray(Image.open(out / column / name)) for column in ("input", "output"))
        np.testing.assert_allclose(model.translate(given[None, ..., None])[0].astype(int), made, atol=1)
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    assert "maps: translations from A to B" in page.text and "<b>.jpg" in page.text
    assert f"pix2pix, trained on toy_pairs at {SIZE} x {SIZE} pixels" in page.text
    report = json.loads((out / "translations.json").read_text())
    assert report["run"] == str(maps) and report["direction"] == "ab" and report["made_by"] == "genzoo translate"


@pytest.mark.slow
def test_a_file_and_a_folder_without_gallery(maps, photos, genzoo, mistake, tmp_path):
    one = tmp_path / "new" / "one.png"
    code, text, errors = genzoo("translate", maps, "--input", photos / "a.png", "--output", one, "--size", 8)
    assert code == 0 and f"translated at 14 x 8 pixels: {one}" in text, errors
    assert Image.open(one).size == (14, 8)
    line = mistake("translate", maps, "--input", photos / "a.png", "--output", one)
    assert line == f"translate: --output '{one}' is there already: name another file."
    words = ("--output", tmp_path / "out", "--size", 8, "--no-gallery")
    assert genzoo("translate", maps, "--input", photos / "a.png", *words)[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "output",
        "translations.csv",
        "translations.json",
    ]


def test_pairs_that_a_run_held_out(maps, genzoo, tmp_path):
    code, text, errors = genzoo("translate", maps, "--data", maps, "--output", tmp_path / "out")
    assert code == 0 and "3 images, as the dataset gives them" in text and "  PSNR" in text, errors
    model, source = keras_genzoo.load(maps), toy_pairs().held_out
    record = source[np.arange(3)]
    errors = np.abs(model.translate(record["image"]) / 255 - record["target"] / 255).mean(axis=(1, 2, 3))
    report = json.loads((tmp_path / "out" / "translations.json").read_text())
    assert report["folders"] == ["input", "output", "target"] and report["count"] == 3
    assert report["measures"]["l1"]["mean"] == pytest.approx(errors.mean(), abs=2e-3)
    assert report["measures"]["l1"]["standard_error"] == pytest.approx(errors.std(ddof=1) / np.sqrt(3), rel=0.05)
    assert f"L1    {report['measures']['l1']['mean']:.4f} ± " in text
    assert len((tmp_path / "out" / "translations.csv").read_text().splitlines()) == 4


@pytest.mark.slow
def test_what_training_says_comes_next(genzoo, tmp_path, monkeypatch):
    data = {"dataset": "drawn_outlines", "batch_size": 4, "num_images": 8, "held_out": 4}
    arguments = {**Pix2Pix.tiny, "image_shape": [16, 16, 1], "target_shape": [16, 16, 3]}
    preset = {
        "schema": 2,
        "model": "pix2pix",
        "about": "Tiny.",
        "data": data,
        "arguments": arguments,
        "fit": {"epochs": 1},
    }
    (tmp_path / "tiny.json").write_text(json.dumps(preset))
    code, text, errors = genzoo("train", tmp_path / "tiny.json", "--output", tmp_path / "run")
    assert code == 0, errors
    (line,) = re.findall(r"^next: (.*)$", text, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    for command in line.split("; "):
        program, *words = shlex.split(command)
        assert program == "genzoo" and genzoo(*words)[0] == 0, command
    assert (tmp_path / "translated" / "index.html").exists()


@pytest.mark.slow
def test_folders_of_pairs(genzoo, mistake, tmp_path):
    for part, count in (("train", 4), ("test", 3)):
        _images(tmp_path / "sides" / part, count, (SIZE, 2 * SIZE, 3))
    translator = {"image_shape": [SIZE, SIZE, 3], "generator": GENERATOR, "discriminator": DISCRIMINATOR}
    run = run_of(tmp_path / "run", "pix2pix", translator, "pairs", tmp_path / "sides")
    for number, (data, count) in enumerate({tmp_path / "sides": 3, run: 3, tmp_path / "sides" / "train": 4}.items()):
        code, text, errors = genzoo("translate", run, "--data", data, "--output", tmp_path / f"out{number}")
        assert code == 0 and text.startswith(f"{count} images, as the dataset gives them") and "  L1 " in text, errors
    out, sheet = tmp_path / "out0", np.asarray(Image.open(tmp_path / "sides" / "test" / "1.png"))
    (name,) = [path.relative_to(out / "input") for path in (out / "input").rglob("1.png")]
    np.testing.assert_array_equal(np.asarray(Image.open(out / "input" / name)), sheet[:, :SIZE])
    np.testing.assert_array_equal(np.asarray(Image.open(out / "target" / name)), sheet[:, SIZE:])
    first, second = (_images(tmp_path / name, 2, (SIZE, SIZE, 3)) for name in ("photos", "maps"))
    words = ("--data", first, "--targets", second, "--output", tmp_path / "two")
    code, text, errors = genzoo("translate", run, *words)
    assert code == 0 and text.startswith("2 images") and "  L1 " in text, errors
    line = mistake("translate", run, "--data", first, "--output", first / "made")
    assert "would lie among the images of" in line


@pytest.mark.slow
def test_folders_of_domains_without_pairs(genzoo, tmp_path):
    for name, count in (("trainA", 3), ("trainB", 4), ("testA", 2), ("testB", 3)):
        _images(tmp_path / "domains" / name, count, (SIZE, SIZE, 3))
    run = run_of(tmp_path / "run", "cyclegan", CYCLEGAN, "unpaired", tmp_path / "domains")
    for direction, count in (("ab", 2), ("ba", 3)):
        words = ("--data", tmp_path / "domains", "--direction", direction, "--output", tmp_path / direction)
        code, text, errors = genzoo("translate", run, *words)
        assert code == 0 and f"{count} images" in text and "  cycle error " in text and "  L1 " not in text, errors


@pytest.mark.slow
def test_a_model_of_both_directions(genzoo, photos, tmp_path):
    run = run_of(tmp_path / "run", "cyclegan", CYCLEGAN)
    words = ("--input", photos, "--direction", "ba", "--output", tmp_path / "out")
    code, text, errors = genzoo("translate", run, *words)
    assert code == 0 and "  cycle error  0." in text, errors
    assert json.loads((tmp_path / "out" / "translations.json").read_text())["folders"][2] == "round_trip"
    assert "run: translations from B to A" in (tmp_path / "out" / "index.html").read_text()
    code, text, errors = genzoo("translate", run, "--data", run, "--direction", "ba", "--output", tmp_path / "pairs")
    assert code == 0 and "  L1 " in text and "  cycle error " in text, errors


@pytest.mark.slow
def test_broken_and_large_images(maps, photos, genzoo, mistake, tmp_path):
    (photos / "broken.png").write_bytes(b"no image")
    Image.new("L", (70, 40)).save(photos / "large.png")
    code, _, errors = genzoo("translate", maps, "--input", photos, "--output", tmp_path / "out")
    assert code == 0 and "1 of 5 image files cannot be used: broken.png holds no" in errors
    assert "large.png (70x40); --size 16" in errors
    line = mistake("translate", maps, "--input", photos / "broken.png", "--output", tmp_path / "x")
    assert "no image can be read: broken.png holds no" in line


class TestMistakes:
    def test_of_models_and_directions(self, maps, photos, mistake, tmp_path):
        words = ("--input", photos, "--output", tmp_path / "out")
        copies = run_of(tmp_path / "copies", "ae", {**COPIES, "image_shape": [SIZE, SIZE, 1]})
        assert "is a AE, which does not translate images" in mistake("translate", copies, *words)
        line = mistake("translate", maps, *words, "--direction", "ba")
        assert f"--direction ba: '{maps}' is a Pix2Pix, which translates ab alone" in line
        assert not (tmp_path / "out").exists()

    def test_of_places(self, maps, photos, mistake, tmp_path):
        out = ("--output", tmp_path / "out")
        assert "holds other files" in mistake("translate", maps, "--input", photos, "--output", tmp_path)
        assert "holds another run" in mistake("translate", maps, "--input", photos, "--output", maps)
        line = mistake("translate", maps, "--input", photos, "--output", photos / "made")
        assert f"would lie among the images of '{photos}'" in line
        assert "is a folder: --output must be one" in mistake(
            "translate", maps, "--input", photos, "--output", tmp_path / "x.png"
        )
        one = ("--input", photos / "a.png")
        assert "must end in .png, or be a folder" in mistake("translate", maps, *one, "--output", tmp_path / "x.jpg")
        assert "--gallery is of a folder" in mistake(
            "translate", maps, *one, "--output", tmp_path / "x.png", "--gallery"
        )
        assert "is missing: give another image" in mistake("translate", maps, "--input", tmp_path / "no", *out)
        assert "one of the arguments --input --data is required" in mistake("translate", maps, *out)

    def test_of_data(self, maps, photos, mistake, tmp_path):
        out = ("--output", tmp_path / "out")
        assert "--targets are those of --data" in mistake(
            "translate", maps, "--input", photos, "--targets", photos, *out
        )
        assert "there is no folder" in mistake("translate", maps, "--data", photos, "--targets", tmp_path / "no", *out)
        assert "--size is for --input" in mistake("translate", maps, "--data", maps, "--size", 8, *out)
        assert "nor a dataset of this name" in mistake("translate", maps, "--data", tmp_path / "no", *out)
        assert "images/ has no targets: give pairs" in mistake(
            "translate", maps, "--data", _images(tmp_path / "images", 2, (SIZE, SIZE)), *out
        )


def _images(folder, count, shape):
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(RNG.integers(0, 256, shape, "uint8")).save(folder / f"{number}.png")
    return folder
