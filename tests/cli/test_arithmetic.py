"""`genzoo arithmetic`: attributes from factors, classes and tables, and A - B + C."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import images
from keras_genzoo.data.decode import decode
from keras_genzoo.uses import attribute_direction, encode, move, separation


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture).astype(int)


@pytest.mark.slow
def test_a_factor_becomes_a_direction(genzoo, trained, tmp_path):
    output = tmp_path / "glasses.png"
    options = ("--images", 2, "--steps", 3, "--strength", 1, "--output", output)
    code, text, _ = genzoo("arithmetic", trained, "--attribute", "glasses", *options)
    assert code == 0
    model = keras_genzoo.load(trained)
    split = keras_genzoo.data.load_split("drawn_faces", size=16, num_images=64, held_out=20)
    train, held_out = (part[np.arange(len(part))] for part in split)
    glasses = split.train.factor_names.index("glasses")
    a, b = (part["factors"][:, glasses] for part in (train, held_out))
    direction = attribute_direction(model.encode(train["image"]), a)
    auroc = separation(model.encode(held_out["image"]), b, direction)
    report = json.loads(output.with_suffix(".json").read_text())
    assert (report["attribute"], report["with"], report["without"]) == ("glasses=with", a.sum(), (a == 0).sum())
    assert report["auroc"] == pytest.approx(auroc, abs=1e-4)
    np.testing.assert_allclose(report["direction"], direction, atol=1e-4)
    assert f"AUROC  {auroc:.3f} on {b.sum():.0f} other images with it" in text
    x = held_out["image"][:2]
    rows = move(model, encode(model, x), direction, [-1, 0, 1])
    expected = images.grid(np.concatenate([x[:, None], rows], axis=1).reshape(-1, 16, 16, 3), columns=4)
    assert np.abs(pixels(output)[::6, ::6] - expected).max() <= 1


def test_a_column_of_a_table_beside_other_images(genzoo, trained, folder, tmp_path):
    """Half of them are learned from, the other half tell what it is worth."""
    lines = [f"{number:02d}.png,{('no', 'yes', '')[number // 2 % 3]}" for number in range(40)]
    (folder / "labels.csv").write_text("\n".join(["file,kind", *lines]))
    options = ("--data", folder, "--output", tmp_path / "kind.png", "--steps", 2, "--images", 1)
    code, text, _ = genzoo("arithmetic", trained, "--attribute", "kind", *options)
    assert code == 0 and "kind=yes: of 7 images with it and 7 without" in text
    assert "on 6 other images with it and 7 without" in text or "on 7 other images with it" in text


def test_an_analogy_of_files_and_folders(genzoo, trained, folder, tmp_path):
    a, b, c = folder, folder / "01.png", folder / "02.png"
    code, text, _ = genzoo(
        "arithmetic", trained, "--analogy", a, b, c, "--steps", 2, "--output", tmp_path / "analogy.png"
    )
    assert code == 0 and text.startswith("A, B, C, and the way from C to A - B + C:")
    model = keras_genzoo.load(trained)
    z = encode(model, np.stack([decode(path, 16, 3).image for path in sorted(folder.iterdir())]))
    expected = model.decode(z.mean(axis=0, keepdims=True) - z[1:2] + z[2:3])[0].astype(int)
    found = pixels(tmp_path / "analogy.png")[::6, ::6][:, 4 * 18 :]
    assert np.abs(found - expected).max() <= 1


def test_a_table_of_none_of_the_images(mistake, trained, folder):
    (folder / "labels.csv").write_text("file,kind\nphotos/00.png,1\nphotos/01.png,0\n")
    line = mistake("arithmetic", trained, "--attribute", "kind", "--data", folder)  # before anything is computed
    assert "labels.csv names none of the images of photos/; its first is 'photos/00.png'" in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "one of the arguments --attribute --analogy is required"),
        (("--attribute", "glases"), "did you mean 'glasses'"),
        (("--attribute", "hat"), "hat is one of none, cap"),
        (("--attribute", "outlier=cat"), "0 images have the attribute"),
        (("--attribute", "hair_style=bold"), "hair_style has no class 'bold'; did you mean 'bald'"),
        (("--attribute", "glasses", "--data", "nowhere"), "--data: there is no folder 'nowhere'"),
        (("--analogy", "a.png", "b.png", "c.png"), "'a.png' is missing"),
    ],
)
def test_mistakes(genzoo, trained, tmp_path, words, message):
    code, _, complaint = genzoo("arithmetic", trained, *words, "--output", tmp_path / "never.png")
    *others, last = complaint.splitlines()
    assert code == 2 and message in last
    assert all(other.startswith("latents of ") for other in others)  # how far it has come
    assert not any(tmp_path.iterdir())
