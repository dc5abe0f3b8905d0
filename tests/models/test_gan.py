"""Goodfellow et al. 2014, algorithm 1, on networks simple enough to know the answer."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy import special

from keras_genzoo.models.gan import GAN

SHAPE = (2, 2, 1)
X = np.random.default_rng(0).uniform(0, 1, (24, *SHAPE)).astype("float32")


def linear(**arguments):
    """A GAN of one dense layer a player."""
    keras.utils.set_random_seed(0)
    z, x = layers.Input((3,)), layers.Input(SHAPE)
    generator = keras.Model(z, layers.Reshape(SHAPE)(layers.Dense(4)(z)))
    discriminator = keras.Model(x, layers.Dense(1)(layers.Flatten()(x)))
    return GAN(SHAPE, latent_dim=3, generator=generator, discriminator=discriminator, **arguments)


def losses_of(model, monkeypatch):
    """Both players' losses, real logits and generated ones, with latents that are known."""
    z = np.random.default_rng(1).standard_normal((24, 3)).astype("float32")
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: ops.convert_to_tensor(z))
    fake = model.discriminator.predict(model.generator.predict(z, verbose=0), verbose=0).astype("float64")
    real = model.discriminator.predict(X, verbose=0).astype("float64")
    x = ops.convert_to_tensor(X)
    found = [float(one(x, None, training=True)[0]) for one in (model.discriminator_loss, model.generator_loss)]
    return found, real, fake


def test_the_paper_s_losses(monkeypatch):
    found, real, fake = losses_of(linear(adversarial_loss="minimax"), monkeypatch)
    value = np.log(special.expit(real)).mean() + np.log(1 - special.expit(fake)).mean()
    assert found == pytest.approx([-value, np.log(1 - special.expit(fake)).mean()], rel=1e-5)
    found, _, _ = losses_of(linear(), monkeypatch)
    assert found == pytest.approx([-value, -np.log(special.expit(fake)).mean()], rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["least_squares", "hinge", "wasserstein", "relativistic_average"])
def test_other_losses_are_named(loss, monkeypatch):
    found, real, fake = losses_of(linear(adversarial_loss=loss), monkeypatch)
    functions = linear(adversarial_loss=loss).loss_functions
    expected = [float(one(real, fake)) for one in (functions.discriminator, functions.generator)]
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_loss_that_is_not_there():
    with pytest.raises(ValueError, match=r"GAN.adversarial_loss is 'hing': input should be 'minimax', "):
        linear(adversarial_loss="hing")


def test_k_discriminator_turns_each_with_images_of_its_own(monkeypatch):
    model = linear(discriminator_steps=3)
    model.compile(keras.optimizers.SGD(0.0))
    found, loss = [], model.discriminator_loss
    monkeypatch.setattr(model, "discriminator_loss", lambda x, y, training: (found.append(x), loss(x, y, training))[1])
    model.training_step((X,))
    assert model.turns == len(found) == 3
    np.testing.assert_array_equal(np.concatenate([ops.convert_to_numpy(x) for x in found]), X)
    assert model.optimizer.players["discriminator"].iterations == 3
    assert model.optimizer.players["generator"].iterations == 1


@pytest.mark.parametrize("loss", ["minimax", "relativistic_average"])
def test_a_generator_step_raises_the_scores_of_its_images(loss):
    model = linear(adversarial_loss=loss)
    model.compile({"discriminator": keras.optimizers.SGD(0.0), "generator": keras.optimizers.SGD(0.1)})
    z = np.random.default_rng(2).standard_normal((64, 3)).astype("float32")
    before, weights = model.discriminator(model.generator(z)), model.discriminator.get_weights()
    model.training_step((X,))
    assert ops.mean(model.discriminator(model.generator(z))) > ops.mean(before) + 1e-3
    np.testing.assert_array_equal(model.discriminator.get_weights()[0], weights[0])


def test_defaults():
    defaults = {name: parameter.default for name, parameter in GAN.constructor_arguments().items()}
    assert (defaults["adversarial_loss"], defaults["discriminator_steps"]) == ("non_saturating", 1)
    assert [layer["network"] for layer in (defaults["generator"], defaults["discriminator"])] == [
        "mlp_decoder",
        "mlp_encoder",
    ]
