"""Radford et al. 2016: who lowers what, on networks simple enough to know the answer."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy import special

from keras_genzoo import counter_rng
from keras_genzoo.images import to_pixels
from keras_genzoo.models.dcgan import DCGAN

SHAPE = (2, 2, 1)
X = np.random.default_rng(0).uniform(-0.1, 1, (8, *SHAPE)).astype("float32")


def linear(**arguments):
    """A DCGAN of one dense layer a player."""
    keras.utils.set_random_seed(0)
    z, x = layers.Input((3,)), layers.Input(SHAPE)
    generator = keras.Model(z, layers.Reshape(SHAPE)(layers.Dense(4)(z)))
    discriminator = keras.Model(x, layers.Dense(1)(layers.Flatten()(x)))
    return DCGAN(SHAPE, latent_dim=3, generator=generator, discriminator=discriminator, **arguments)


def compiled(discriminator, generator):
    model = linear()
    model.compile({"discriminator": keras.optimizers.SGD(discriminator), "generator": keras.optimizers.SGD(generator)})
    return model


def fake(model, count=512):
    return model.generator.predict(counter_rng.normal(5, np.arange(count), 3), verbose=0)


def logits(model, images):
    return model.discriminator.predict(images, verbose=0)


def test_its_logs_are_the_paper_s_losses(monkeypatch):
    model = compiled(0.0, 0.0)
    z = np.random.default_rng(1).standard_normal((8, 3)).astype("float32")
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: ops.convert_to_tensor(z))
    real, generated = logits(model, X), logits(model, model.generator.predict(z, verbose=0))
    expected = {
        "discriminator_loss": float(-np.log(special.expit(real)).mean() - np.log1p(-special.expit(generated)).mean()),
        "generator_loss": float(-np.log(special.expit(generated)).mean()),
    }
    for logs in (model.training_step((X,)), model.validation_step((X,))):
        assert {name: float(value) for name, value in logs.items()} == pytest.approx(expected, rel=1e-5)


def test_a_generator_step_raises_the_scores_of_its_images():
    model = compiled(discriminator=0.0, generator=0.1)
    before = logits(model, fake(model)).mean()
    model.training_step((X,))
    assert logits(model, fake(model)).mean() > before + 1e-3


@pytest.mark.slow
def test_a_discriminator_step_raises_real_scores_over_generated_ones():
    model = compiled(discriminator=0.1, generator=0.0)
    gap = logits(model, X).mean() - logits(model, fake(model)).mean()
    history = model.fit(X, batch_size=8, epochs=50, verbose=0).history["discriminator_loss"]
    assert logits(model, X).mean() - logits(model, fake(model)).mean() > gap + 0.1
    assert np.mean(history[-5:]) < np.mean(history[:5])


def test_real_and_generated_images_come_in_batches_of_their_own(monkeypatch):
    model = linear()
    batches, discriminate = [], model.discriminator.call

    def recorded(x, training=None, mask=None):
        batches.append((ops.convert_to_numpy(x), training))
        return discriminate(x, training=training)

    monkeypatch.setattr(model.discriminator, "call", recorded)
    model.discriminator_loss(ops.convert_to_tensor(X), None, training=True)
    (real, one), (generated, other) = batches
    np.testing.assert_array_equal(real, X)
    assert generated.shape == X.shape and one is other is True


def test_every_turn_draws_new_latents(monkeypatch):
    model = compiled(0.0, 0.0)
    drawn, normal = [], keras.random.normal

    def recorded(shape, seed):
        drawn.append(normal(shape, seed=seed))
        return drawn[-1]

    monkeypatch.setattr(keras.random, "normal", recorded)
    for _ in range(2):
        model.training_step((X,))
    assert [tuple(z.shape) for z in drawn] == [(8, 3)] * 4
    assert len({ops.convert_to_numpy(z).tobytes() for z in drawn}) == 4


def test_images_are_made_of_normal_latents_by_number():
    model = linear()
    images = model.generator.predict(counter_rng.normal(9, np.arange(4), 3), verbose=0)
    np.testing.assert_allclose(model.generate(4, seed=9).astype(int), to_pixels(images), atol=1)


def test_the_averaged_generator_makes_the_images():
    model = linear(ema_momentum=0.5)
    before = model.generate(4)
    model.generator.set_weights([weight + 1.0 for weight in model.generator.get_weights()])
    np.testing.assert_array_equal(model.generate(4), before)
    model.ema.set_weights(model.generator.get_weights())
    assert np.abs(model.generate(4).astype(int) - before).max() > 0


def test_defaults_are_the_paper_s():
    parameters = DCGAN.constructor_arguments()
    assert parameters["latent_dim"].default == 100
    assert DCGAN.default_optimizer == {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
