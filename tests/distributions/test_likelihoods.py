"""Likelihoods against SciPy's distributions."""

import math

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo.distributions import (
    BernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    GaussianLikelihood,
    binarize,
)

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (5, 4, 3, 2)).astype("float32")
OUTPUT = RNG.standard_normal(X.shape).astype("float32")
LEVELS = (np.arange(256) / 127.5 - 1).astype("float32")


def log_prob(likelihood, x, output):
    return ops.convert_to_numpy(likelihood.log_prob(ops.convert_to_tensor(x), ops.convert_to_tensor(output)))


def of_levels(likelihood, center):
    """The probability of each grey level, of an image of one pixel."""
    return np.exp(log_prob(likelihood, LEVELS[:, None, None, None], np.full((1, 1, 1, 1), center, "float32")))


@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0])
def test_gaussian_is_the_log_density(scale):
    expected = stats.norm.logpdf(X, OUTPUT, scale).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(log_prob(GaussianLikelihood(scale), X, OUTPUT), expected, rtol=1e-5)


def test_gaussian_at_its_mean_is_its_constant():
    scale = math.exp(-0.5) / math.sqrt(2 * math.pi)  # log(scale * sqrt(2 pi)) = -1/2: half a nat a pixel, above zero
    np.testing.assert_allclose(log_prob(GaussianLikelihood(scale), X, X), 0.5 * 4 * 3 * 2, rtol=1e-5)


@pytest.mark.parametrize("make", [GaussianLikelihood, DiscretizedLogisticLikelihood])
class TestLearnedScale:
    def test_starts_at_one_and_is_the_fixed_likelihood_of_that_scale(self, make):
        learned = make("learned")
        assert float(learned.scale) == pytest.approx(1.0, rel=0.01)
        fixed = make(float(learned.scale))
        assert len(learned.trainable_variables) == 1 and not fixed.variables
        np.testing.assert_allclose(log_prob(learned, X, OUTPUT), log_prob(fixed, X, OUTPUT), rtol=1e-5)

    def test_stays_above_a_third_of_a_grey_level(self, make):
        likelihood = make("learned")
        likelihood.trainable_variables[0].assign(-50.0)
        assert 2 / 255 / 4 < float(likelihood.scale) < 2 / 255 / 3

    def test_grows_with_its_weight(self, make):
        likelihood = make("learned")
        likelihood.trainable_variables[0].assign(0.15)
        assert float(likelihood.scale) == pytest.approx(math.exp(1.5), rel=0.01)


def test_the_best_learned_scale_is_the_root_mean_squared_error():
    likelihood = GaussianLikelihood("learned")
    error = np.sqrt(np.mean((X - OUTPUT) ** 2))
    found = []
    for factor in (0.98, 1.0, 1.02):
        likelihood.trainable_variables[0].assign(math.log(error * factor) / 10.0)
        found.append(log_prob(likelihood, X, OUTPUT).sum())
    assert max(found) == found[1]


@pytest.mark.parametrize("center", [-1.0, -0.3, 0.999, 1.4])
@pytest.mark.parametrize("scale", [0.003, 0.05, 1.0])
def test_grey_levels_have_the_masses_of_a_logistic_and_add_up_to_one(scale, center):
    found = of_levels(DiscretizedLogisticLikelihood(scale), center)
    edges = np.concatenate([[-np.inf], (LEVELS[:-1].astype(float) + LEVELS[1:]) / 2, [np.inf]])
    np.testing.assert_allclose(found, np.diff(stats.logistic.cdf(edges, center, scale)), rtol=2e-3, atol=1e-6)
    assert found.sum() == pytest.approx(1.0, abs=1e-4)


def test_a_grey_level_far_from_the_center_has_a_finite_logarithm():
    x, far = np.full((1, 1, 1, 1), 0.2, "float32"), np.full((1, 1, 1, 1), -0.9, "float32")
    (found,) = log_prob(DiscretizedLogisticLikelihood(0.003), x, far)
    assert found == pytest.approx(-(LEVELS[153] - 1 / 255 + 0.9) / 0.003, rel=0.01)  # the tail is exponential


def test_bernoulli_is_the_log_probability_of_black_and_white_pixels():
    white = (X > 0).astype("float32")
    expected = stats.bernoulli.logpmf(white, special.expit(OUTPUT.astype("float64"))).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(log_prob(BernoulliLikelihood(), 2 * white - 1, OUTPUT), expected, rtol=1e-5)


def test_bernoulli_of_gray_pixels_is_the_cross_entropy():
    share = (X + 1) / 2
    expected = share * special.log_expit(OUTPUT) + (1 - share) * special.log_expit(-OUTPUT)
    np.testing.assert_allclose(log_prob(BernoulliLikelihood(), X, OUTPUT), expected.sum(axis=(1, 2, 3)), rtol=1e-5)


def test_bernoulli_is_greatest_at_the_pixels_own_logits():
    x = np.full((1, 1, 1, 1), 0.5, "float32")  # three quarters white
    logits = [np.full_like(x, math.log(3) + shift) for shift in (-0.1, 0.0, 0.1)]
    around = [log_prob(BernoulliLikelihood(), x, one)[0] for one in logits]
    assert max(around) == around[1]


def test_certain_logits_have_a_finite_logarithm():
    far = np.full((1, 1, 1, 1), 1e4, "float32")
    assert log_prob(BernoulliLikelihood(), np.ones_like(far), far) == 0.0
    np.testing.assert_allclose(log_prob(BernoulliLikelihood(), -np.ones_like(far), far), -1e4)


@pytest.mark.parametrize(
    "likelihood", [GaussianLikelihood(0.3), DiscretizedLogisticLikelihood(0.1), BernoulliLikelihood()]
)
def test_several_draws_for_an_image_are_told_apart(likelihood):
    outputs = np.stack([OUTPUT, -OUTPUT], axis=1)
    found = log_prob(likelihood, X[:, None], outputs)
    assert found.shape == (5, 2)
    np.testing.assert_allclose(found[:, 0], log_prob(likelihood, X, OUTPUT), rtol=1e-5)
    np.testing.assert_allclose(found[:, 1], log_prob(likelihood, X, -OUTPUT), rtol=1e-5)


def test_means_are_images():
    np.testing.assert_array_equal(GaussianLikelihood(0.3).mean(X), X)
    found = ops.convert_to_numpy(BernoulliLikelihood().mean(ops.convert_to_tensor(OUTPUT)))
    np.testing.assert_allclose(found, 2 * special.expit(OUTPUT) - 1, atol=1e-6)


def test_binary_pixels_are_white_as_often_as_they_are_light():
    x = np.repeat(np.array([-1.0, -0.5, 0.0, 0.8, 1.0], "float32"), 20_000)
    found = ops.convert_to_numpy(binarize(x, np.random.default_rng(1).random(x.shape, dtype="float32")))
    assert set(found) == {-1.0, 1.0}
    means = found.reshape(5, -1).mean(axis=1)
    assert (means[0], means[4]) == (-1.0, 1.0)
    np.testing.assert_allclose(means[1:4], [-0.5, 0.0, 0.8], atol=5 / 20_000**0.5)
