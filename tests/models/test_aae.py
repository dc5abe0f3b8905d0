"""Makhzani et al. 2016: two phases, of which the second makes the latents' distribution the prior's."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.callbacks.latents import latent_summary
from keras_genzoo.models.aae import AAE

SHAPE, LATENTS = (2, 2, 1), 3
X = np.random.default_rng(0).uniform(-1, 1, (6, *SHAPE)).astype("float32")
PRIOR = np.random.default_rng(1).standard_normal((6, LATENTS)).astype("float32")


def build(**arguments):
    keras.utils.set_random_seed(0)
    return AAE(
        SHAPE,
        **{
            "latent_dim": LATENTS,
            "encoder": {"network": "mlp_encoder", "hidden": ()},
            "decoder": {"network": "mlp_decoder", "hidden": (), "activation": "linear"},
            "discriminator": {"network": "latent_discriminator", "hidden": ()},
            **arguments,
        },
    )


def affine(network, inputs):
    kernel, bias = (weight.astype("float64") for weight in network.get_weights())
    return inputs.reshape(len(inputs), -1) @ kernel + bias


def entropy(logits, real):
    """Minus the mean logarithm of the probability that is given to what they are."""
    return -np.log(1 / (1 + np.exp(-logits if real else logits))).mean()


def test_each_phase_plays_its_loss(monkeypatch):
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: ops.convert_to_tensor(PRIOR))
    model = build()
    model.compile(keras.optimizers.SGD(0.0))
    z = affine(model.encoder, X)
    of_images, of_prior = affine(model.discriminator, z), affine(model.discriminator, PRIOR)
    expected = {
        "reconstruction": ((affine(model.decoder, z) - X.reshape(6, -1)) ** 2).sum(axis=1).mean(),
        "discriminator_loss": entropy(of_prior, real=True) + entropy(of_images, real=False),
        "encoder_loss": entropy(of_images, real=True),
    }
    assert {name: float(value) for name, value in model.validation_step((X,)).items()} == pytest.approx(
        expected, rel=1e-5
    )
    for player in model.players():
        loss, logs = player.loss(ops.convert_to_tensor(X), None, training=True)
        assert float(loss) == float(*logs.values())


@pytest.mark.parametrize(
    ("moving", "moved"),
    [
        ("autoencoder", {"encoder", "decoder"}),
        ("discriminator", {"discriminator"}),
        ("encoder", {"encoder"}),
    ],
)
def test_the_encoder_moves_in_both_phases(moving, moved):
    model = build()
    names = ("encoder", "decoder", "discriminator")
    model.compile({p.name: keras.optimizers.SGD(0.1 if p.name == moving else 0.0) for p in model.players()})
    before = {name: getattr(model, name).get_weights() for name in names}
    of_images = affine(model.discriminator, affine(model.encoder, X)).mean()
    model.training_step((X,))
    changed = {name for name in names if (getattr(model, name).get_weights()[0] != before[name][0]).any()}
    assert changed == moved
    if moving == "encoder":
        assert affine(model.discriminator, affine(model.encoder, X)).mean() > of_images


@pytest.mark.slow
def test_latents_come_to_be_normal():
    model = build(latent_dim=1, discriminator={"network": "latent_discriminator", "hidden": (32,)})
    rates = {"autoencoder": 0.0, "discriminator": 2e-2, "encoder": 2e-2}
    model.compile({name: keras.optimizers.Adam(rate, beta_1=0.0) for name, rate in rates.items()})
    x = 0.4 + 0.15 * np.random.default_rng(2).standard_normal((2048, *SHAPE)).clip(-3, 3).astype("float32")
    start = model.encode(x)
    assert abs(start.mean()) > 0.4 and start.std() < 0.2
    model.fit(x, batch_size=128, steps_per_epoch=600, verbose=0)
    z = model.encode(x)
    assert abs(z.mean()) < 0.2 and 0.7 < z.std() < 1.2


def test_its_latents_are_reported_without_a_divergence():
    model = build()
    summary = latent_summary(model, X)
    z = affine(model.encoder, X)
    assert summary.kl is None
    np.testing.assert_allclose(summary.variance, z.var(axis=0), rtol=1e-4)
    np.testing.assert_allclose(summary.correlation, np.corrcoef(z.T), atol=1e-4)
