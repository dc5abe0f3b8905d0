"""Ng 2011: the penalties, what they do to the latents, and what is logged of it."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo.models.sparse_ae import SparseAE

X = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 3)).astype("float32")
PLAIN = {"encoder": {"network": "conv_encoder", "filters": (4, 8), "normalization": None}}


def build(optimizer=None, **arguments):
    keras.utils.set_random_seed(0)
    model = SparseAE(**{**SparseAE.tiny, **PLAIN, **arguments})
    model.compile(optimizer or keras.optimizers.SGD(0.0))
    return model


def logs_of(model):
    return {name: float(value) for name, value in model.validation_step((X,)).items()}


def test_the_loss_with_the_divergence_to_a_target():
    model = build(target=0.2, sparsity_weight=5.0)
    z = special.expit(model.encoder.predict(X, verbose=0).astype("float64"))
    error = ((X - model.decoder.predict(z.astype("float32"), verbose=0)) ** 2).sum() / len(X)
    penalty = sum(stats.entropy([0.2, 0.8], [mean, 1 - mean]) for mean in z.mean(axis=0))
    logs = logs_of(model)
    sparseness = logs.pop("sparseness")
    expected = {"reconstruction": error, "penalty": penalty, "loss": error + 5 * penalty, "mean_activation": z.mean()}
    assert logs == pytest.approx(expected, rel=1e-4)
    ratio = np.abs(z).sum(axis=1) / np.sqrt((z**2).sum(axis=1))
    assert sparseness == pytest.approx(((2 - ratio) / (2 - 1)).mean(), abs=1e-5)


def test_the_loss_with_l1():
    model = build(penalty="l1", sparsity_weight=0.5)
    z = np.maximum(model.encoder.predict(X, verbose=0), 0)
    error = ((X - model.decoder.predict(z, verbose=0)) ** 2).sum() / len(X)
    logs, l1 = logs_of(model), z.sum() / len(X)
    assert logs["penalty"] == pytest.approx(l1, rel=1e-5) and l1 > 0
    assert logs["loss"] == pytest.approx(error + 0.5 * l1, rel=1e-5)
    assert logs["mean_activation"] == pytest.approx(l1 / 4, rel=1e-5)
    np.testing.assert_allclose(model.encode(X), z, atol=1e-6)


@pytest.mark.slow
def test_the_divergence_draws_the_mean_activation_to_the_target():
    model = build(keras.optimizers.Adam(1e-2), sparsity_weight=1e3, target=0.1)
    assert logs_of(model)["mean_activation"] > 0.4
    model.fit(X, batch_size=16, epochs=120, verbose=0)
    assert logs_of(model)["mean_activation"] == pytest.approx(0.1, abs=0.02)
    assert logs_of(model)["penalty"] < 0.05


@pytest.mark.slow
def test_l1_turns_latents_off():
    trained = {}
    for weight in (0.0, 100.0):
        model = build(keras.optimizers.Adam(1e-2), penalty="l1", sparsity_weight=weight)
        model.fit(X, batch_size=16, epochs=60, verbose=0)
        trained[weight] = (model.encode(X) == 0).mean()
    assert trained[100.0] > 0.9 > trained[0.0]


def test_the_weight_may_be_a_schedule():
    model = build(sparsity_weight=keras.optimizers.schedules.PolynomialDecay(0.0, 4, 2.0))
    for step in range(5):
        model.reset_metrics()
        logs = {name: float(value) for name, value in model.training_step((X,)).items()}
        assert logs["loss"] - logs["reconstruction"] == pytest.approx(step / 2 * logs["penalty"], abs=1e-3)


@pytest.mark.parametrize("penalty", ["kl", "l1"])
def test_what_is_drawn_are_activations_like_those_of_the_images(penalty):
    model = build(penalty=penalty, mixture_components=1)
    model.fit_prior(X)
    outputs = model.encoder.predict(X, verbose=0)
    drawn = ops.convert_to_numpy(model.sample_latents(np.arange(20_000), np.uint32(0)))
    normal = np.random.default_rng(0).multivariate_normal(outputs.mean(axis=0), np.cov(outputs.T, ddof=0), 20_000)
    expected = special.expit(normal) if penalty == "kl" else np.maximum(normal, 0)
    np.testing.assert_allclose(drawn.mean(axis=0), expected.mean(axis=0), atol=0.05 * expected.std())
    np.testing.assert_allclose((drawn == 0).mean(axis=0), (expected == 0).mean(axis=0), atol=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"penalty": "l2"}, "SparseAE.penalty is 'l2': input should be 'kl' or 'l1'"),
        ({"target": 1.0}, "SparseAE.target is 1, but a mean activation between 0 and 1 is expected"),
        ({"target": 0.0}, "SparseAE.target is 0, but"),
        ({"latent_dim": 1}, "SparseAE.latent_dim is 1, but one latent cannot be sparse"),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


def test_the_default_decoder_does_not_undo_shrinking():
    model = SparseAE(image_shape=(16, 16, 1), latent_dim=4)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.decoder.layers)
