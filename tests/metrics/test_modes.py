"""Modes counted on mixtures whose coverage is known."""

import numpy as np
import pytest

from keras_genzoo.data.gaussians import CENTERS, DEVIATION, gaussians_25
from keras_genzoo.metrics import class_coverage, mode_coverage


def test_the_mixture_itself_covers_all_and_nearly_all_of_it_is_good():
    points = gaussians_25().train[np.arange(20_000)]["image"].reshape(-1, 2)
    found = mode_coverage(points, CENTERS, DEVIATION)
    assert found.covered == 25
    # Of two independent normal numbers, 1 - exp(-9 / 2) lie within three standard deviations.
    assert found.good == pytest.approx(1 - np.exp(-4.5), abs=0.003)
    assert found.divergence < 0.003


def test_a_collapsed_one_covers_what_it_makes():
    points = np.concatenate([np.repeat(CENTERS[[3, 7]], 30, axis=0), [[0.2, 0.2]] * 20])
    found = mode_coverage(points, CENTERS, DEVIATION)
    assert (found.covered, found.good) == (2, 0.75)
    assert found.divergence == pytest.approx(np.log(25 / 2))


def test_nothing_good():
    found = mode_coverage(np.full((4, 2), 0.2), CENTERS, DEVIATION)
    assert (found.covered, found.good, found.divergence) == (0, 0.0, float("inf"))


def test_the_bound_is_three_deviations():
    points = CENTERS[[0, 0]] + [[2.9 * DEVIATION, 0], [3.1 * DEVIATION, 0]]
    assert mode_coverage(points, CENTERS, DEVIATION).good == 0.5


@pytest.mark.parametrize("shape", [(3, 3), (0, 2), (4,)])
def test_points_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"but \(n, 2\) is expected"):
        mode_coverage(np.zeros(shape), CENTERS, DEVIATION)


def test_classes_are_counted_by_the_most_probable_one():
    logits = np.eye(4)[[0, 0, 2, 2, 2, 1]]
    found = class_coverage(logits)
    shares = np.array([2, 1, 3]) / 6
    assert found.covered == 3 and found.divergence == pytest.approx((shares * np.log(4 * shares)).sum())
    assert class_coverage(np.eye(4)).divergence == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match=r"logits have shape \(0, 4\), but \(n, classes\) is expected"):
        class_coverage(np.zeros((0, 4)))
