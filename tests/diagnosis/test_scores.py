"""Measures of scores and inputs, in closed form."""

import numpy as np
import pytest

from keras_genzoo.diagnosis import overfitting, pairwise_accuracy, range_of


def test_pairwise_accuracy():
    assert pairwise_accuracy(np.array([[2.0], [3.0]]), np.array([0.0, 1.0])) == 1.0
    assert pairwise_accuracy(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0.0
    assert pairwise_accuracy(np.ones(4), np.ones(3)) == 0.5
    assert pairwise_accuracy(np.array([0.0, 2.0]), np.array([1.0, 1.0, 2.0])) == pytest.approx(2.5 / 6)


def test_pairwise_accuracy_is_that_of_all_pairs():
    random = np.random.default_rng(0)
    for levels in (3, 10**6):  # with many equal scores, and with few
        first, second = random.integers(0, levels, (40, 3, 1)) / levels, random.integers(0, levels, (70, 2)) / levels
        pairs = first.ravel()[:, None], second.ravel()
        expected = (pairs[0] > pairs[1]).mean() + 0.5 * (pairs[0] == pairs[1]).mean()
        assert pairwise_accuracy(first, second) == pytest.approx(expected, abs=1e-12)


def test_maps_of_a_million_patches_take_no_time():
    scores = np.random.default_rng(0).normal(size=(2, 1_000_000, 1)).astype("float32")
    assert pairwise_accuracy(scores[0], scores[1]) == pytest.approx(0.5, abs=2e-3)


def test_overfitting_says_where_held_out_images_lie():
    train, samples = np.array([1.0, 3.0]), np.array([-2.0])
    assert overfitting(train, np.array([2.0]), samples) == 0.0
    assert overfitting(train, np.array([-2.0]), samples) == 1.0
    assert overfitting(train, np.array([1.0]), samples) == 0.25
    assert overfitting(samples, samples, train) == 0.0  # who cannot tell samples has learned nothing by heart


def test_the_range_of_what_is_given():
    images = np.array([[[[0.5]]], [[[-1.0]]]])
    assert range_of(images) == {
        "input.low": -1.0,
        "input.high": 0.5,
        "input.not_finite": 0.0,
        "input.variation": 0.75,
    }
    images[0] = np.nan
    assert range_of(images) == {
        "input.low": -1.0,
        "input.high": -1.0,
        "input.not_finite": 0.5,
        "input.variation": 0.5,
    }
    assert range_of(np.full((2, 1, 1, 1), np.inf))["input.not_finite"] == 1.0
