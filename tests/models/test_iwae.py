"""Burda et al. 2016: the bound of several draws against its definition, and its gradient against the weights' own."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo.backend import value_and_grad
from keras_genzoo.models.iwae import IWAE
from keras_genzoo.models.vae import VAE

X = np.random.default_rng(0).uniform(-1, 1, (5, 4, 4, 1)).astype("float32")
EPSILON = np.random.default_rng(1).standard_normal((5, 3, 2)).astype("float32")
ARGUMENTS = {
    "image_shape": (4, 4, 1),
    "latent_dim": 2,
    "encoder": {"network": "mlp_encoder", "hidden": (6,)},
    "decoder": {"network": "mlp_decoder", "hidden": (6,)},
}


def build(cls=IWAE, **arguments):
    keras.utils.set_random_seed(0)
    model = cls(**{**ARGUMENTS, **arguments})
    model.compile(keras.optimizers.SGD(0.0))
    return model


@pytest.fixture
def known_noise(monkeypatch):
    """Every draw is EPSILON, or as much of it as is asked for."""

    def normal(shape, seed):
        assert len(shape) == 3 and int(shape[2]) == 2
        return ops.convert_to_tensor(EPSILON[:, : shape[1]])

    monkeypatch.setattr(keras.random, "normal", normal)


def log_weights(model, k):
    """By SciPy, from the networks' outputs: log p(x given z), and log p(z) - log q(z given x), each (n, k)."""
    mean, log_var = np.split(model.encoder.predict(X, verbose=0).astype("float64")[:, None], 2, axis=-1)
    z = mean + np.exp(0.5 * log_var) * EPSILON[:, :k]
    output = model.decoder.predict(z.reshape(-1, 2).astype("float32"), verbose=0).reshape(5, k, *X.shape[1:])
    likelihood = stats.norm.logpdf(X[:, None], output, 0.2).sum(axis=(2, 3, 4))
    return likelihood, (stats.norm.logpdf(z) - stats.norm.logpdf(z, mean, np.exp(0.5 * log_var))).sum(axis=-1)


@pytest.mark.parametrize("k", [1, 3])
def test_the_bound_is_its_definition(known_noise, k):
    model = build(importance_samples=k)
    likelihood, rest = log_weights(model, k)
    loss, logs = model.negative_bound(X, None, training=True)
    expected = -(special.logsumexp(likelihood + rest, axis=1) - np.log(k)).mean()
    assert float(loss) == float(logs["loss"]) == pytest.approx(expected, rel=1e-5)
    assert float(logs["reconstruction"]) == pytest.approx(-likelihood.mean(), rel=1e-5)
    assert float(logs["kl"]) == pytest.approx(-rest.mean(), rel=1e-4)


def test_the_gradient_is_that_of_the_weights_weighed_by_themselves(known_noise):
    """Equation 13: the gradient of the bound is the mean of the log weights' gradients under the normalized weights."""
    model = build(importance_samples=3, likelihood={"likelihood": "gaussian", "scale": 1.0})
    variables = model.encoder.trainable_variables

    def weights():
        return sum(model.log_weights(ops.convert_to_tensor(X), None, ops.convert_to_tensor(EPSILON), True))

    shares = special.softmax(ops.convert_to_numpy(weights()), axis=1)
    assert shares.max() > 0.5 and shares.min() < 0.1  # uneven

    def weighed():
        return -ops.sum(ops.convert_to_tensor(shares) * weights()) / 5, {}

    _, expected, _ = value_and_grad(weighed, variables, model)
    _, found, _ = value_and_grad(lambda: model.negative_bound(X, None, training=True), variables, model)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(one), ops.convert_to_numpy(other), rtol=1e-3, atol=1e-5)


def test_more_draws_give_a_higher_bound():
    bounds = []
    for k in (1, 5, 50):
        model = build(importance_samples=k, likelihood={"likelihood": "gaussian", "scale": 0.5})
        x = np.repeat(X, 200, axis=0)
        bounds.append(-float(model.negative_bound(x, None, training=False)[0]))
    assert bounds[0] + 0.05 < bounds[1] < bounds[2] - 0.01


def test_with_one_draw_it_bounds_what_the_vae_bounds():
    x = np.repeat(X, 400, axis=0)
    iwae = float(build(importance_samples=1).negative_bound(x, None, training=False)[0])
    assert iwae == pytest.approx(float(build(VAE).negative_elbo(x, None, training=False)[0]), rel=0.02)
