import numpy as np
import pytest
from scipy.spatial.distance import cdist

from keras_genzoo.metrics import neighbors
from keras_genzoo.metrics.neighbors import Points, blocks, inside, nearest, own_neighbors


def squares(x, y):
    return cdist(x.astype("float64"), y.astype("float64"), "sqeuclidean")


def own_squares(x):
    table = squares(x, x)
    np.fill_diagonal(table, np.inf)
    return np.sort(table, axis=1)


def draw(kind, count, seed):
    """Sets that are hard for float32: each says what of it is."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 9))
    if kind == "integers":  # many exact ties
        x = np.round(x)
    elif kind == "offset":  # products of 1e8 each
        x = x + 1e4
    elif kind == "copies":  # most rows have twins
        x = x[rng.integers(0, count // 3, count)]
    elif kind == "clusters":  # distances below the rounding of the norms
        x = 50 * x[rng.integers(0, 4, count)] + 1e-4 * x
    elif kind == "point":  # far from the others' center
        x = 1e3 + 1e-3 * x
    return x.astype("float32")


KINDS = ["plain", "integers", "offset", "copies", "clusters", "point"]


@pytest.fixture(params=[2000, 17], ids=["one block", "many blocks"], autouse=True)
def side(request, monkeypatch):
    monkeypatch.setattr(neighbors, "_SIDE", request.param)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 3])
def test_own_neighbors(kind, k):
    x = draw(kind, 80, seed=0)
    np.testing.assert_allclose(own_neighbors(x, k), own_squares(x)[:, :k], rtol=1e-12)


def test_all_others_can_be_asked_for():
    x = draw("plain", 40, seed=1)
    np.testing.assert_allclose(own_neighbors(x, 39), own_squares(x)[:, :39], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_nearest(kind):
    x, y = draw(kind, 70, seed=2), draw("plain", 60, seed=3)
    y[::2] = x[:30]
    indices, distances = nearest(y, x)
    table = squares(y, x)
    np.testing.assert_allclose(distances**2, table.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(table[np.arange(60), indices], table.min(axis=1), rtol=1e-12)
    assert (distances[::2] == 0).all()
    if kind in ("integers", "copies"):
        np.testing.assert_array_equal(indices[::2], table.argmin(axis=1)[::2])


def test_a_query_is_not_its_own_neighbor():
    x = draw("integers", 90, seed=4)
    which = np.array([80, 3, 41, 3])
    _, distances = nearest(x[which], x, own=which)
    np.testing.assert_allclose(distances**2, own_squares(x)[which, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_inside_counts_the_border_or_not(kind):
    """Each ball's border goes through one of the points, so rounding would throw some out."""
    x, y = draw(kind, 50, seed=5), draw(kind, 60, seed=6)
    some, others = Points(x, x.mean(axis=0)), Points(y, x.mean(axis=0))
    on = np.random.default_rng(7).integers(0, 50, 60)
    radii = others.exactly(np.arange(60), some, on)
    answer, turned, without = np.zeros((50, 60), bool), np.zeros((60, 50), bool), np.zeros((50, 60), bool)
    for rows, columns, low in blocks(some, others):
        answer[rows, columns] = inside(some, rows, others, columns, low, radii)
        without[rows, columns] = inside(some, rows, others, columns, low, radii, border=False)
        turned[columns, rows] = inside(others, columns, some, rows, low.T, np.full(50, np.inf))
    exact = np.stack([some.exactly(np.full(60, i), others, np.arange(60)) for i in range(50)])
    np.testing.assert_array_equal(answer, exact <= radii)
    np.testing.assert_array_equal(without, exact < radii)
    assert answer[on, np.arange(60)].all() and not without[on, np.arange(60)].any()
    assert turned.all()


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_hold(kind):
    x, y = draw(kind, 64, seed=8), draw(kind, 64, seed=9)
    some, others = Points(x, x.mean(axis=0)), Points(y, x.mean(axis=0))
    for rows, columns, low in blocks(some, others):
        exact = squares(x[rows], y[columns])
        assert (low <= exact).all()
        assert (low + some.width(rows, others, columns) * (1 + 1e-6) >= exact).all()


def test_few_distances_are_taken_twice(monkeypatch):
    """That of float64 is for doubts: without exact copies some pairs for each row, not all."""
    taken = []
    exactly = Points.exactly
    monkeypatch.setattr(
        Points, "exactly", lambda self, rows, *rest: (taken.append(len(rows)), exactly(self, rows, *rest))[1]
    )
    x = np.random.default_rng(10).normal(size=(200, 64)).astype("float32")
    own_neighbors(x, 3)
    assert sum(taken) < 200 * 40
    taken.clear()
    own_neighbors(np.repeat(x[:2], 100, axis=0), 3)  # a collapsed model
    assert sum(taken) <= 200 * 101


def test_errors():
    x = draw("plain", 10, seed=11)
    with pytest.raises(ValueError, match="got 10 rows of features, but at least 11"):
        own_neighbors(x, 10)
    with pytest.raises(ValueError, match="k=0"):
        own_neighbors(x, 0)
    with pytest.raises(ValueError, match="at least 2"):
        nearest(x[:1], x[:1], own=np.array([0]))
    with pytest.raises(ValueError, match="at least 1 are needed"):
        nearest(x, x[:0])
    with pytest.raises(ValueError, match="too large"):
        own_neighbors(1e25 * x, 1)
