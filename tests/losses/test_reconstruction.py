import math

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo import losses

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (5, 4, 3, 2)).astype("float32")
OUTPUT = RNG.standard_normal(X.shape).astype("float32")


def value(loss):
    assert tuple(loss.shape) == ()
    return float(ops.convert_to_numpy(loss))


@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0])
def test_gaussian_is_the_log_density(scale):
    expected = -stats.norm.logpdf(X, OUTPUT, scale).sum(axis=(1, 2, 3)).mean()
    np.testing.assert_allclose(value(losses.gaussian_nll(X, OUTPUT, scale)), expected, rtol=1e-5)


def test_gaussian_at_its_mean_is_its_constant():
    scale = math.exp(-0.5) / math.sqrt(2 * math.pi)  # log(scale * sqrt(2 pi)) = -1/2: half a nat a pixel, below zero
    np.testing.assert_allclose(value(losses.gaussian_nll(X, X, scale)), -0.5 * 4 * 3 * 2, rtol=1e-5)


def test_bernoulli_is_the_log_probability_of_black_and_white_pixels():
    white = (X > 0).astype("float32")
    expected = -stats.bernoulli.logpmf(white, special.expit(OUTPUT.astype("float64"))).sum(axis=(1, 2, 3)).mean()
    np.testing.assert_allclose(value(losses.bernoulli_nll(2 * white - 1, OUTPUT)), expected, rtol=1e-5)


def test_bernoulli_of_gray_pixels_is_the_cross_entropy():
    share = (X + 1) / 2
    expected = -(share * special.log_expit(OUTPUT) + (1 - share) * special.log_expit(-OUTPUT))
    np.testing.assert_allclose(value(losses.bernoulli_nll(X, OUTPUT)), expected.sum(axis=(1, 2, 3)).mean(), rtol=1e-5)


def test_bernoulli_that_does_not_know_loses_log_two_a_pixel():
    np.testing.assert_allclose(value(losses.bernoulli_nll(X, np.zeros_like(X))), 4 * 3 * 2 * math.log(2), rtol=1e-5)


def test_bernoulli_is_least_at_the_pixels_own_logits():
    x = np.full((1, 1, 1, 1), 0.5, "float32")  # three quarters white
    around = [value(losses.bernoulli_nll(x, np.full_like(x, math.log(3) + shift))) for shift in (-0.1, 0.0, 0.1)]
    assert min(around) == around[1]


def test_certain_logits_have_a_finite_loss():
    far = np.full((1, 1, 1, 1), 1e4, "float32")
    assert value(losses.bernoulli_nll(np.ones_like(far), far)) == 0.0
    np.testing.assert_allclose(value(losses.bernoulli_nll(-np.ones_like(far), far)), 1e4)
