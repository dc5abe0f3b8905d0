import math

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo import losses

RNG = np.random.default_rng(0)
REAL, FAKE = (3 * RNG.standard_normal((5, 1))).astype("float32"), (3 * RNG.standard_normal((7, 1))).astype("float32")


def value(loss):
    assert tuple(loss.shape) == ()
    return float(ops.convert_to_numpy(loss))


def test_a_discriminator_that_cannot_tell_loses_two_log_two():
    undecided = np.zeros((4, 1), "float32")
    assert value(losses.logistic_discriminator(undecided, undecided)) == pytest.approx(2 * math.log(2), rel=1e-6)
    assert value(losses.non_saturating_generator(undecided)) == pytest.approx(math.log(2), rel=1e-6)


def test_the_discriminator_loses_its_cross_entropy():
    expected = -np.log(special.expit(REAL)).mean() - np.log(1 - special.expit(FAKE)).mean()
    np.testing.assert_allclose(value(losses.logistic_discriminator(REAL, FAKE)), expected, rtol=1e-5)


def test_the_generator_loses_minus_log_d():
    expected = -stats.logistic.logcdf(FAKE).mean()
    np.testing.assert_allclose(value(losses.non_saturating_generator(FAKE)), expected, rtol=1e-5)


@pytest.mark.parametrize(("real", "fake", "loss"), [(1e4, -1e4, 0.0), (-1e4, 1e4, 2e4)])
def test_certain_discriminators_have_finite_losses(real, fake, loss):
    scores = np.full((3, 1), real, "float32"), np.full((3, 1), fake, "float32")
    np.testing.assert_allclose(value(losses.logistic_discriminator(*scores)), loss)


def test_the_critic_estimates_a_distance():
    np.testing.assert_allclose(value(losses.wasserstein_critic(REAL, FAKE)), FAKE.mean() - REAL.mean(), rtol=1e-5)
    np.testing.assert_allclose(value(losses.wasserstein_generator(FAKE)), -FAKE.mean(), rtol=1e-5)


def test_the_best_linear_critic_finds_the_distance_between_two_shifted_images():
    x = RNG.uniform(-1, 1, (64, 1)).astype("float32")  # one pixel: W1 of a shift is the shift
    np.testing.assert_allclose(-value(losses.wasserstein_critic(x, x - 0.75)), 0.75, rtol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        lambda real, fake: losses.logistic_discriminator(real, fake),
        lambda real, fake: losses.non_saturating_generator(fake),
        lambda real, fake: losses.wasserstein_critic(real, fake),
        lambda real, fake: losses.wasserstein_generator(fake),
    ],
)
def test_scores_of_patches_are_averaged_like_scores_of_images(loss):
    real, fake = RNG.standard_normal((2, 6, 3, 2, 1)).astype("float32")
    np.testing.assert_allclose(
        value(loss(real, fake)), value(loss(real.reshape(-1, 1), fake.reshape(-1, 1))), rtol=1e-5
    )
