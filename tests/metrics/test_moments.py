import numpy as np
import pytest

from keras_genzoo.metrics import moments as module
from keras_genzoo.metrics.moments import Moments, check_pair


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    return rng.normal(size=(90, 7)) @ rng.normal(size=(7, 7)) + 3.0


def assert_same(moments, features):
    assert moments.count == len(features)
    np.testing.assert_allclose(moments.mean, features.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(moments.covariance, np.cov(features, rowvar=False), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("rows", [8, 90, 4096])
def test_mean_and_covariance(features, rows, monkeypatch):
    monkeypatch.setattr(module, "ROWS", rows)
    assert_same(Moments.of(features), features)


def test_any_shift_gives_the_same(features):
    assert_same(Moments.of(features, shift=np.full(7, -2.0)), features)


def test_shards_of_one_shift_merge_by_plain_sums(features):
    first = Moments.of(features[:20])
    second = Moments.of(features[20:], first.shift)
    merged = first + second
    np.testing.assert_array_equal(merged.total, first.total + second.total)
    np.testing.assert_array_equal(merged.products, first.products + second.products)
    assert_same(merged, features)


def test_shards_of_different_shifts_merge_exactly(features):
    assert_same(Moments.of(features[:1]) + Moments.of(features[1:30]) + Moments.of(features[30:]), features)


def test_a_large_offset_in_float32_costs_nothing():
    rng = np.random.default_rng(1)
    offset = (1e4 + rng.normal(size=(500, 5))).astype("float32")
    assert_same(Moments.of(offset), offset.astype("float64"))
    assert_same(Moments.of(offset[:100]) + Moments.of(offset[100:]), offset.astype("float64"))


def test_files(features, tmp_path):
    moments = Moments.of(features)
    moments.save(tmp_path / "moments.npz")
    loaded = Moments.load(tmp_path / "moments.npz")
    assert loaded.count == 90 and isinstance(loaded.count, int)
    for name in ("shift", "total", "products"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(moments, name))


def test_a_file_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", mu=np.zeros(3), sigma=np.eye(3))
    with pytest.raises(ValueError, match=r"other\.npz was not written by Moments\.save"):
        Moments.load(tmp_path / "other.npz")
    np.save(tmp_path / "other.npy", np.zeros(3))
    with pytest.raises(ValueError, match="was not written"):
        Moments.load(tmp_path / "other.npy")


def test_one_feature_has_a_mean_but_no_covariance(features):
    moments = Moments.of(features[:1])
    np.testing.assert_allclose(moments.mean, features[0])
    with pytest.raises(ValueError, match="at least 2 features, and there is 1"):
        _ = moments.covariance


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(features, bad):
    features[4, 2] = bad
    with pytest.raises(ValueError, match="NaN or infinity"):
        Moments.of(features)


@pytest.mark.parametrize(
    "features", [np.zeros((3, 4), "uint8"), np.zeros((3, 2, 2)), np.zeros(3), np.zeros((3, 0))], ids=str
)
def test_what_is_no_feature_is_refused(features):
    with pytest.raises(ValueError, match=r"expected floats \(n, d\)"):
        Moments.of(features)


def test_sizes_must_agree(features):
    with pytest.raises(ValueError, match="length 7 and 4"):
        _ = Moments.of(features) + Moments.of(features[:, :4])
    with pytest.raises(ValueError, match=r"shift of shape \(4,\), expected \(7,\)"):
        Moments.of(features, shift=np.zeros(4))
    with pytest.raises(ValueError, match="somewhere: got features of length 7 and 4"):
        check_pair(features, features[:, :4], "somewhere")
    with pytest.raises(ValueError, match="got 90 rows of features, but at least 91"):
        check_pair(features, features, "somewhere", rows=91)
