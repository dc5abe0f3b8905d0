"""What publishing a run writes, and where it may."""

import json
import shutil

import keras
import numpy as np
import pytest

from keras_genzoo.artifacts import RunError, from_pretrained, load
from keras_genzoo.cli import main
from keras_genzoo.pretrained import cards, inference_weights
from keras_genzoo.publishing import publish


def test_what_is_published(run, published):
    names = {path.name for path in published.iterdir()}
    own = {"card.json", "preset.json", "tiny@1.npz", "README.md", "SHA256SUMS", "samples.png"}
    assert names == own | {"config.json", "metadata.json", "model.weights.h5"}
    card = cards.read_card(published / "card.json")
    assert (card.title, card.model, card.licence, card.trained.images) == ("tiny@1", "dcgan", "Apache-2.0", 16)
    assert str(run.parent) not in (published / "card.json").read_text()
    sums = (published / "SHA256SUMS").read_text()
    assert f"{card.file.sha256}  tiny@1.npz" in sums and sums.count("\n") == len(names) - 1
    text = (published / "README.md").read_text()
    assert text.startswith('---\nlicense: "apache-2.0"\n') and "16 images seen, seed 3" in text


def test_weights_of_use_are_those_of_the_average_alone(run):
    model = load(run)
    found = inference_weights(model)
    assert {name.partition("/")[0] for name in found} == {"ema"}
    assert len(found) == len(model.ema.weights)


def test_keras_loads_what_is_published(run, published):
    model = keras.saving.load_model(published)
    np.testing.assert_array_equal(model.generate(3, seed=1), load(run).generate(3, seed=1))


def test_half_precision_moves_images_by_its_rounding(run, tmp_path, enter, monkeypatch):
    card = publish(run, tmp_path / "half", "MIT", "none", dtype="float16")
    assert card.file.dtype == "float16" and card.file.bytes < 20_000
    enter(**json.loads((tmp_path / "half" / "card.json").read_text()))
    monkeypatch.setenv("GENZOO_WEIGHTS", str(tmp_path / "half"))
    one, other = from_pretrained("tiny").samples(np.arange(8)), load(run).samples(np.arange(8))
    assert 0 < np.abs(one - other).max() < 2e-3 * np.abs(other).max()


def test_push(run, tmp_path, hub, capsys):
    given = ["push", str(run), "--licence", "MIT", "--data-licence", "none"]
    assert main([*given[:2], "hf://me/faces", *given[2:]]) == 0
    assert f"hf://me/faces@{40 * 'a'}: tiny@1" in capsys.readouterr().out
    assert hub[0] == ("create", "me/faces") and "tiny@1.npz" in hub[1][2]
    assert main([*given, "--to", str(tmp_path / "made")]) == 0
    cases = [
        (given, "say where to"),
        ([*given[:2], "--to", str(tmp_path / "x")], "--licence"),
        ([*given[:3], " ", *given[4:], "--to", str(tmp_path / "x")], "the licence is empty"),
        ([*given, "--to", str(tmp_path / "made")], "holds tiny@1 already: give --force"),
        ([*given, "--to", str(tmp_path / "made"), "--name", "other", "--force"], "holds another model, tiny@1"),
        ([*given, "--to", str(run)], "holds other files"),
        ([*given[:2], "somewhere", *given[2:]], "'somewhere' is no hf://ORG/REPO"),
        (["push", "nothing", *given[2:], "--to", str(tmp_path / "x")], "'nothing' is not a run folder"),
    ]
    for words, message in cases:
        assert main(words) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "x").exists()
    assert main([*given, "--to", str(tmp_path / "made"), "--version", "2", "--force"]) == 0
    assert cards.read_card(tmp_path / "made" / "card.json").title == "tiny@2"
    assert not (tmp_path / "made" / "tiny@1.npz").exists()


def test_a_copy_of_a_run_without_its_end_is_not_published(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    record = json.loads((copy / "environment.json").read_text())
    del record["finished"]
    (copy / "environment.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="has not ended: end it by genzoo train --resume"):
        publish(copy, tmp_path / "x", "MIT", "none")
