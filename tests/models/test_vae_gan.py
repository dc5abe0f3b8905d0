"""Larsen et al. 2016, algorithm 1, on networks simple enough to be computed by hand."""

import h5py
import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import metrics
from keras_genzoo.models.vae_gan import VAEGAN

NAMES = ("encoder", "decoder", "discriminator")
SHAPE, LATENTS = (2, 2, 1), 3
X = np.random.default_rng(0).uniform(-1, 1, (6, *SHAPE)).astype("float32")
EPSILON, PRIOR = np.random.default_rng(1).standard_normal((2, 6, LATENTS)).astype("float32")


def judging(dtype="float32"):
    """A discriminator whose hidden layers have names."""
    x = inputs = layers.Input(SHAPE)
    for units, name in ((5, "low"), (4, "high")):
        x = layers.Dense(units, activation="tanh", name=name, dtype=dtype)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(1, name="logit", dtype="float32")(x))


def build(**arguments):
    keras.utils.set_random_seed(0)
    networks = {
        "encoder": {"network": "mlp_encoder", "hidden": ()},
        "decoder": {"network": "mlp_decoder", "hidden": ()},
        "discriminator": judging(),
    }
    return VAEGAN(SHAPE, LATENTS, **{**networks, **arguments})


@pytest.fixture
def known_noise(monkeypatch):
    """The draws for images are EPSILON, those from the prior PRIOR, in each round anew."""
    draws = []

    def normal(shape, seed):
        assert tuple(shape) == EPSILON.shape and isinstance(seed, keras.random.SeedGenerator)
        draws.append(seed)
        return ops.convert_to_tensor((PRIOR, EPSILON)[len(draws) % 2])

    monkeypatch.setattr(keras.random, "normal", normal)


def affine(layer, inputs):
    kernel, bias = (weight.astype("float64") for weight in layer.get_weights())
    return inputs.reshape(len(inputs), -1) @ kernel + bias


def by_hand(model):
    """What algorithm 1 computes: means, log variances, and for each kind of image (low, high, logit)."""
    mean, log_var = np.split(affine(model.encoder, X), 2, axis=-1)
    z = mean + np.exp(log_var / 2) * EPSILON
    judged = []
    for images in (X, np.tanh(affine(model.decoder, z)), np.tanh(affine(model.decoder, PRIOR))):
        low = np.tanh(affine(model.discriminator.get_layer("low"), images))
        high = np.tanh(affine(model.discriminator.get_layer("high"), low))
        judged.append((low, high, affine(model.discriminator.get_layer("logit"), high)))
    return mean, log_var, judged


def test_each_player_plays_its_loss(known_noise):
    model = build(feature_weight=0.3)
    model.compile()
    mean, log_var, (real, reconstructed, generated) = by_hand(model)
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    error = 0.5 * ((real[1] - reconstructed[1]) ** 2).sum(axis=1).mean()
    real, reconstructed, generated = (1 / (1 + np.exp(-one[2])) for one in (real, reconstructed, generated))
    game = -np.log(reconstructed).mean() - np.log(generated).mean()
    crossed = -np.log(real).mean() - np.log(1 - reconstructed).mean() - np.log(1 - generated).mean()
    x = ops.convert_to_tensor(X)
    found = {player.name: float(player.loss(x, None, training=True)[0]) for player in model.players()}
    expected = {"encoder": kl + error, "decoder": 0.3 * error + game, "discriminator": crossed}
    assert found == pytest.approx(expected, rel=1e-5)
    logs = {"kl": kl, "feature_reconstruction": error, "generator_loss": game, "discriminator_loss": crossed}
    assert {name: float(value) for name, value in model.validation_step((X,)).items()} == pytest.approx(logs, rel=1e-5)


def test_the_game_teaches_the_decoder_and_not_the_encoder(known_noise):
    """The last layer's weights are the game's alone: the features lie before it."""
    moved = {}
    for scale in (1.0, 50.0):
        model = build()
        model.compile({name: keras.optimizers.SGD(0.1 * (name != "discriminator")) for name in NAMES})
        head = model.discriminator.get_layer("logit")
        head.set_weights([scale * weight for weight in head.get_weights()])
        model.training_step((X,))
        moved[scale] = {name: getattr(model, name).get_weights() for name in NAMES}
    for one, other in zip(moved[1.0]["encoder"], moved[50.0]["encoder"], strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(moved[1.0]["decoder"][0] - moved[50.0]["decoder"][0]).max() > 1e-3


@pytest.mark.parametrize(("chosen", "layer"), [(None, 1), ("high", 1), (-2, 1), ("low", 0), (2, 0)])
def test_features_are_those_of_the_layer(known_noise, chosen, layer):
    model = build(feature_layer=chosen)
    _, _, (real, reconstructed, _) = by_hand(model)
    error = 0.5 * ((real[layer] - reconstructed[layer]) ** 2).sum(axis=1).mean()
    assert float(model.forward_pass(ops.convert_to_tensor(X), training=True)[1]) == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("chosen", ["hihg", 99, -99])
def test_a_layer_that_is_not_there(chosen):
    with pytest.raises(ValueError, match=rf"VAEGAN.feature_layer is {chosen!r}, but .*low\), .*logit\)$"):
        build(feature_layer=chosen)


def test_the_layers_of_a_built_network_have_no_lasting_names():
    keras.backend.clear_session()  # which starts the numbers anew
    spec = {"network": "dcgan_discriminator", "filters": (4,)}
    with pytest.raises(
        ValueError, match=r"feature_layer is 'conv2d', but .*, or its name in one given .* 1 \(conv2d\)"
    ):
        build(discriminator=spec, feature_layer="conv2d")
    assert VAEGAN.from_config(build(discriminator=spec, feature_layer=1).get_config()).feature_layer == 1


def test_features_keep_no_weights_of_their_own(tmp_path):
    model = build()
    model.compile()
    networks = [weight for name in NAMES for weight in getattr(model, name).weights]
    assert len(model.weights) == len(networks) and {id(one) for one in model.weights} == {id(one) for one in networks}
    path, saved = tmp_path / "model.weights.h5", []
    model.save_weights(path)
    with h5py.File(path) as file:
        file.visit(lambda name: saved.append(name) if isinstance(file[name], h5py.Dataset) else None)
    assert sum(name.startswith("discriminator/") for name in saved) == len(model.discriminator.weights)
    assert sum(name.split("/")[0] in NAMES for name in saved) == len(networks)


def test_sums_of_squared_features_may_exceed_a_half(known_noise):
    model = build(discriminator=judging("mixed_float16"), dtype="mixed_float16", feature_layer="low")
    low = model.discriminator.get_layer("low")
    low.activation = keras.activations.linear
    low.set_weights([1_000 * weight for weight in low.get_weights()])
    error = float(model.forward_pass(ops.convert_to_tensor(X), training=True)[1])
    assert 65_504 < error < np.inf


@pytest.mark.slow
def test_features_teach_to_reconstruct():
    model = build(feature_weight=1.0, feature_layer="low")
    low = model.discriminator.get_layer("low")
    low.activation = keras.activations.linear
    low.set_weights([20 * weight for weight in low.get_weights()])  # so that they outweigh the divergence
    model.compile({name: keras.optimizers.Adam(0.0 if name == "discriminator" else 2e-2) for name in NAMES})
    x = np.repeat(np.linspace(-0.8, 0.8, 8, dtype="float32"), 4).reshape(8, *SHAPE)

    def error():
        return np.abs(model.reconstruct(x) - 127.5 * (x + 1)).mean()

    before = error()
    model.fit(x, batch_size=8, steps_per_epoch=150, verbose=0)
    assert error() < 0.25 * before


def test_what_latents_carry(known_noise):
    model = build()
    mean, log_var, _ = by_hand(model)
    found = ops.convert_to_numpy(model.latent_statistics(X))
    np.testing.assert_allclose(found[:, 0], mean, atol=1e-5)
    np.testing.assert_allclose(found[:, 1], 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var), atol=1e-5)
    np.testing.assert_allclose(model.encode(X), mean, atol=1e-5)


def test_no_likelihood_is_offered():
    with pytest.raises(ValueError, match="VAEGAN has no log_importance_weight"):
        metrics.elbo(build(), X)
