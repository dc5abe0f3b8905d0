"""Folders of images of strangers."""

import os

import pytest
from PIL import Image

from tests.security import files

PICTURES = {
    "a PNG of 100,000 x 100,000": ("bomb.png", lambda path: path.write_bytes(files.png(100_000, 100_000)), "pixels"),
    "a PNG of 2^31 x 1": ("bomb.png", lambda path: path.write_bytes(files.png(2**31 - 1, 1)), "bomb.png"),
    "a PNG that is cut short": ("cut.png", lambda path: path.write_bytes(files.png(64, 64)), "is damaged"),
    "a GIF that calls itself PNG": ("x.png", lambda path: gif(path), "holds GIF, not PNG"),
    "a pipe": ("pipe.png", os.mkfifo, "is not a regular file"),
    "a device": ("zero.png", lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    "a program": ("x.jpg", lambda path: path.write_text("#!/bin/sh\ntouch sentinel\n"), "holds no PNG"),
    "an escape as name": ("\x1b[31m.png", lambda path: path.write_bytes(b""), r"\x1b[31m.png"),
    "markup as name": ("[red]x[_red].png", lambda path: path.write_bytes(b""), "[red]x[_red].png"),
}


def gif(path):
    frames = [Image.new("P", (8, 8), color) for color in range(3)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], loop=0)
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.slow
@pytest.mark.parametrize("case", PICTURES)
def test_pictures(case, stranger, refusal, preset):
    name, make, expected = PICTURES[case]
    folder = stranger.folder / "pictures"
    folder.mkdir()
    make(folder / name)
    for number in range(4):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(folder / f"{number}.png")
    options = ["--set", "data.batch_size=2", "--set", "data.follow_links=true", "--held-out", "1"]
    complaint = refusal("train", preset, "--data", folder, *options, "--output", stranger.folder / "run")
    assert expected in complaint and "1 of 5 image files cannot be used" in complaint


# needs data/decode.py
@pytest.mark.parametrize("name", ["[red]photos[_red]", "[", "{0.__class__}", "%n%s"])
def test_names_of_folders_beside_progress(name, stranger, monkeypatch, capsys):
    from keras_genzoo.data import decode

    folder = stranger.folder / name
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "0.png")
    monkeypatch.setattr(decode, "PATIENCE", 0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    assert len(list(decode.decode_all(folder, ["0.png"], 8, 3))) == 1
    assert f"Reading {name}/" in capsys.readouterr().err
