"""`genzoo translate`: files, folders and pairs that runs translate, and everything a user gets wrong."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import config
from keras_genzoo.artifacts import Position, Run
from keras_genzoo.artifacts.run_data import record_of
from keras_genzoo.data import ArraySource, Split
from keras_genzoo.registry import DATASETS
from tests.uses.test_gallery import Page

RNG = np.random.default_rng(0)
GENERATOR = {"network": "unet", "filters": [4, 8], "dropout": 0.0}
COPIES = {
    "encoder": {"network": "mlp_encoder", "hidden": [2]},
    "decoder": {"network": "mlp_decoder", "hidden": [2]},
}
SIZE = 16


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


def run_of(folder, model, arguments):
    """A run of a model that was not trained."""
    preset = {
        "schema": 2,
        "model": model,
        "data": {"dataset": "toy_pairs", "batch_size": 2},
        "arguments": arguments,
        "fit": {"epochs": 1},
    }
    record = {"seed": 0, "jit": "off", "data": record_of(None, toy_pairs(channels=arguments["image_shape"][-1]))}
    with Run.create(folder, preset, record) as run:
        run.checkpoints.save(config.build(run.config, seed=0), Position(1))
    return folder


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """A run of pix2pix."""
    shapes = {"image_shape": [SIZE, SIZE, 1], "target_shape": [SIZE, SIZE, 3]}
    discriminator = {"network": "patch_discriminator", "filters": 4, "receptive_field": 16}
    networks = {"generator": GENERATOR, "discriminator": discriminator}
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
def test_a_model_of_both_directions(genzoo, photos, tmp_path):
    translator = {"network": "resnet_translator", "filters": 2, "blocks": 1}
    discriminator = {"network": "patch_discriminator", "filters": 4, "receptive_field": 1}
    networks = {"a_to_b": translator, "b_to_a": translator}
    networks |= {"discriminator_a": discriminator, "discriminator_b": discriminator}
    run = run_of(tmp_path / "run", "cyclegan", {"image_shape": [SIZE, SIZE, 3], **networks})
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
            "translate", maps, "--data", _large_enough(tmp_path / "images"), *out
        )


def _large_enough(folder):
    folder.mkdir()
    for number in range(2):
        Image.fromarray(RNG.integers(0, 256, (SIZE, SIZE), "uint8")).save(folder / f"{number}.png")
    return folder
