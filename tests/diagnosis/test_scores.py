"""Measures of scores and inputs, in closed form."""

import numpy as np
import pytest

from keras_genzoo.diagnosis import overfitting, pairwise_accuracy, range_of


def test_pairwise_accuracy():
    assert pairwise_accuracy(np.array([[2.0], [3.0]]), np.array([0.0, 1.0])) == 1.0
    assert pairwise_accuracy(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0.0
    assert pairwise_accuracy(np.ones(4), np.ones(3)) == 0.5
    assert pairwise_accuracy(np.array([0.0, 2.0]), np.array([1.0, 1.0, 2.0])) == pytest.approx(2.5 / 6)


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
