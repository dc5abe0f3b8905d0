"""`genzoo interpolate`: walks between seeds and between files."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import images
from keras_genzoo.data.decode import decode
from keras_genzoo.uses import encode, interpolate


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture).astype(int)


@pytest.mark.slow
def test_walks_between_seeds_begin_and_end_with_their_samples(genzoo, trained, tmp_path):
    output = tmp_path / "walks.png"
    code, text, complaint = genzoo("interpolate", trained, "--seeds", "3,4,8", "--steps", 3, "--output", output)
    assert (code, complaint) == (0, "") and text.startswith("spherical walks:\n  row 1  seed 3 to seed 4\n")
    model = keras_genzoo.load(trained)
    three, four, eight = (model.generate(1, seed=seed)[0].astype(int) for seed in (3, 4, 8))
    sheet = pixels(output)[::6, ::6]
    for row, (first, last) in enumerate(((three, four), (four, eight))):
        for column, image in ((0, first), (2, last)):
            found = sheet[18 * row : 18 * row + 16, 18 * column : 18 * column + 16]
            assert np.abs(found - image).max() <= 1
    assert json.loads(output.with_suffix(".json").read_text())["rows"] == [[3, 4], [4, 8]]


@pytest.mark.slow
def test_walks_between_files_stand_between_them(genzoo, trained, folder, tmp_path):
    paths = [folder / f"{number:02d}.png" for number in range(4)]
    options = ("--kind", "linear", "--steps", 2, "--output", tmp_path / "walks.png")
    code, text, _ = genzoo("interpolate", trained, "--from", *paths[:2], "--to", *paths[2:], *options)
    assert code == 0 and text.startswith("linear walks:\n") and f"  row 2  {paths[1]} to {paths[3]}" in text
    x = np.stack([decode(path, 16, 3).image for path in paths])
    model = keras_genzoo.load(trained)
    rows = interpolate(model, encode(model, x[:2]), encode(model, x[2:]), np.array([0.0, 1.0]), "linear")
    expected = np.concatenate([x[:2, None], rows, x[2:, None]], axis=1).reshape(-1, 16, 16, 3)
    assert np.abs(pixels(tmp_path / "walks.png")[::6, ::6] - images.grid(expected, columns=4)).max() <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seeds", "3"), "--seeds '3': expected two integers or more"),
        (("--seeds", "3,x"), "--seeds '3,x': expected two integers or more"),
        (("--seeds", f"3,{2**32}"), "from 0 to 4,294,967,295"),
        (("--from", "a.png"), "--from names 1 images, and --to 0"),
        (("--seeds", "1,2", "--to", "a.png"), "two ways to say where"),
        (("--from", "a.png", "--to", "b.png"), "'a.png' is missing"),
        (("--output", "."), "must end in .png"),
    ],
)
def test_mistakes(mistake, trained, words, message):
    assert message in mistake("interpolate", trained, *words)
