"""Tolstikhin et al. 2018: the loss, and what the penalty does to the latents."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import counter_rng, losses
from keras_genzoo.callbacks.latents import latent_summary
from keras_genzoo.images import to_pixels
from keras_genzoo.models.wae_mmd import WAEMMD

X = np.random.default_rng(0).uniform(-1, 1, (32, 4, 4, 1)).astype("float32")
DENSE = {
    "image_shape": (4, 4, 1),
    "latent_dim": 2,
    "encoder": {"network": "mlp_encoder", "hidden": (16,)},
    "decoder": {"network": "mlp_decoder", "hidden": (16,)},
}


def build(optimizer=None, **arguments):
    keras.utils.set_random_seed(0)
    model = WAEMMD(**{**DENSE, **arguments})
    model.compile(optimizer or keras.optimizers.SGD(0.0))
    return model


def test_the_loss(monkeypatch):
    model = build(mmd_weight=30.0)
    prior = np.random.default_rng(1).standard_normal((32, 2)).astype("float32")

    def normal(shape, seed):
        assert tuple(shape) == prior.shape and isinstance(seed, keras.random.SeedGenerator)
        return ops.convert_to_tensor(prior)

    monkeypatch.setattr(keras.random, "normal", normal)
    z = ops.convert_to_numpy(model.encoder(X))
    error = ((X - ops.convert_to_numpy(model.decoder(z))) ** 2).sum() / len(X)
    penalty = float(losses.mmd(ops.convert_to_tensor(z), ops.convert_to_tensor(prior)))
    logs = {name: float(value) for name, value in model.validation_step((X,)).items()}
    expected = {"loss": error + 30 * penalty, "reconstruction": error, "mmd": penalty}
    assert logs == pytest.approx(expected, rel=1e-5) and penalty > 0


@pytest.mark.slow
def test_the_penalty_makes_the_latents_of_a_batch_standard_normal():
    model = build(keras.optimizers.Adam(2e-2), mmd_weight=1000.0)
    model.encoder.layers[-1].bias.assign([3.0, -3.0])

    def distance():
        z = model.encode(X)
        return max(np.abs(z.mean(axis=0)).max(), np.abs(np.cov(z.T) - np.eye(2)).max())

    assert distance() > 2
    model.fit(X, batch_size=32, steps_per_epoch=250, verbose=0)
    assert distance() < 0.35


def test_images_are_made_of_the_prior():
    model = build()
    z = counter_rng.normal(7, np.arange(3), 2)
    np.testing.assert_allclose(
        model.generate(3, seed=7).astype(int), to_pixels(ops.convert_to_numpy(model.decoder(z))), atol=1
    )


def test_its_latents_can_be_looked_at():
    model = build()
    summary, z = latent_summary(model, X), model.encode(X)
    assert summary.kl is None
    np.testing.assert_allclose(summary.variance, z.var(axis=0), rtol=1e-4)
    np.testing.assert_allclose(summary.correlation, np.corrcoef(z.T), rtol=1e-3)
