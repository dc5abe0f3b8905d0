"""`genzoo mix`, `project`, `transfer`, and what other commands do with styles."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo.cli import main
from keras_genzoo.uses import LatentSpace, PrincipalStyles, StyleSpace, decode, draw, read_styles

PRESET = {
    "schema": 2,
    "model": "stylegan",
    "data": {"dataset": "drawn_faces", "batch_size": 16, "num_images": 64, "held_out": 20},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 4,
        "style_dim": 4,
        "growth": [{"size": 8, "images": 32}, {"size": 16, "fade": 32}],
        "mapping": {"network": "style_mapping", "depth": 2},
        "synthesis": {"network": "style_synthesis", "filters": [8, 8, 8]},
        "discriminator": {"network": "progressive_discriminator", "filters": [8, 8, 8], "blur": True},
    },
    "fit": {"epochs": 2},
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def styled(tmp_path_factory):
    """A finished run of a small StyleGAN."""
    folder = tmp_path_factory.mktemp("styled")
    (folder / "stylegan_tiny_16.json").write_text(json.dumps(PRESET))
    assert main(["train", str(folder / "stylegan_tiny_16.json"), "--output", str(folder / "run")]) == 0
    return folder / "run"


def test_the_plan_says_where_a_short_training_ends(genzoo, styled, tmp_path):
    """Of 44 images: the last stage begins after one epoch."""
    preset = styled.parent / "stylegan_tiny_16.json"
    words = ("--output", tmp_path / "run", "--epochs", 1, "--no-diagnosis")
    code, text, _ = genzoo("train", preset, *words)
    assert code == 0 and "the training ends at 8 px: 16 px begin after epoch 1; give more --epochs" in text
    code, text, _ = genzoo("train", "--resume", "--output", tmp_path / "run", "--epochs", 2)
    assert code == 0 and "short" not in text


@pytest.fixture(scope="module")
def projected(styled, tmp_path_factory):
    """Two images, and what `genzoo project` found of them."""
    folder = tmp_path_factory.mktemp("projected")
    model = keras_genzoo.load(styled)
    for number, pixels in enumerate(model.generate(2, seed=9)):
        (folder / "faces").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / "faces" / f"{number}.png")
    words = ("--image", folder / "faces", "--steps", 20, "--output", folder / "found.png")
    assert main(["project", str(styled), *map(str, words)]) == 0
    return folder


def cell(path, row, column, scale=6):
    """An image of a sheet, of 16 pixels with 2 between them."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture)[::scale, ::scale]
    return pixels[18 * row : 18 * row + 16, 18 * column : 18 * column + 16].astype(int)


def test_a_table_of_mixed_styles(genzoo, styled, tmp_path):
    words = ("--rows", "1,2", "--cols", "3", "--styles", "coarse", "--truncation", 0.7, "--output", tmp_path / "t.png")
    code, text, complaint = genzoo("mix", styled, *words)
    assert (code, complaint) == (0, "") and "rows: seed 1, seed 2; with the coarse styles (layers 0-3) of:" in text
    model = keras_genzoo.load(styled)
    w = np.stack([draw(StyleSpace(model), np.arange(1), seed)[0] for seed in (1, 2, 3)])
    w = np.asarray(model.truncated(w, 0.7))
    mixed = w[:2].copy()
    mixed[:, :4] = w[2, :4]
    assert np.abs(cell(tmp_path / "t.png", 0, 1) - model.synthesize(w[2:])[0]).max() <= 1
    for row, expected in enumerate(zip(model.synthesize(w[:2]), model.synthesize(mixed), strict=True), 1):
        for column, image in enumerate(expected):
            assert np.abs(cell(tmp_path / "t.png", row, column) - image).max() <= 1
    assert json.loads((tmp_path / "t.json").read_text())["layers"] == [0, 1, 2, 3]


def test_a_projection_and_its_use(genzoo, styled, projected, tmp_path):
    report = json.loads((projected / "found.json").read_text())
    assert len(report["psnr"]) == 2 and all(np.array(report["psnr"]) > np.array(report["psnr_of_mean_image"]))
    model = keras_genzoo.load(styled)
    w = read_styles(projected / "found.npz", model)
    assert w.shape == (2, 6, 4)
    assert np.abs(cell(projected / "found.png", 1, 5) - model.synthesize(w)[1]).max() <= 1
    words = (
        "--rows",
        f"{projected / 'found.npz'}:1",
        "--cols",
        projected / "found.npz",
        "--output",
        tmp_path / "m.png",
    )
    code, text, _ = genzoo("mix", styled, *words)
    assert code == 0 and f"rows: {projected / 'found.npz'}:1;" in text
    assert np.abs(cell(tmp_path / "m.png", 1, 0) - model.synthesize(w)[1]).max() <= 1


def test_a_transfer_of_an_image_file(genzoo, styled, projected, tmp_path):
    words = ("--content", projected / "faces" / "0.png", "--style", 2, "--steps", 5, "--output", tmp_path / "t.png")
    code, text, _ = genzoo("transfer", styled, *words)
    assert code == 0 and "0.png: projected, PSNR" in text and "the first with the middle,fine styles" in text
    model = keras_genzoo.load(styled)
    style = model.synthesize(draw(StyleSpace(model), np.arange(1), 2))[0]
    assert np.abs(cell(tmp_path / "t.png", 0, 1) - style).max() <= 1


@pytest.mark.parametrize("space", ["z", "w"])
def test_an_attribute_of_samples(genzoo, styled, tmp_path_factory, tmp_path, space):
    classifier = tmp_path_factory.getbasetemp() / "styled_classifier"
    if not classifier.exists():
        assert genzoo("classifier", styled, "--epochs", 1, "--output", classifier)[0] == 0
    words = ("--attribute", "skin_tone", "--classifier", classifier, "--space", space, "--images", 2, "--steps", 3)
    code, text, _ = genzoo("arithmetic", styled, *words, "--output", tmp_path / "a.png")
    assert code == 0 and "samples with it and" in text
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["with"] + report["without"] == 2_000 and report["space"] == space
    assert len(report["direction"]) == 4 and report["auroc"] is not None
    model = keras_genzoo.load(styled)
    shown = StyleSpace(model) if space == "w" else LatentSpace(model)
    z = draw(shown, np.arange(2_000, 2_002)) - 2 * np.array(report["direction"])
    assert np.abs(cell(tmp_path / "a.png", 1, 1) - decode(shown, z)[1]).max() <= 2


def test_walks_and_axes_in_w(genzoo, styled, tmp_path):
    walks, rows = tmp_path / "walks.png", tmp_path / "rows.png"
    assert genzoo("interpolate", styled, "--space", "w", "--seeds", "3,4", "--steps", 3, "--output", walks)[0] == 0
    model = keras_genzoo.load(styled)
    w = np.concatenate([draw(StyleSpace(model), np.arange(1), seed) for seed in (3, 4)])
    assert np.abs(cell(walks, 0, 1) - model.synthesize(w.mean(axis=0, keepdims=True))[0]).max() <= 1
    code, text, _ = genzoo("traverse", styled, "--space", "w", "--latents", 2, "--steps", 3, "--output", rows)
    assert code == 0 and "latent 0  variance" in text
    axes = PrincipalStyles(model)
    start = draw(axes, np.arange(1))
    start[:, 0] = -3.0
    assert np.abs(cell(rows, 0, 0) - model.synthesize(axes.mean + (start * axes.deviations) @ axes.axes)[0]).max() <= 1


def test_samples_with_truncation(genzoo, styled, tmp_path):
    words = ("--num", 4, "--truncation", 0, "--output", tmp_path / "mean.png")
    code, text, _ = genzoo("sample", styled, *words)
    assert code == 0 and "truncation 0" in text
    assert (cell(tmp_path / "mean.png", 0, 0) == cell(tmp_path / "mean.png", 0, 1)).all()


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_a_film_through_seeds_and_files(genzoo, styled, projected, tmp_path, suffix):
    if suffix == ".mp4":
        pytest.importorskip("imageio_ffmpeg", reason="the extra 'video' is not installed")
    film = tmp_path / f"walk{suffix}"
    words = ("--space", "w", "--seeds", f"1,{projected / 'found.npz'}:0", "--seconds", 0.5, "--output", film)
    code, text, _ = genzoo("walk", styled, *words, "--truncation", 0.7)
    fps = {".gif": 16, ".mp4": 24}[suffix]
    assert code == 0 and f"{fps // 2} images, through seed 1, " in text
    report = json.loads(film.with_suffix(".json").read_text())
    assert (report["frames"], report["fps"], report["truncation"]) == (fps // 2, fps, 0.7)
    if suffix == ".gif":
        with Image.open(film) as animation:
            assert animation.n_frames == 8 and animation.size == (96, 96)
    assert film.stat().st_size > 500


def test_a_film_of_a_model_without_styles(genzoo, trained, tmp_path):
    code, text, _ = genzoo("walk", trained, "--seconds", 0.5, "--output", tmp_path / "walk.gif")
    assert code == 0 and "8 images, through seed 0, seed 1" in text


@pytest.mark.parametrize(
    ("command", "words", "message"),
    [
        ("walk", ("--seeds", "1"), "give two or more"),
        ("walk", ("--seeds", "1,x.npz"), "'x.npz' is no integer from 0 to 4,294,967,295; files need --space w"),
        ("walk", ("--truncation", "0.5"), "--truncation is of styles: add --space w"),
        ("walk", ("--output", "walk.avi"), "must end in .gif or .mp4"),
        ("arithmetic", ("--attribute", "hat", "--space", "w"), "--space w is of samples: add --classifier"),
        ("arithmetic", ("--attribute", "hat", "--classifier", "none"), "'none' is no classifier"),
        ("arithmetic", ("--attribute", "hat"), "StyleGAN has no encoder"),
        ("mix", ("--styles", "fine"), "styles 'fine': this model ends at 16 pixels"),
        ("mix", ("--rows", "1,none.npz"), "'none.npz': there is no such file"),
        ("mix", ("--truncation", "x"), "expected a number above -10"),
        ("mix", ("--output", "table.jpg"), "must end in .png"),
        ("project", ("--image", "none.png"), "'none.png' is missing"),
        ("transfer", ("--content", "none.png", "--style", "1"), "'none.png' is missing"),
        ("transfer", ("--content", "{found}", "--style", "1"), "holds 2 images: name one"),
        ("transfer", ("--content", "{found}:2", "--style", "1"), "the file has 2 images, counted from 0"),
        ("interpolate", ("--space", "w", "--from", "a.png", "--to", "b.png"), "--space w walks from seed to seed"),
        ("traverse", ("--space", "w", "--index", "1"), "--space w starts from a sample"),
        ("sample", ("--truncation", "x", "--output", "a.png"), "--truncation"),
    ],
)
def test_mistakes(mistake, styled, projected, tmp_path, monkeypatch, command, words, message):
    monkeypatch.chdir(tmp_path)
    words = [word.replace("{found}", str(projected / "found.npz")) for word in words]
    assert message in mistake(command, styled, *words)


def test_a_model_without_styles(mistake, trained, tmp_path):
    words = {"mix": (), "transfer": ("--content", 1, "--style", 2), "traverse": ("--space", "w")}
    for command, more in words.items():
        assert "VAE has no styles" in mistake(command, trained, *more, "--output", tmp_path / "a.png")
