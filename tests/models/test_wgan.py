"""Arjovsky et al. 2017, algorithm 1, on networks simple enough to know the answer."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.models.wgan import WGAN

SHAPE = (2, 2, 1)
X = np.random.default_rng(0).uniform(-0.1, 1, (40, *SHAPE)).astype("float32")


def small(normalized=False, **arguments):
    """A WGAN of one dense layer a player."""
    keras.utils.set_random_seed(0)
    z, x = layers.Input((3,)), layers.Input(SHAPE)
    generator = keras.Model(z, layers.Reshape(SHAPE)(layers.Dense(4)(z)))
    hidden = layers.Flatten()(x)
    if normalized:
        hidden = layers.BatchNormalization()(layers.Dense(3)(hidden))
    critic = keras.Model(x, layers.Dense(1)(hidden))
    return WGAN(SHAPE, latent_dim=3, generator=generator, critic=critic, **{"critic_steps": 1, **arguments})


def trained(model):
    return [ops.convert_to_numpy(variable) for variable in model.critic.trainable_variables]


class _Largest(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.found = []

    def on_train_batch_end(self, batch, logs=None):
        self.found.append([float(np.abs(weight).max()) for weight in trained(self.model)])


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_all_that_the_critic_trains_stays_within_the_clip(jit_compile):
    model = small(normalized=True, clip=0.02, critic_steps=2)
    assert max(float(np.abs(weight).max()) for weight in trained(model)) <= np.float32(
        0.02
    )  # before the first step too
    model.compile({name: keras.optimizers.SGD(1.0) for name in ("critic", "generator")}, jit_compile=jit_compile)
    largest = _Largest()
    model.fit(X, batch_size=4, verbose=0, callbacks=[largest])
    found = np.array(largest.found)
    assert len(found) == 5 and found.max() == np.float32(0.02)
    assert (found.max(axis=0)[[0, 2, 4]] == np.float32(0.02)).all()  # kernels and a scale come to it
    _, variance = model.critic.non_trainable_variables
    assert ops.convert_to_numpy(variance).max() > 0.02  # running statistics are no weights
    assert max(np.abs(weight).max() for weight in model.generator.get_weights()) > 0.02


def test_a_loaded_critic_is_clipped_too(tmp_path):
    model = small(clip=0.02)
    model.compile()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    again.compile({name: keras.optimizers.SGD(10.0) for name in ("critic", "generator")})
    again.fit(X, batch_size=8, verbose=0)
    assert max(np.abs(weight).max() for weight in trained(again)) == np.float32(0.02)


def test_the_critic_finds_the_best_clipped_function():
    """Of points at distance 1 in each of 4 pixels, the best of |w| <= c has w = c in all: a distance of 4 c."""
    model = small(clip=0.1)
    model.compile({"critic": keras.optimizers.SGD(0.1), "generator": keras.optimizers.SGD(0.0)})
    model.generator.set_weights([np.zeros((3, 4)), np.full(4, -0.5)])
    x = np.full((8, *SHAPE), 0.5, "float32")
    history = model.fit(x, batch_size=8, epochs=20, verbose=0).history["critic_loss"]
    np.testing.assert_allclose(model.critic.get_weights()[0], 0.1, rtol=1e-6)
    assert history[-1] == pytest.approx(-0.4, rel=1e-5) and history[-1] < history[0]


def test_scores_enter_with_the_paper_s_signs(monkeypatch):
    model = small()
    z = np.random.default_rng(1).standard_normal((40, 3)).astype("float32")
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: ops.convert_to_tensor(z))
    fake = model.critic.predict(model.generator.predict(z, verbose=0), verbose=0).mean()
    real = model.critic.predict(X, verbose=0).mean()
    x = ops.convert_to_tensor(X)
    loss, logs = model.discriminator_loss(x, None, True)
    assert float(loss) == float(logs["critic_loss"]) == pytest.approx(fake - real, rel=1e-4)
    assert float(model.generator_loss(x, None, True)[0]) == pytest.approx(-fake, rel=1e-4)


def test_its_optimizer_is_the_paper_s():
    """RMSProp of PyTorch: the root of a mean with the momentum 0.99, plus 1e-8; also where gradients are small."""
    model = small()
    model.compile()
    optimizer = model.optimizer.players["critic"]
    variable = keras.Variable(np.zeros(2))
    optimizer = type(optimizer).from_config(optimizer.get_config())
    gradients = np.array([[1e-5, -3.0], [2e-5, -1.0]])
    mean, expected = np.zeros(2), np.zeros(2)
    for gradient in gradients:
        mean = 0.99 * mean + 0.01 * gradient**2
        expected -= 5e-5 * gradient / (np.sqrt(mean) + 1e-8)
        optimizer.apply([ops.convert_to_tensor(gradient.astype("float32"))], [variable])
    np.testing.assert_allclose(ops.convert_to_numpy(variable), expected, rtol=2e-2)


def test_defaults_are_the_paper_s():
    defaults = {name: parameter.default for name, parameter in WGAN.constructor_arguments().items()}
    assert (defaults["critic_steps"], defaults["clip"], defaults["adversarial_loss"]) == (5, 0.01, "wasserstein")
