"""`genzoo debias` and `genzoo train --sample-weights`: from a run to weights to a run, and what does not fit."""

import json
import re
import shlex
import types

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo.artifacts import Run
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.training.loop import watching_latents
from keras_genzoo.uses.debias import effective_sample_size, rarity_weights


@pytest.fixture
def weights(genzoo, trained, tmp_path):
    """Weights of the images that `trained` was trained on."""
    assert genzoo("debias", trained, "--output", tmp_path / "weights.csv")[0] == 0
    return tmp_path / "weights.csv"


def test_weights_are_those_of_the_latents(genzoo, trained, tmp_path):
    output = tmp_path / "new" / "weights.csv"
    words = ["debias", trained, "--strength", 0.1, "--bins", 5, "--factor", "hat", "--output", output]
    code, text, complaint = genzoo(*words)
    assert code == 0, complaint
    assert text.startswith("64 images of drawn_faces to train on\n")
    assert re.search(r"^  hat +(\S.*\d\.\d% -> \d+\.\d%,?){4}$", text, re.MULTILINE), text
    (following,) = re.findall(r"^next: genzoo (train .*) --output \.\.\.$", text, re.MULTILINE)
    assert genzoo(*shlex.split(following), "--dry-run")[0] == 0
    source = keras_genzoo.load_data("drawn_faces", size=16, num_images=64, held_out=20, batch_size=16)[0].source
    expected = rarity_weights(keras_genzoo.load(trained).encode(source[np.arange(64)]["image"]), 0.1, 5)
    table = np.loadtxt(output, delimiter=",", skiprows=1)
    np.testing.assert_allclose(table[:, 1], expected, rtol=1e-4)
    report = json.loads(output.with_suffix(".json").read_text())
    assert report["effective_sample_size"] == pytest.approx(effective_sample_size(expected), rel=1e-4)
    assert list(report["before_and_after"]) == ["hat"] and report["data"]["count"] == 64
    with Image.open(output.with_suffix(".png")) as picture:
        assert min(picture.size) > 300


@pytest.mark.slow
class TestTraining:
    def test_goes_on_exactly_by_the_runs_own_copy(self, genzoo, preset, weights, tmp_path):
        words = ["train", preset, "--sample-weights", weights, "--output"]
        code, text, complaint = genzoo(*words, tmp_path / "whole")
        assert code == 0, complaint
        assert re.search(r"^  weights  images are drawn by --sample-weights, .* \d+ equal ones$", text, re.M)
        assert genzoo(*words, tmp_path / "parts", "--epochs", 1)[0] == 0
        weights.unlink()
        assert genzoo("train", "--output", tmp_path / "parts", "--resume", "--epochs", 2)[0] == 0
        one, other = (keras_genzoo.load(tmp_path / name).get_weights() for name in ("whole", "parts"))
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        record = Run(tmp_path / "whole").record["sample_weights"]
        assert len(record["sha256"]) == 64 and (tmp_path / "whole" / "sample_weights.csv").is_file()

    def test_fits_the_prior_of_autoencoders_to_what_is_drawn(self):
        shares = np.array([0.5, 0.5, 0, 0])
        stream = Stream(ArraySource(np.zeros((4, 8, 8, 3), "uint8")), 2, weights=shares)
        model = types.SimpleNamespace(latent_dim=2, fit_prior=lambda x, seed=0, batch_size=64: None)
        training = types.SimpleNamespace(model=model, held_out=None, measured=None, epochs=1)
        (fit_prior,) = watching_latents(training, stream)
        np.testing.assert_array_equal(fit_prior.weights, shares)

    def test_is_another_one_than_without(self, trained, genzoo, preset, weights, tmp_path):
        assert genzoo("train", preset, "--seed", 3, "--sample-weights", weights, "--output", tmp_path / "run")[0] == 0
        one, other = (keras_genzoo.load(folder).get_weights() for folder in (trained, tmp_path / "run"))
        assert not np.array_equal(one[0], other[0])
        assert Run(trained).record["sample_weights"] is None

    def test_refuses_weights_that_do_not_fit(self, mistake, preset, weights, tmp_path):
        words = ["train", preset, "--output", tmp_path / "run", "--sample-weights"]
        other = ["--set", "data.num_images=65"]
        assert "weights of 64 images, but drawn_faces has 65 to train on" in mistake(*words, weights, *other)
        assert "has weights of other images than those of drawn_faces" in mistake(
            *words, weights, "--set", "data.seed=5"
        )
        assert "No such file" in mistake(*words, tmp_path / "nothing.csv")
        (tmp_path / "odd.csv").write_bytes(b"\xff\xfe")
        assert "is not UTF-8 text" in mistake(*words, tmp_path / "odd.csv")
        assert not (tmp_path / "run").exists()

    def test_refuses_other_weights_than_before(self, genzoo, mistake, preset, weights, run, tmp_path):
        complaint = mistake("train", "--output", run, "--resume", "--sample-weights", weights)
        assert "was trained without sample weights: leave --sample-weights out" in complaint
        words = ["train", preset, "--output", tmp_path / "weighted", "--epochs", 1, "--sample-weights", weights]
        assert genzoo(*words)[0] == 0
        kept = tmp_path / "weighted" / "sample_weights.csv"
        content = kept.read_text()
        kept.write_text(content.replace("\n0,", "\n0,1"))
        assert "sample_weights.csv is damaged" in mistake("train", "--output", tmp_path / "weighted", "--resume")
        assert genzoo(*words, "--resume")[0] == 0  # the same ones again mend it
        assert kept.read_text() == content
        weights.write_text(content.replace("\n0,", "\n0,1"))
        assert "has other weights than" in mistake(*words, "--resume")


@pytest.mark.slow
def test_what_follows_has_the_settings_of_the_run(genzoo, preset, folder, tmp_path):
    """Which images are held out, and where they lie, so that the weights are of those that are trained on."""
    odd, words = tmp_path / "an odd 'run'", ("--data", folder, "--held-out", 7, "--epochs", 1)
    assert genzoo("train", preset, *words, "--output", odd)[0] == 0
    code, text, complaint = genzoo("debias", odd, "--output", tmp_path / "my weights.csv")
    assert code == 0, complaint
    assert genzoo("debias", odd, "--output", tmp_path / "my weights.csv")[0] == 0  # what it made, it makes again
    (following,) = re.findall(r"^next: genzoo (train .*) --output \.\.\.$", text, re.MULTILINE)
    code, text, complaint = genzoo(*shlex.split(following), "--dry-run")
    assert code == 0 and "33 images to train, 7 held out" in text, complaint
    folder.rename(tmp_path / "moved")
    code, _, complaint = genzoo("debias", odd, "--output", tmp_path / "more.csv")
    assert code == 2 and f"lay in {folder}, where no folder is: say by --data where they are now" in complaint
    assert genzoo("debias", odd, "--data", tmp_path / "moved", "--output", tmp_path / "more.csv")[0] == 0
    assert (tmp_path / "more.csv").read_text() == (tmp_path / "my weights.csv").read_text()


def test_mistakes(genzoo, mistake, trained, folder, tmp_path):
    words = ["debias", trained, "--output", tmp_path / "weights.csv"]
    assert "have no 'hats'; did you mean 'hat'?" in mistake(*words, "--factor", "hats")  # before any image is read
    assert "have no 'hat'; nothing is known of them" in mistake(*words, "--data", folder, "--factor", "hat")
    code, _, complaint = genzoo(*words, "--factor", "label")  # which is one of the factors
    assert code == 2 and "have no 'label'" in complaint
    assert "must end in .csv" in mistake("debias", trained, "--output", tmp_path / "weights.json")
    assert "--strength" in mistake(*words, "--strength", "0")
    assert "not a run folder" in mistake("debias", tmp_path)
    assert not (tmp_path / "weights.csv").exists()
