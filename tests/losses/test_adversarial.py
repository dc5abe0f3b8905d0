import math
import types
import typing

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo import backend, losses
from keras_genzoo.types import AdversarialLossName

RNG = np.random.default_rng(0)
REAL, FAKE = (3 * RNG.standard_normal((5, 1))).astype("float32"), (3 * RNG.standard_normal((5, 1))).astype("float32")


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


# The losses by name


def log_d(scores):
    return np.log(special.expit(scores)).mean()


def log_not_d(scores):
    return np.log(1 - special.expit(scores)).mean()


def relativistic(real, fake):
    return -log_d(real - fake.mean()) - log_not_d(fake - real.mean())


# What the discriminator and the generator lower, as the papers write it.
CLOSED_FORMS = {
    "minimax": (lambda real, fake: -log_d(real) - log_not_d(fake), lambda real, fake: log_not_d(fake)),
    "non_saturating": (lambda real, fake: -log_d(real) - log_not_d(fake), lambda real, fake: -log_d(fake)),
    "least_squares": (
        lambda real, fake: 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean(),
        lambda real, fake: 0.5 * ((fake - 1) ** 2).mean(),
    ),
    "hinge": (
        lambda real, fake: -np.minimum(0, real - 1).mean() - np.minimum(0, -1 - fake).mean(),
        lambda real, fake: -fake.mean(),
    ),
    "wasserstein": (lambda real, fake: fake.mean() - real.mean(), lambda real, fake: -fake.mean()),
    "relativistic_average": (relativistic, lambda real, fake: relativistic(fake, real)),
    "relativistic": (
        lambda real, fake: np.log1p(np.exp(fake - real)).mean(),
        lambda real, fake: np.log1p(np.exp(real - fake)).mean(),
    ),
}
each_loss = pytest.mark.parametrize("name", CLOSED_FORMS)


def slopes(loss, scores):
    """The gradient of a loss by scores."""
    nothing = types.SimpleNamespace(variables=[])
    return ops.convert_to_numpy(backend.input_gradient(loss, ops.convert_to_tensor(scores), nothing))


def finite_differences(function, scores, step=1e-5):
    scores, found = scores.astype("float64"), np.zeros(scores.shape)
    for index in np.ndindex(scores.shape):
        moved = np.zeros(scores.shape)
        moved[index] = step
        found[index] = (function(scores + moved) - function(scores - moved)) / (2 * step)
    return found


def test_presets_may_name_all_losses():
    assert set(typing.get_args(AdversarialLossName)) == set(losses.ADVERSARIAL_LOSSES) == set(CLOSED_FORMS)


@each_loss
def test_a_loss_is_what_its_paper_says(name):
    loss = losses.ADVERSARIAL_LOSSES[name]
    for player, closed_form in zip((loss.discriminator, loss.generator), CLOSED_FORMS[name], strict=True):
        np.testing.assert_allclose(
            value(player(REAL, FAKE)), closed_form(REAL.astype("float64"), FAKE.astype("float64")), rtol=1e-5
        )


@each_loss
@pytest.mark.parametrize("player", [0, 1], ids=["discriminator", "generator"])
def test_its_gradient_equals_finite_differences(name, player):
    loss, closed_form = losses.ADVERSARIAL_LOSSES[name][player], CLOSED_FORMS[name][player]
    found = slopes(lambda fake: loss(REAL, fake), FAKE)
    np.testing.assert_allclose(found, finite_differences(lambda fake: closed_form(REAL, fake), FAKE), atol=1e-5)
    if player == 0 or losses.ADVERSARIAL_LOSSES[name].compares:
        found = slopes(lambda real: loss(real, FAKE), REAL)
        np.testing.assert_allclose(found, finite_differences(lambda real: closed_form(real, FAKE), REAL), atol=1e-5)


@each_loss
def test_the_players_pull_scores_apart_and_together(name):
    loss = losses.ADVERSARIAL_LOSSES[name]
    start = np.full((4, 1), loss.undecided or 0.0, "float32")
    assert (slopes(lambda real: loss.discriminator(real, start), start) < 0).all()
    assert (slopes(lambda fake: loss.discriminator(start, fake), start) > 0).all()
    assert (slopes(lambda fake: loss.generator(start, fake), start) < 0).all()


def test_the_minimax_generator_learns_nothing_from_a_sure_discriminator():
    sure = np.full((4, 1), -20.0, "float32")  # generated images, and the discriminator knows
    minimax, non_saturating = (losses.ADVERSARIAL_LOSSES[name].generator for name in ("minimax", "non_saturating"))
    np.testing.assert_allclose(slopes(lambda fake: minimax(None, fake), sure), 0.0, atol=1e-8)
    np.testing.assert_allclose(slopes(lambda fake: non_saturating(None, fake), sure), -0.25, rtol=1e-5)


def test_least_squares_pull_from_both_sides_and_hinges_let_go():
    beyond = np.full((4, 1), 3.0, "float32")
    assert (slopes(losses.least_squares_generator, beyond) > 0).all()
    np.testing.assert_array_equal(slopes(lambda real: losses.hinge_discriminator(real, -beyond), beyond), 0.0)


@pytest.mark.parametrize("name", [name for name in CLOSED_FORMS if losses.ADVERSARIAL_LOSSES[name].has_targets])
def test_smoothed_labels_are_less_sure_of_real_images_alone(name):
    loss = losses.ADVERSARIAL_LOSSES[name].discriminator
    centered = REAL - FAKE.mean() if name == "relativistic_average" else REAL
    if name == "least_squares":
        more = 0.5 * ((REAL - 0.7) ** 2).mean() - 0.5 * ((REAL - 1) ** 2).mean()
    else:  # the target 0.7 in the cross-entropy
        target = -0.7 * log_d(centered) - 0.3 * log_not_d(centered)
        more = target + log_d(centered)
    np.testing.assert_allclose(value(loss(REAL, FAKE, 0.3)), value(loss(REAL, FAKE)) + more, rtol=1e-5)


def test_the_best_score_of_a_real_image_has_the_smoothed_probability():
    best = np.full((4, 1), special.logit(0.9), "float32")
    np.testing.assert_allclose(slopes(lambda real: losses.logistic_discriminator(real, FAKE, 0.1), best), 0, atol=1e-7)


@each_loss
def test_scores_of_patches_are_averaged_like_scores_of_images(name):
    real, fake = RNG.standard_normal((2, 6, 3, 2, 1)).astype("float32")
    loss = losses.ADVERSARIAL_LOSSES[name]
    for player in (loss.discriminator, loss.generator):
        one, other = value(player(real, fake)), value(player(real.reshape(-1, 1), fake.reshape(-1, 1)))
        np.testing.assert_allclose(one, other, rtol=1e-5)
