import json
import math

import numpy as np
import pytest

import keras_genzoo as genzoo_package
from keras_genzoo.artifacts import Run
from keras_genzoo.models.vae import VAE
from keras_genzoo.training.rollback import MOST_ROLLBACKS

STEPS = 4  # in an epoch of the tiny preset


@pytest.fixture
def sick(monkeypatch):
    """Lets the VAE's loss be NaN where `ill(iterations, first random number)` holds."""
    loss = VAE.negative_elbo

    def sick(ill):
        from keras import ops

        def negative_elbo(self, x, y, training):
            value, logs = loss(self, x, y, training)
            if not training:
                return value, logs
            seed = self._training_seeds.state[0]
            nan = ops.where(ill(self.optimizer.iterations, ops.cast(seed, "int64")), math.nan, 1.0)
            return value * nan, {name: log * nan for name, log in logs.items()}

        monkeypatch.setattr(VAE, "negative_elbo", negative_elbo)

    return sick


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_without_it_the_training_stops_and_says_what_can_be_done(genzoo, preset, sick, tmp_path):
    sick(lambda iterations, seed: iterations == STEPS + 1)
    run = tmp_path / "run"
    code, _, complaint = genzoo("train", preset, "--output", run, "--epochs", 4)
    assert code == 1 and complaint.count("\n") == 1
    assert "loss (player 'autoencoder') is nan in epoch 2, step 2, which saw the images " in complaint
    assert "epoch-0001' is from before. Go on from there by --resume --on-nan rollback, or train anew" in complaint
    (record,) = lines(run / "diverged.jsonl")
    assert (record["epoch"], record["step"], record["iterations"]) == (2, 2, STEPS + 2)
    assert len(record["images"]) == 16
    assert len(Run(run).history()) == 1 and not (run / "model.weights.h5").exists()
    assert sorted(path.name for path in (run / "samples").iterdir()) == ["epoch-0001.png"]


@pytest.mark.slow
def test_it_goes_back_and_on_with_other_noise(genzoo, preset, sick, tmp_path):
    first = int(np.asarray(genzoo_package.build(str(preset), seed=0)._training_seeds.state)[0])
    sick(lambda iterations, seed: (iterations == STEPS + 1) & (seed == first))  # with the noise of the beginning alone
    run = tmp_path / "run"
    code, text, complaint = genzoo("train", preset, "--output", run, "--epochs", 4, "--on-nan", "rollback")
    assert (code, complaint) == (0, "")
    assert "going back to epoch-0001, rollback 1 of 3" in text
    assert [line["epoch"] for line in Run(run).history()] == [1, 2, 3, 4]
    assert len(lines(run / "diverged.jsonl")) == 1
    newest = next(iter(Run(run).checkpoints))
    assert json.loads((newest / "meta.json").read_text())["rollbacks"] == 1
    model = genzoo_package.load(run)
    assert model.iterations == 4 * STEPS and not model.not_finite()

    # One that was interrupted after it went back goes on as this one did.
    again = tmp_path / "again"
    assert genzoo("train", preset, "--output", again, "--epochs", 3, "--on-nan", "rollback")[0] == 0
    assert genzoo("train", "--output", again, "--resume", "--epochs", 4)[0] == 0
    for one, other in zip(genzoo_package.load(again).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [line["loss"] for line in Run(again).history()] == [line["loss"] for line in Run(run).history()]


@pytest.mark.slow
def test_before_the_first_checkpoint_it_goes_back_to_the_beginning(genzoo, preset, sick, tmp_path):
    sick(lambda iterations, seed: iterations == 0)
    run = tmp_path / "run"
    code, text, complaint = genzoo("train", preset, "--output", run, "--on-nan", "rollback")
    assert code == 1 and f"so it did after {MOST_ROLLBACKS} rollbacks, too; '" in complaint
    assert text.count("going back to epoch-0000") == MOST_ROLLBACKS
    assert len({str(line["images"]) for line in lines(run / "diverged.jsonl")}) == MOST_ROLLBACKS + 1  # other orders
