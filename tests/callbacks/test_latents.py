"""What latents carry, of posteriors that are known."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from keras_genzoo.callbacks.latents import LatentReport, LatentSummary, latent_summary
from keras_genzoo.models.vae import VAE
from keras_genzoo.models.wae_mmd import WAEMMD
from tests.toys import Toy

X = np.random.default_rng(0).uniform(-1, 1, (40, 2, 2, 1)).astype("float32")
SPREAD = X.reshape(40, 4).std(axis=0)


def vae(variances=(0.1, 0.1, 1.0, 1.0), beta=4.0, **arguments):
    """A VAE whose means are: the first two pixels, their sum, and nothing."""
    kernel = np.zeros((4, 8), "float32")
    kernel[0, 0] = kernel[1, 1] = kernel[0, 2] = kernel[1, 2] = 1.0
    encoder = keras.Sequential([layers.Input((2, 2, 1)), layers.Flatten(), layers.Dense(8)])
    decoder = keras.Sequential([layers.Input((4,)), layers.Dense(4), layers.Reshape((2, 2, 1))])
    model = VAE((2, 2, 1), 4, beta=beta, encoder=encoder, decoder=decoder, **arguments)
    encoder.set_weights([kernel, np.concatenate([np.zeros(4), np.log(variances)])])
    model.compile(keras.optimizers.SGD(0.0))
    return model


@pytest.mark.slow
def test_the_divergence_variance_and_correlation_of_each_latent():
    summary = latent_summary(vae(), X, batch_size=16)
    means = np.stack([X[:, 0, 0, 0], X[:, 0, 1, 0], X[:, 0, :, 0].sum(axis=1), np.zeros(40)])
    variances = np.array([0.1, 0.1, 1.0, 1.0])
    expected = 0.5 * ((means**2).mean(axis=1) + variances - 1 - np.log(variances))
    np.testing.assert_allclose(summary.kl, expected, atol=1e-5)
    np.testing.assert_allclose(summary.variance, means.var(axis=1), atol=1e-5)
    np.testing.assert_allclose(summary.correlation[:3, :3], np.corrcoef(means[:3]), atol=1e-5)
    assert (summary.correlation[3] == 0).all()
    assert (summary.active_units, summary.in_use) == (3, 3)
    pairs = np.abs(np.corrcoef(means[:3]))[np.triu_indices(3, 1)]
    assert summary.mean_correlation == pytest.approx(pairs.mean(), abs=1e-5)


def test_where_the_divergence_has_no_closed_form_the_means_tell():
    summary = latent_summary(vae(prior={"prior": "vamp", "components": 2}), X)
    assert summary.kl is None and summary.in_use == summary.active_units == 3
    assert "3 of 4 latents are active" in summary.words(1.0)


def summary_of(kl):
    return LatentSummary(np.array(kl), np.zeros(len(kl)), np.zeros((len(kl), len(kl))))


def test_a_collapse_is_reported_in_words():
    assert summary_of([1.0] * 7 + [0.001] * 57).words(beta=4.0) == (
        "7 of 64 latents carry more than 0.01 nats; the weight of the KL term is 4: posterior collapse; "
        "lower beta or anneal it"
    )
    assert summary_of([1.0] * 16 + [0.001] * 48).words(beta=4.0) == "16 of 64 latents carry more than 0.01 nats"


def test_where_no_weight_is_chosen_none_is_reported():
    assert (
        summary_of([1.0] + [0.0] * 9)
        .words(None)
        .endswith("0.01 nats: posterior collapse; give the reconstruction loss a larger weight")
    )
    without_a_posterior = LatentSummary(None, np.array([1.0, 0, 0, 0, 0]), np.eye(5))
    assert without_a_posterior.words(None) == "1 of 5 latents are active (variance of the mean above 0.01)"


def test_a_model_without_a_kl_term_has_no_weight_of_it(tmp_path):
    network = {"network": "mlp_encoder", "hidden": ()}
    model = WAEMMD((2, 2, 1), 4, encoder=network, decoder={"network": "mlp_decoder", "hidden": ()})
    report = LatentReport(X, tmp_path)
    report.set_model(model)
    report.on_epoch_end(0)
    assert json.loads((tmp_path / "latents.json").read_text())["beta"] is None
    assert "beta" not in report.words


def test_one_active_unit_has_no_correlation():
    assert LatentSummary(None, np.array([1.0, 0.0]), np.eye(2)).mean_correlation is None


def test_each_epoch_is_written_once(tmp_path):
    ramp = keras.optimizers.schedules.PolynomialDecay(0.0, 4, 8.0)
    model, report = vae(beta=ramp), LatentReport(X, tmp_path / "run")
    model.fit(X, batch_size=20, epochs=2, callbacks=[report], verbose=0)
    model.fit(X, batch_size=20, epochs=2, initial_epoch=1, callbacks=[report], verbose=0)  # went back to epoch 1
    lines = [json.loads(line) for line in (tmp_path / "run" / "latents.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert [line["beta"] for line in lines] == [4.0, 8.0]  # of two steps an epoch, six in all
    assert lines[0]["active_units"] == 3 and len(lines[0]["kl"]) == 4 and lines[1]["words"] == report.words
    last = json.loads((tmp_path / "run" / "latents.json").read_text())
    assert last["epoch"] == 2 and np.shape(last["correlation"]) == (4, 4)


def test_what_cannot_be_measured():
    with pytest.raises(ValueError, match="latent_summary: Toy has no latent_statistics"):
        latent_summary(Toy(), X)
    with pytest.raises(ValueError, match="latent_summary: got 1 images"):
        latent_summary(vae(), X[:1])
