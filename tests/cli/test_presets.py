import argparse
import json
import sys

import pytest

from keras_genzoo import config
from keras_genzoo.cli import main
from keras_genzoo.cli.commands import presets as command
from keras_genzoo.config import finding


@pytest.fixture(autouse=True)
def zoo(tmp_path, monkeypatch):
    """Two presets that stand in for the package's own."""
    monkeypatch.setattr(finding, "folder", lambda: tmp_path)
    for model, size, about in (("vae", 32, "Quick to train. It took an hour."), ("dcgan", 64, "Sharp faces")):
        content = {
            "schema": 1,
            "model": model,
            "about": about,
            "data": {"dataset": "drawn_faces", "batch_size": 8},
            "arguments": {"image_shape": [size, size, 3]},
            "fit": {"epochs": 2},
        }
        (tmp_path / f"{model}_drawn_faces_{size}.json").write_text(json.dumps(content))


def printed(capsys, *words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    command.run(parser.parse_args(words))
    return capsys.readouterr().out


def test_a_pipe_gets_plain_columns(capsys):
    assert printed(capsys).splitlines() == [
        "name                  model  dataset      size   about",
        "dcgan_drawn_faces_64  dcgan  drawn_faces  64x64  Sharp faces",
        "vae_drawn_faces_32    vae    drawn_faces  32x32  Quick to train.",
    ]


def test_a_terminal_gets_a_table(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    table = printed(capsys)
    assert "dcgan_drawn_faces_64" in table and "Quick to train." in table and "an hour" not in table


def test_json_is_for_programs(capsys):
    rows = json.loads(printed(capsys, "--json"))
    assert [row["name"] for row in rows] == config.list_presets()
    assert rows[1] == {
        "name": "vae_drawn_faces_32",
        "model": "vae",
        "dataset": "drawn_faces",
        "size": "32x32",
        "about": "Quick to train. It took an hour.",
    }


def test_schema_is_the_published_one(capsys):
    assert json.loads(printed(capsys, "--schema")) == json.loads(json.dumps(config.schema()))


def test_json_and_schema_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        printed(capsys, "--json", "--schema")


def test_what_a_preset_says_is_neither_markup_nor_obeyed(tmp_path, capsys, monkeypatch):
    path = tmp_path / "vae_drawn_faces_32.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "about": "[red]loud[/red] \x1b]0;owned\x07"}))
    for terminal in (True, False):
        monkeypatch.setattr(sys.stdout, "isatty", lambda terminal=terminal: terminal)
        monkeypatch.setenv("COLUMNS", "160")
        code = main(["presets"])
        text = capsys.readouterr().out
        assert code == 0 and "[red]loud[/red] \\x1b]0;owned\\x07" in text and "\x07" not in text
