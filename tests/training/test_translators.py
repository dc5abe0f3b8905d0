"""Translators from a preset to a finished run, to its numbers, and to a table of several."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import evaluation
from keras_genzoo.cli import main
from keras_genzoo.config.presets import Preset
from keras_genzoo.data import ArraySource, Split
from keras_genzoo.registry import DATASETS

pytestmark = pytest.mark.slow

DISCRIMINATOR = {"network": "patch_discriminator", "filters": 4, "receptive_field": 16}
PIX2PIX = {
    "generator": {"network": "unet", "filters": [4, 8], "dropout": 0.0},
    "discriminator": DISCRIMINATOR,
}
RESNET = {"network": "resnet_translator", "filters": 2, "blocks": 1}
CYCLEGAN = {
    **{"a_to_b": RESNET, "b_to_a": RESNET, "pool_size": 4},
    **{"discriminator_a": DISCRIMINATOR, "discriminator_b": DISCRIMINATOR},
}
CUT = {"translator": RESNET, "discriminator": DISCRIMINATOR, "feature_layers": ["images", "block_1"], "patches": 8}
CUT |= {"image_shape": [16, 16, 3]}  # of as many channels: it looks at its translations by its own first half


def disks(count, seed, channels=1):
    """Grey disks, and the same in color on a ground of another color."""
    random = np.random.default_rng(seed)
    place, size = random.uniform(4, 12, (2, count, 1, 1)), random.uniform(2.0, 5.0, (count, 1, 1))
    y, x = np.mgrid[:16, :16]
    inside = (((x - place[0]) ** 2 + (y - place[1]) ** 2) < size**2)[..., None]
    image = np.where(inside, 255, 0).astype("uint8")
    target = np.where(inside, np.uint8([220, 60, 40]), np.uint8([30, 60, 160])).astype("uint8")
    return ArraySource(np.repeat(image, channels, axis=-1), target=target, name="disks")


@pytest.fixture(scope="module", autouse=True)
def dataset():
    @DATASETS.register("disks")
    def load(size: int = 16, channels: int = 1, held_out: int = 12) -> Split:
        """Pairs of disks."""
        return Split(disks(40, 0, channels), disks(held_out, 1, channels))

    try:
        yield
    finally:
        del DATASETS._entries["disks"]


def preset(model, arguments) -> Preset:
    return {
        "schema": 2,
        "model": model,
        "data": {"dataset": "disks", "batch_size": 4},
        "arguments": {"image_shape": [16, 16, 1], "target_shape": [16, 16, 3], **arguments},
        "fit": {"epochs": 2, "steps_per_epoch": 3},
    }


def trained(model, arguments, folder, **options):
    return keras_genzoo.train(preset(model, arguments), folder, seed=1, **options)


@pytest.fixture(scope="module")
def pix2pix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "pix2pix"
    return trained("pix2pix", PIX2PIX, folder, evaluate_every=1, evaluate_metrics="psnr,l1,frechet", features="pixels")


def test_a_run_shows_translations_and_targets(pix2pix, capsys):
    made = {path.relative_to(pix2pix.path).as_posix() for path in pix2pix.path.rglob("*.png")}
    assert made >= {"translations.png", "translations/epoch-0001.png", "translations/epoch-0002.png", "losses.png"}
    assert not {path.name for path in pix2pix.path.iterdir()} & {"samples", "latent_walk.png", "reconstructions.png"}
    with Image.open(pix2pix.path / "translations.png") as sheet:  # 12 of them: two times three rows of eight
        assert sheet.size == (6 * (8 * 18 - 2), 6 * (6 * 18 - 2)) and sheet.mode == "RGB"
    assert main(["doctor", str(pix2pix.path)]) == 0
    assert "nothing was found" in capsys.readouterr().out


def test_it_is_measured_while_it_is_trained(pix2pix):
    kept = evaluation.read(pix2pix.path)
    assert set(kept) >= {"target_psnr", "target_l1", "frechet_pixels"}
    best = max(result.value for result in kept["target_psnr"])
    record = json.loads((pix2pix.path / "best" / "target_psnr" / "best.json").read_text())
    assert record["value"] == best
    assert kept["frechet_pixels"][0].protocol["generated"]["count"] == 12
    assert {"target_psnr", "target_l1"} <= set(pix2pix.history()[-1])
    model = keras_genzoo.load(pix2pix.path, best="target_psnr")
    assert model.translate(disks(2, 1)[np.arange(2)]["image"]).shape == (2, 16, 16, 3)


def test_what_evaluate_measures_by_default(pix2pix, tmp_path, capsys):
    arguments = ["evaluate", str(pix2pix.path), "--features", "pixels", "--output", str(tmp_path)]
    assert main(arguments) == 0
    printed, warned = capsys.readouterr()
    assert "pix2pix is measured by 12 translations or images of a domain, which are few" in warned
    assert "the images held out of disks (12)" in printed and "nearest_neighbors.png" in printed
    assert {"val_l1", "target_l1", "target_psnr", "target_ssim", "frechet_pixels", "authpct_pixels"} <= set(
        evaluation.read(tmp_path)
    )
    assert evaluation.read(tmp_path)["target_l1"][-1].value == pytest.approx(
        evaluation.read(pix2pix.path)["target_l1"][-1].value
    )
    with pytest.warns(UserWarning, match="are few"):
        results = keras_genzoo.evaluate(pix2pix, metrics="frechet", split="train", features="pixels", output=tmp_path)
    assert results[0].protocol["real"]["count"] == 40 and results[0].protocol["generated"]["count"] == 12


ASKED = {"evaluate_every": 2, "evaluate_metrics": "frechet", "features": "pixels"}


def test_models_of_pairs_and_of_domains_stand_in_one_table(pix2pix, tmp_path, capsys):
    run = trained("cyclegan", CYCLEGAN, tmp_path / "cyclegan", **ASKED)
    assert (run.path / "translations.png").is_file() and run.best("frechet_pixels").folder.is_dir()
    folders = [pix2pix.path, run.path]
    for folder in folders:
        keras_genzoo.evaluate(folder, metrics="losses,l1,psnr,ssim", watch=evaluation.silent)
    keras_genzoo.evaluate(run, metrics="cycle_error", watch=evaluation.silent)
    found = evaluation.read(run.path)
    assert {"target_l1_b_to_a", "frechet_pixels_b_to_a", "val_cycle_a", "cycle_error_a"} <= set(found)
    assert found["cycle_error_b"][0].value == pytest.approx(found["val_cycle_b"][0].value / 2, rel=0.02)
    capsys.readouterr()
    assert main(["compare", *map(str, folders)]) == 0
    printed = capsys.readouterr().out
    assert "L1 B→A" in printed and "Cycle A" in printed and "L1 in pixels of 0..1" in printed
    (table,) = evaluation.compare(folders, ["target_l1", "target_psnr"])
    assert len(table.models) == 2 and None not in table.columns[0].values


def test_one_direction_without_pairs(tmp_path):
    run = trained("cut", CUT, tmp_path / "cut", **ASKED)
    assert (run.path / "translations.png").is_file() and "frechet_pixels" in run.history()[-1]
    results = keras_genzoo.evaluate(run, metrics="losses,l1,ssim", watch=evaluation.silent)
    assert {"val_nce", "target_l1", "target_ssim"} <= {result.metric for result in results}
