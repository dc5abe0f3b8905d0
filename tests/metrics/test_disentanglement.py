"""Disentanglement: what is known of latents that are the factors, mix them, or have nothing to do with them."""

import numpy as np
import pytest

from keras_genzoo.metrics import disentanglement
from keras_genzoo.metrics.disentanglement import (
    dci,
    latent_correlation,
    mutual_information_gap,
    separated_attribute_predictability,
)

COUNT = 1500


@pytest.fixture(scope="module")
def factors():
    """A number, a choice between two, and a choice between four."""
    draws = np.random.default_rng(0)
    return np.stack([draws.uniform(-1, 1, COUNT), draws.integers(0, 2, COUNT), draws.integers(0, 4, COUNT)], axis=1)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(1).normal(size=(COUNT, 3))


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(disentanglement, "TREES", 5)


def test_latents_that_are_the_factors(factors, noise):
    latents = np.concatenate([noise[:, :1], -3 * factors + 1], axis=1)
    mig = mutual_information_gap(latents, factors)
    assert mig.value == pytest.approx(mig.of_factor.mean()) and mig.of_factor.min() > 0.9
    # The best that can be: R^2 of 1 less 0, accuracies of 1 less chance.
    np.testing.assert_allclose(
        separated_attribute_predictability(latents, factors).of_factor, [1, 0.5, 0.75], atol=0.05
    )
    found = dci(latents, factors)
    assert min(found[:3]) > 0.98
    np.testing.assert_allclose(found.importance, np.eye(3)[[0, 0, 1, 2]] * [[0], [1], [1], [1]], atol=0.01)


def test_a_rotation_entangles(factors):
    whitened = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    rotated = whitened @ (np.eye(3) - 2 / 3)  # a reflection: each latent has a part of each factor
    assert mutual_information_gap(rotated, factors).value < 0.35
    assert separated_attribute_predictability(rotated, factors).value < 0.35
    found = dci(rotated, factors)
    assert max(found.disentanglement, found.completeness) < 0.6 and found.informativeness > 0.8


def test_noise_tells_nothing(factors, noise):
    assert 0 <= mutual_information_gap(noise, factors).value < 0.02
    assert 0 <= separated_attribute_predictability(noise, factors).value < 0.03
    found = dci(noise, factors)
    assert max(found.disentanglement, found.completeness) < 0.1
    assert found.informativeness < (0 + 0.5 + 0.25) / 3 + 0.05  # chance


def test_two_latents_that_say_the_same_leave_no_gap(factors):
    twice = factors[:, [0, 0, 1, 1, 2, 2]]
    np.testing.assert_allclose(mutual_information_gap(twice, factors).of_factor, 0, atol=1e-12)
    np.testing.assert_allclose(separated_attribute_predictability(twice, factors).of_factor, 0, atol=1e-12)


def test_mutual_information_of_a_known_table():
    """Four classes; one latent tells them, one only whether they are even: log 4 and log 2 nats."""
    v = np.tile(np.arange(4.0), 25)
    (gap,) = mutual_information_gap(np.stack([v, v % 2], axis=1), v[:, None]).of_factor
    assert gap == pytest.approx((np.log(4) - np.log(2)) / np.log(4))
    # Nearest means: v tells all, v % 2 halves the classes, of which it gets one of two right.
    (gap,) = separated_attribute_predictability(np.stack([v, v % 2], axis=1), v[:, None]).of_factor
    assert gap == pytest.approx(1 - 0.5)


def test_dead_latents_change_nothing(factors):
    latents = np.concatenate([factors, np.full((COUNT, 2), 0.3)], axis=1)
    for score in (mutual_information_gap, separated_attribute_predictability):
        assert score(latents, factors).value == pytest.approx(score(factors, factors).value, abs=0.05)
    assert min(dci(latents, factors)[:3]) > 0.98
    dead = np.zeros((COUNT, 2))
    assert mutual_information_gap(dead, factors).value == 0
    assert separated_attribute_predictability(dead, factors).value == 0
    assert dci(dead, factors)[:2] == (0, 0)


@pytest.mark.parametrize("score", [mutual_information_gap, separated_attribute_predictability, dci])
def test_a_factor_that_does_not_vary_is_left_out_and_told(factors, score):
    more = np.concatenate([factors, np.full((COUNT, 1), 7.0)], axis=1)
    with pytest.warns(UserWarning, match="factors that do not vary are left out: columns 3"):
        found = score(factors, more)
    assert found[0] == pytest.approx(score(factors, factors)[0])
    assert np.isnan(found[-1].T[3]).all() and not np.isnan(found[-1].T[:3]).any()


def test_the_seed_decides_over_forests(factors, noise, monkeypatch):
    from sklearn.ensemble import RandomForestRegressor

    threads, predict = [], RandomForestRegressor.predict
    monkeypatch.setattr(
        RandomForestRegressor, "predict", lambda self, x: (threads.append(self.n_jobs), predict(self, x))[1]
    )
    mixed = factors + noise
    a, b, c = (dci(mixed, factors, seed) for seed in (0, 0, 1))
    assert a[:3] == b[:3] and a[:3] != c[:3]
    assert threads == [1, 1, 1]  # several would add predictions up in the order in which they come


def test_correlation_of_latents(noise):
    a, b = noise[:, 0], noise[:, 1]
    pair = np.stack([a, 0.6 * a + 0.8 * b], axis=1)
    expected = abs(np.corrcoef(pair.T)[0, 1])
    assert latent_correlation(pair) == pytest.approx(expected) and 0.5 < expected < 0.7
    assert latent_correlation(-pair * [1, -1]) == pytest.approx(expected)
    dead = np.concatenate([pair, 0.01 * noise[:, 2:], np.ones((COUNT, 1))], axis=1)
    assert latent_correlation(dead) == pytest.approx(expected)
    assert latent_correlation(noise) < 0.05


@pytest.mark.parametrize(
    ("latents", "factors", "message"),
    [
        (np.ones((30, 2)), np.ones((30, 2)), "none of the 2 factors varies"),
        (np.ones((30, 1)), np.eye(30), "1 latents of 30 images, but a gap between latents takes at least 2"),
        (np.ones((4, 2)), np.eye(4), "2 latents of 4 images"),
        (np.ones((30, 2)), np.eye(20), "latents of 30 images, but factors of 20"),
        (np.ones(30), np.eye(30), r"got latents of shape \(30,\)"),
        (np.ones((30, 2)), np.full((30, 2), np.nan), "got factors with NaN or infinity"),
    ],
)
def test_what_cannot_be_scored(latents, factors, message):
    with pytest.raises(ValueError, match=message):
        mutual_information_gap(latents, factors)


def test_collapsed_latents_have_no_correlation():
    with pytest.raises(ValueError, match="of 3 latents of 9 images 0 have a variance above"):
        latent_correlation(np.zeros((9, 3)))
