import numpy as np
import pytest
from keras import ops
from scipy import integrate, special, stats

from keras_genzoo import losses

RNG = np.random.default_rng(0)


def value(loss):
    assert tuple(loss.shape) == ()
    return float(ops.convert_to_numpy(loss))


def test_the_covariance_is_numpy_s():
    values = RNG.standard_normal((7, 3)).astype("float32") + 5
    found = ops.convert_to_numpy(losses.covariance(ops.convert_to_tensor(values)))
    np.testing.assert_allclose(found, np.cov(values.T, bias=True), rtol=1e-4, atol=1e-6)


def test_the_prior_s_covariance_costs_nothing():
    assert value(losses.dip_penalty(ops.eye(4), 10.0)) == 0.0


def test_off_diagonal_and_diagonal_are_weighed_apart():
    matrix = ops.convert_to_tensor(np.array([[1.5, 0.2, 0.0], [0.2, 1.0, -0.3], [0.0, -0.3, 0.0]], "float32"))
    off, on = 2 * (0.2**2 + 0.3**2), 0.5**2 + 1.0**2
    assert value(losses.dip_penalty(matrix, 10.0)) == pytest.approx(off + 10 * on)
    assert value(losses.dip_penalty(matrix, 0.0)) == pytest.approx(off)


def total_correlation(z, mean, log_var):
    return value(losses.total_correlation(*(np.asarray(one, "float32") for one in (z, mean, log_var))))


def test_one_latent_has_no_total_correlation():
    z, mean, log_var = RNG.standard_normal((3, 8, 1))
    assert total_correlation(z, mean, log_var) == pytest.approx(0.0, abs=1e-5)


def test_posteriors_that_do_not_look_at_their_images_have_none():
    mean, log_var = np.full((8, 3), 0.7), np.full((8, 3), -1.0)
    assert total_correlation(RNG.standard_normal((8, 3)), mean, log_var) == pytest.approx(0.0, abs=1e-5)


def test_it_is_the_log_ratio_of_the_mixture_to_the_product_of_its_marginals():
    z, mean, log_var = RNG.standard_normal((3, 6, 3))
    each = stats.norm.logpdf(z[:, None], mean[None], np.exp(0.5 * log_var)[None])
    joint = special.logsumexp(each.sum(axis=-1), axis=1) - np.log(6)
    marginals = (special.logsumexp(each, axis=1) - np.log(6)).sum(axis=-1)
    assert total_correlation(z, mean, log_var) == pytest.approx((joint - marginals).mean(), rel=1e-4)


@pytest.mark.slow
def test_it_estimates_the_integral():
    """Two posteriors on a diagonal: the divergence over the plane, against many draws from each."""
    mean, deviation, draws = np.array([[-1.0, -1.0], [1.0, 1.0]]), 0.5, 400

    def density(*z):
        return np.mean([np.prod(stats.norm.pdf(z, one, deviation)) for one in mean])

    def integrand(a, b):
        marginals = [np.mean(stats.norm.pdf(one, [-1.0, 1.0], deviation)) for one in (a, b)]
        return density(a, b) * np.log(density(a, b) / np.prod(marginals))

    grid = np.linspace(-4, 4, 81)
    table = np.array([[integrand(a, b) for b in grid] for a in grid])
    exact = integrate.simpson(integrate.simpson(table, x=grid), x=grid)
    means = np.repeat(mean, draws, axis=0)  # the same mixture
    z = means + deviation * np.random.default_rng(1).standard_normal(means.shape)
    assert exact > 0.3
    assert total_correlation(z, means, np.full_like(means, 2 * np.log(deviation))) == pytest.approx(exact, abs=0.05)
