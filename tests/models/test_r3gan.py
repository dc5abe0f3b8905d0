"""Huang et al. 2024."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.cr3gan import CR3GAN
from keras_genzoo.models.r3gan import R3GAN
from keras_genzoo.optimizers import ScheduledAdam
from keras_genzoo.scalar_schedules import OverImages

X = np.random.default_rng(0).uniform(-1, 1, (8, 4, 4, 1)).astype("float32")


def linear(**arguments):
    """A model whose discriminator is a linear function of pixels: its gradient is known."""
    images = keras.Input((4, 4, 1))
    discriminator = keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images)))
    generator = {"network": "mlp_decoder", "hidden": (4,)}
    return R3GAN((4, 4, 1), 3, discriminator=discriminator, generator=generator, **arguments)


def test_its_loss_compares_pairs_and_penalizes_both_kinds():
    model = linear(gamma=0.5)
    model.compile()
    loss, logs = model.discriminator_loss(ops.convert_to_tensor(X), None, training=False)
    norm = float(np.sum(model.discriminator.get_weights()[0] ** 2))
    assert float(logs["r1"]) == pytest.approx(norm, rel=1e-4) and float(logs["r2"]) == pytest.approx(norm, rel=1e-4)
    assert float(loss) == pytest.approx(float(logs["discriminator_loss"]) + 0.5 * norm, rel=1e-4)


def test_penalties_are_of_images_before_augmentation():
    """Where a cutout leaves a quarter or more out, the gradient by the image is 0, and the norm smaller."""
    model = linear(discriminator_augmentation={"augmentation": "diffaugment", "operations": ("cutout",)})
    model.compile()
    _, logs = model.discriminator_loss(ops.convert_to_tensor(X), None, training=False)
    squares = model.discriminator.get_weights()[0] ** 2
    assert 0.1 * squares.sum() < float(logs["r1"]) < 0.99 * squares.sum()


@pytest.mark.slow
def test_everything_follows_the_images():
    cosine = keras.optimizers.schedules.CosineDecay
    gamma = OverImages(cosine(2.0, 32, alpha=0.1))
    model = linear(gamma=gamma, ema_half_life=1000)
    beta_2 = OverImages(keras.optimizers.schedules.PolynomialDecay(0.9, 32, end_learning_rate=0.99))
    model.compile(ScheduledAdam(OverImages(cosine(2e-4, 32, alpha=0.25)), 0.0, beta_2))
    optimizer = model.optimizer.players["generator"]
    assert float(ops.convert_to_numpy(model.scheduled(model.gamma))) == pytest.approx(2.0)
    assert float(ops.convert_to_numpy(optimizer.beta_2)) == pytest.approx(0.9)
    model.fit(X, batch_size=4, epochs=4, verbose=0)
    assert float(ops.convert_to_numpy(model.scheduled(model.gamma))) == pytest.approx(0.2, rel=1e-5)
    assert float(ops.convert_to_numpy(optimizer.beta_2)) == pytest.approx(0.99)
    assert float(ops.convert_to_numpy(optimizer.learning_rate)) == pytest.approx(5e-5, rel=1e-4)


def test_labels_reach_both_players():
    keras.utils.set_random_seed(0)
    model = CR3GAN(**CR3GAN.tiny)
    z = np.ones((3, 4), "float32")
    images = ops.convert_to_numpy(model((z, np.eye(3, dtype="float32"))))
    assert np.abs(np.diff(images, axis=0)).max(axis=(1, 2, 3)).min() > 1e-3
    same = ops.convert_to_tensor(np.repeat(images[:1], 3, axis=0))
    scores = ops.convert_to_numpy(model.discriminator_outputs(same, np.arange(3), False))
    assert np.abs(np.diff(scores[:, 0])).min() > 1e-4
