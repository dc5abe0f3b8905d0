import numpy as np
import pytest

from keras_genzoo.metrics.inception_score import inception_score


def test_equal_predictions_score_one():
    mean, deviation = inception_score(np.tile([1.0, 2.0, 3.0], (20, 1)))
    np.testing.assert_allclose([mean, deviation], [1.0, 0.0], atol=1e-14)


def test_sure_and_even_predictions_score_the_number_of_classes():
    mean, deviation = inception_score(1e4 * np.tile(np.eye(7), (10, 1)))
    np.testing.assert_allclose([mean, deviation], [7.0, 0.0], atol=1e-12)


def test_two_predictions_by_hand():
    p = np.array([[0.9, 0.1], [0.3, 0.7]])
    expected = np.exp(np.mean(np.sum(p * np.log(p / p.mean(axis=0)), axis=1)))
    np.testing.assert_allclose(inception_score(np.log(p), splits=1), (expected, 0.0), rtol=1e-14)


def test_parts_are_of_consecutive_images():
    logits = np.repeat(1e3 * np.eye(2), 5, axis=0)
    np.testing.assert_allclose(inception_score(logits, splits=2), (1.0, 0.0))
    np.testing.assert_allclose(inception_score(logits, splits=1), (2.0, 0.0))
    parts = [inception_score(logits[i : i + 5], splits=1)[0] for i in (0, 5)]
    np.testing.assert_allclose(parts, 1.0)


def test_a_constant_added_to_logits_changes_nothing():
    logits = np.random.default_rng(0).normal(size=(33, 5))
    shifts = 1e5 * np.arange(33)[:, None]
    np.testing.assert_allclose(inception_score(logits + shifts, splits=3), inception_score(logits, splits=3), rtol=1e-9)


def test_errors():
    with pytest.raises(ValueError, match="got 9 rows of features, but at least 10"):
        inception_score(np.zeros((9, 3)))
    with pytest.raises(ValueError, match="splits=0"):
        inception_score(np.zeros((9, 3)), splits=0)
    with pytest.raises(ValueError, match="NaN"):
        inception_score(np.full((10, 3), -np.inf))
