import numpy as np
import pytest

from keras_genzoo.metrics import kernel
from keras_genzoo.metrics.kernel import kernel_distance, kernel_distance_of_subsets


def features(count, seed, shift=0.0):
    return np.random.default_rng(seed).normal(size=(count, 6)) + shift


def by_definition(x, y):
    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    own = [np.mean([k(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]) for z in (x, y)]
    return sum(own) - 2 * np.mean([k(a, b) for a in x for b in y])


@pytest.mark.parametrize("rows", [2048, 7, 1])
def test_definition_in_blocks_of_any_size(rows, monkeypatch):
    monkeypatch.setattr(kernel, "_ROWS", rows)
    x, y = features(20, 0), features(15, 1, shift=0.4)
    np.testing.assert_allclose(kernel_distance(x, y), by_definition(x, y), rtol=1e-12)


def test_two_points_each():
    x, y = np.array([[1.0], [2.0]]), np.array([[0.0], [3.0]])
    np.testing.assert_allclose(kernel_distance(x, y), 27 + 1 - 2 * (1 + 4**3 + 1 + 7**3) / 4)


def test_without_bias():
    """The mean over draws of one distribution is 0, whatever their number, so some are negative."""
    values = np.array([kernel_distance(features(12, 2 * seed), features(12, 2 * seed + 1)) for seed in range(300)])
    assert abs(values.mean()) < 4 * values.std() / np.sqrt(300)
    assert values.min() < 0 < values.max()


def test_the_subset_of_all_is_the_whole():
    x, y = features(20, 2), features(20, 3, shift=0.3)
    mean, deviation = kernel_distance_of_subsets(x, y, subsets=3, subset_size=20)
    np.testing.assert_allclose(mean, kernel_distance(x, y), rtol=1e-12)
    assert deviation < 1e-12


def test_subsets_have_the_mean_of_the_whole():
    x, y = features(400, 4), features(300, 5, shift=0.3)
    mean, deviation = kernel_distance_of_subsets(x, y, subsets=200, subset_size=50, seed=1)
    assert abs(mean - kernel_distance(x, y)) < 4 * deviation / np.sqrt(200)
    assert (mean, deviation) == kernel_distance_of_subsets(x, y, subsets=200, subset_size=50, seed=1)
    assert mean != kernel_distance_of_subsets(x, y, subsets=200, subset_size=50, seed=2)[0]


def test_float32_is_taken_to_float64():
    x, y = features(30, 6).astype("float32"), features(30, 7).astype("float32")
    assert kernel_distance(x, y) == kernel_distance(x.astype("float64"), y.astype("float64"))


def test_errors():
    x = features(30, 8)
    with pytest.raises(ValueError, match="at least 2 are needed"):
        kernel_distance(x, x[:1])
    with pytest.raises(ValueError, match="got 30 rows of features, but at least 1000"):
        kernel_distance_of_subsets(x, x)
    with pytest.raises(ValueError, match="kernel_distance_of_subsets: subsets=0, but an integer of at least 1"):
        kernel_distance_of_subsets(x, x, subsets=0, subset_size=10)
    with pytest.raises(ValueError, match="NaN"):
        kernel_distance(x, np.full_like(x, np.inf))
