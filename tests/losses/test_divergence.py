import numpy as np
import pytest
from keras import ops
from scipy import integrate, stats

from keras_genzoo import losses


def kl(mean, log_var):
    loss = losses.gaussian_kl(np.asarray(mean, "float32"), np.asarray(log_var, "float32"))
    assert tuple(loss.shape) == ()
    return float(ops.convert_to_numpy(loss))


def test_the_prior_is_no_distance_from_itself():
    assert kl(np.zeros((3, 4)), np.zeros((3, 4))) == 0.0


@pytest.mark.parametrize(("mean", "log_var"), [(0.0, 1.0), (1.5, 0.0), (-0.7, -2.0), (2.0, 1.2)])
def test_it_is_the_integral_that_defines_it(mean, log_var):
    posterior = stats.norm(mean, np.exp(0.5 * log_var))
    expected, _ = integrate.quad(
        lambda z: posterior.pdf(z) * (posterior.logpdf(z) - stats.norm.logpdf(z)), -30, 30, points=[mean]
    )
    np.testing.assert_allclose(kl([[mean]], [[log_var]]), expected, rtol=1e-5)


def test_latents_are_summed_and_images_averaged():
    assert kl(np.full((5, 7), 2.0), np.zeros((5, 7))) == pytest.approx(7 * 2.0)  # mean^2 / 2 nats a latent
    two = kl([[2.0, 0.0], [0.0, 0.0]], np.zeros((2, 2)))
    assert two == pytest.approx(1.0)


def test_it_equals_a_monte_carlo_estimate():
    rng = np.random.default_rng(0)
    mean, log_var = rng.standard_normal((2, 1, 6))
    z = mean + np.exp(0.5 * log_var) * rng.standard_normal((400_000, 6))
    log_ratio = stats.norm.logpdf(z, mean, np.exp(0.5 * log_var)) - stats.norm.logpdf(z)
    sums = log_ratio.sum(axis=-1)
    assert abs(kl(mean, log_var) - sums.mean()) < 5 * sums.std() / np.sqrt(len(sums))


def test_parts_are_the_latents_of_each_image():
    mean, log_var = np.random.default_rng(1).standard_normal((2, 3, 4)).astype("float32")
    parts = ops.convert_to_numpy(losses.gaussian_kl_per_latent(mean, log_var))
    assert parts.shape == (3, 4) and (parts > 0).all()
    assert parts.sum(axis=-1).mean() == pytest.approx(kl(mean, log_var), rel=1e-5)


@pytest.mark.parametrize(
    ("floor", "expected"),
    [(0.0, 0.1 + 0.5 + 2.0), (0.2, 0.2 + 0.5 + 2.0), (1.0, 1.0 + 1.0 + 2.0), (3.0, 9.0)],
)
def test_nats_below_the_floor_are_free(floor, expected):
    nats = np.array([[0.0, 0.1, 3.0], [0.2, 0.9, 1.0]], "float32")  # means 0.1, 0.5, 2
    assert float(ops.convert_to_numpy(losses.free_bits(nats, floor))) == pytest.approx(expected)
