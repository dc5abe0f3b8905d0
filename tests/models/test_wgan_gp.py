"""Gulrajani et al. 2017, algorithm 1, on networks simple enough to know the answer."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.losses import regularizers
from keras_genzoo.models.wgan_gp import WGANGP

SHAPE = (2, 2, 1)
X = np.random.default_rng(0).uniform(0, 1, (40, *SHAPE)).astype("float32")


def linear(critic_steps=1, **arguments):
    """A WGAN-GP of one dense layer a player."""
    keras.utils.set_random_seed(0)
    z, x = layers.Input((3,)), layers.Input(SHAPE)
    generator = keras.Model(z, layers.Reshape(SHAPE)(layers.Dense(4)(z)))
    critic = keras.Model(x, layers.Dense(1)(layers.Flatten()(x)))
    return WGANGP(SHAPE, latent_dim=3, generator=generator, critic=critic, critic_steps=critic_steps, **arguments)


def compiled(critic, generator, **arguments):
    model = linear(**arguments)
    model.compile({"critic": keras.optimizers.SGD(critic), "generator": keras.optimizers.SGD(generator)})
    return model


def gradient(model):
    """Of the linear critic's score, the same everywhere."""
    return model.critic.get_weights()[0]


def test_an_interpolate_is_on_the_line_by_one_number_an_image():
    x, fake = (np.random.default_rng(seed).uniform(-1, 1, (500, *SHAPE)).astype("float32") for seed in (1, 2))
    points = ops.convert_to_numpy(regularizers.interpolates(x, fake, keras.random.SeedGenerator(0)))
    epsilon = (points - x) / (fake - x)
    common = np.broadcast_to(epsilon.mean(axis=(1, 2, 3), keepdims=True), x.shape)
    np.testing.assert_allclose(epsilon, common, atol=2e-2)
    epsilon = np.median(epsilon, axis=(1, 2, 3))
    assert epsilon.min() >= 0 and epsilon.max() <= 1
    assert abs(epsilon.mean() - 0.5) < 0.06 and abs(epsilon.var() - 1 / 12) < 0.02


def test_its_logs_are_the_terms_of_the_paper():
    model = linear(penalty_weight=7.0)
    model.critic.set_weights([3 * gradient(model), np.array([0.5])])
    norm = np.linalg.norm(gradient(model))
    loss, logs = model.discriminator_loss(ops.convert_to_tensor(X), None, training=True)
    assert float(logs["gradient_penalty"]) == pytest.approx((norm - 1) ** 2, rel=1e-4)
    assert float(loss) == pytest.approx(float(logs["critic_loss"]) + 7.0 * (norm - 1) ** 2, rel=1e-4)


def test_scores_enter_with_the_paper_s_signs(monkeypatch):
    model = linear()
    z = np.random.default_rng(1).standard_normal((40, 3)).astype("float32")
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: ops.convert_to_tensor(z))
    fake = model.critic.predict(model.generator.predict(z, verbose=0), verbose=0).mean()
    real = model.critic.predict(X, verbose=0).mean()
    x = ops.convert_to_tensor(X)
    assert float(model.discriminator_loss(x, None, True)[1]["critic_loss"]) == pytest.approx(fake - real, rel=1e-4)
    loss, logs = model.generator_loss(x, None, True)
    assert float(loss) == float(logs["generator_loss"]) == pytest.approx(-fake, rel=1e-4)


def test_a_generator_step_raises_the_critic_s_score():
    model = compiled(critic=0.0, generator=0.1)
    bias = model.generator.get_weights()[1]
    model.training_step((X,))
    moved = model.generator.get_weights()[1] - bias
    # The mean score grows by the gradient with each pixel, so a step of the bias is the rate times the gradient.
    np.testing.assert_allclose(moved, 0.1 * gradient(model)[:, 0], rtol=1e-4)


@pytest.mark.slow
def test_the_critic_finds_its_optimum():
    """Of points at distance d, `|w| d - 10 (|w| - 1)^2` is greatest where `|w| = 1 + d / 20`, along the line."""
    model = compiled(critic=0.03, generator=0.0)
    model.generator.set_weights([np.zeros((3, 4)), np.full(4, -0.5)])
    x = np.full((8, *SHAPE), 0.5, "float32")  # d = sqrt(4 * 1^2) = 2
    history = model.fit(x, batch_size=8, epochs=150, verbose=0).history
    np.testing.assert_allclose(gradient(model)[:, 0], np.full(4, 1.1 / 2), atol=2e-3)
    assert history["critic_loss"][-1] == pytest.approx(-1.1 * 2, abs=1e-2)
    assert history["gradient_penalty"][-1] == pytest.approx(0.01, abs=1e-3)
    assert np.mean(history["critic_loss"][-5:]) < history["critic_loss"][0]


def test_each_critic_step_has_new_images_latents_and_interpolates(monkeypatch):
    model = compiled(0.0, 0.0, critic_steps=5)
    found, interpolates = [], regularizers.interpolates

    def recorded(x, fake, seed):
        points = interpolates(x, fake, seed)
        found.append([ops.convert_to_numpy(tensor) for tensor in (x, fake, points)])
        return points

    monkeypatch.setattr(regularizers, "interpolates", recorded)
    model.training_step((X,))
    assert model.turns == len(found) == 5
    np.testing.assert_array_equal(np.concatenate([x for x, _, _ in found]), X)
    for tensors in zip(*found, strict=True):
        assert len({tensor.tobytes() for tensor in tensors}) == 5


def test_a_critic_step_leaves_the_generator_alone():
    model = compiled(critic=0.1, generator=0.0)
    before = model.generator.get_weights()
    model.training_step((X,))
    for old, new in zip(before, model.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_defaults_are_the_paper_s():
    defaults = {name: parameter.default for name, parameter in WGANGP.constructor_arguments().items()}
    assert (defaults["critic_steps"], defaults["penalty_weight"], defaults["latent_dim"]) == (5, 10.0, 128)
    assert WGANGP.default_optimizer == {
        "class_name": "Adam",
        "config": {"learning_rate": 1e-4, "beta_1": 0.0, "beta_2": 0.9},
    }


def test_without_a_weight_there_is_no_penalty():
    model = linear(penalty_weight=0.0)
    assert model.logs == ("critic_loss", "generator_loss") and model.regularizers == []


def test_other_regularizers_come_beside_the_penalty():
    model = linear(regularizers=["lecam"])
    assert model.logs == ("critic_loss", "generator_loss", "gradient_penalty", "lecam")
    config = model.get_config()
    assert (config["regularizers"], config["penalty_weight"]) == ([{"regularizer": "lecam"}], 10.0)
    with pytest.raises(ValueError, match=r"WGANGP.regularizers are gradient_penalty, gradient_penalty: give each"):
        linear(regularizers=["gradient_penalty"])
