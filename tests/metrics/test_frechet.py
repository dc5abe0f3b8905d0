import numpy as np
import pytest
from scipy import linalg

from keras_genzoo.metrics import frechet
from keras_genzoo.metrics.frechet import frechet_distance, frechet_distance_of_moments, frechet_infinity
from keras_genzoo.metrics.moments import Moments


def moments(mean, covariance, count=1000):
    """Moments that have exactly this mean and covariance."""
    mean, covariance = np.asarray(mean, "float64"), np.asarray(covariance, "float64")
    return Moments(count, mean, np.zeros(len(mean)), covariance * (count - 1))


def rotation(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def features(count, size, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(count, size)) * np.linspace(1, 3, size) + rng.normal(size=size)


def by_square_root(x, y):
    """The definition, by a general matrix square root."""
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.trace(linalg.sqrtm(first @ second)).real
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(first) + np.trace(second) - 2 * root


def test_diagonal_covariances():
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 0.25])
    expected = 3.0**2 + np.sum((np.sqrt(a) - np.sqrt(b)) ** 2)
    value = frechet_distance_of_moments(moments([0, 0, 0], np.diag(a)), moments([0, 3, 0], np.diag(b)))
    np.testing.assert_allclose(value, expected, rtol=1e-14)


def test_commuting_covariances():
    turn, a, b = rotation(30), np.linspace(0.1, 5, 30), np.linspace(2, 0.3, 30)
    value = frechet_distance_of_moments(*(moments(np.zeros(30), (turn * x) @ turn.T) for x in (a, b)))
    np.testing.assert_allclose(value, np.sum((np.sqrt(a) - np.sqrt(b)) ** 2), rtol=1e-12)


def test_rank_one_covariances():
    u, v = np.random.default_rng(1).normal(size=(2, 40))
    value = frechet_distance_of_moments(moments(np.zeros(40), np.outer(u, u)), moments(np.zeros(40), np.outer(v, v)))
    np.testing.assert_allclose(value, u @ u + v @ v - 2 * abs(u @ v), rtol=1e-13)


def test_a_zero_covariance():
    some, point = moments(np.zeros(6), np.diag([1.0, 2, 3, 4, 5, 6])), moments(np.ones(6), np.zeros((6, 6)))
    np.testing.assert_allclose(frechet_distance_of_moments(some, point), 6 + 21)
    np.testing.assert_allclose(frechet_distance_of_moments(point, moments(np.zeros(6), np.zeros((6, 6)))), 6)


@pytest.mark.parametrize("condition", [1e6, 1e10, 1e14])
def test_ill_conditioned_covariances(condition):
    turn, spectrum = rotation(12, seed=2), np.geomspace(1, 1 / condition, 12)
    covariance = (turn * spectrum) @ turn.T
    covariance = (covariance + covariance.T) / 2
    value = frechet_distance_of_moments(moments(np.zeros(12), covariance), moments(np.zeros(12), 4 * covariance))
    np.testing.assert_allclose(value, spectrum.sum(), rtol=1e-10)
    assert 0 <= frechet_distance_of_moments(*[moments(np.zeros(12), covariance)] * 2) < 1e-13


def test_singular_against_full_rank():
    """Where rounding of the zeros would show: each root of 1e-16 is 1e-8."""
    turn, size = rotation(50, seed=3), 50
    low = (turn[:, :5] * np.arange(1.0, 6)) @ turn[:, :5].T
    value = frechet_distance_of_moments(moments(np.zeros(size), low), moments(np.zeros(size), np.eye(size)))
    expected = 15 + size - 2 * np.sqrt(np.arange(1.0, 6)).sum()
    np.testing.assert_allclose(value, expected, rtol=1e-13)


@pytest.mark.parametrize(("count", "size"), [(300, 20), (21, 20), (20, 20), (15, 40), (2, 5)])
def test_of_a_set_and_itself(count, size):
    x = features(count, size, seed=4)
    assert 0 <= frechet_distance(x, x) < 1e-11
    np.testing.assert_allclose(frechet_distance(x, x + np.arange(size)), np.sum(np.arange(size) ** 2), rtol=1e-11)


@pytest.mark.parametrize(("n", "m"), [(200, 300), (200, 12), (12, 200), (12, 9)])
def test_features_and_moments_agree(n, m):
    x, y = features(n, 24, seed=5), features(m, 24, seed=6, scale=1.3)
    expected = frechet_distance(x, y)
    np.testing.assert_allclose(frechet_distance_of_moments(Moments.of(x), Moments.of(y)), expected, rtol=1e-11)
    np.testing.assert_allclose(frechet_distance(y, x), expected, rtol=1e-11)
    np.testing.assert_allclose(by_square_root(x, y), expected, rtol=1e-6)


def test_both_ways_agree_at_full_rank(monkeypatch):
    x, y = (Moments.of(features(400, 24, seed)) for seed in (7, 8))
    fast = frechet_distance_of_moments(x, y)
    monkeypatch.setattr(frechet, "_trace_of_root", lambda *args: None)
    np.testing.assert_allclose(frechet_distance_of_moments(x, y), fast, rtol=1e-12)


def test_merged_shards_equal_one_pass():
    x, y = features(300, 10, seed=9), features(300, 10, seed=10, scale=1.2)
    merged = Moments.of(x[:100]) + Moments.of(x[100:250]) + Moments.of(x[250:])
    np.testing.assert_allclose(frechet_distance_of_moments(merged, Moments.of(y)), frechet_distance(x, y), rtol=1e-12)


def test_a_large_offset_in_float32():
    x, y = (1e4 + features(200, 10, 11)).astype("float32"), (1e4 + features(200, 10, 12)).astype("float32")
    centered = (z.astype("float64") - 1e4 for z in (x, y))
    np.testing.assert_allclose(frechet_distance(x, y), frechet_distance(*centered), rtol=1e-10)


def test_more_images_bring_the_distance_of_one_distribution_down():
    real = features(4000, 16, seed=13)
    real -= real.mean(axis=0)
    generated = real[2000:]
    values = [frechet_distance(real[:2000], generated[:count]) for count in (50, 200, 2000)]
    assert values[0] > 3 * values[1] > 9 * values[2]


def test_infinity_takes_the_bias_away():
    rng = np.random.default_rng(14)
    real, generated = rng.normal(size=(40_000, 16)), 0.5 + rng.normal(size=(4000, 16))
    biased, value = frechet_distance(real, generated[:400]), frechet_infinity(real, generated)
    np.testing.assert_allclose(value, 4.0, rtol=0.03)
    assert abs(value - 4.0) < abs(biased - 4.0) / 2


def test_infinity_is_reproducible():
    x, y = features(100, 4, seed=15), features(100, 4, seed=16)
    assert frechet_infinity(x, y, points=5, seed=1) == frechet_infinity(x, y, points=5, seed=1)
    assert frechet_infinity(x, y, points=5, seed=1) != frechet_infinity(x, y, points=5, seed=2)


def test_errors():
    x = features(30, 4, seed=17)
    with pytest.raises(ValueError, match="got 1 rows of features, but at least 2"):
        frechet_distance(x, x[:1])
    with pytest.raises(ValueError, match="length 4 and 3"):
        frechet_distance(x, x[:, :3])
    with pytest.raises(ValueError, match="length 4 and 3"):
        frechet_distance_of_moments(Moments.of(x), Moments.of(x[:, :3]))
    with pytest.raises(ValueError, match="NaN"):
        frechet_distance(x, np.full_like(x, np.nan))
    with pytest.raises(ValueError, match="at least 20"):
        frechet_infinity(x, x[:19])
    with pytest.raises(ValueError, match=r"got points=1 for 30 .* expected 2 to 28"):
        frechet_infinity(x, x, points=1)
    with pytest.raises(ValueError, match="got points=29"):
        frechet_infinity(x, x, points=29)
