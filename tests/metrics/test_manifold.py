import numpy as np
import pytest
from scipy.spatial.distance import cdist

from keras_genzoo.metrics import neighbors
from keras_genzoo.metrics.manifold import Manifold, authenticity, density_coverage, precision_recall


def line(*points):
    return np.array(points, "float64")[:, None]


def cloud(count, seed, shift=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    return (scale * rng.normal(size=(count, 6)) + shift).astype("float32")


@pytest.fixture(params=[2000, 23], ids=["one block", "many blocks"], autouse=True)
def side(request, monkeypatch):
    monkeypatch.setattr(neighbors, "_SIDE", request.param)


def test_precision_is_of_the_generated_and_recall_of_the_real():
    real, generated = line(0, 1, 10, 11), line(0.5, 0.6, 50, 60)
    # k = 1: radii 1, 1, 1, 1 and 0.1, 0.1, 10, 10.
    assert precision_recall(real, generated, k=1) == (0.5, 0.0)
    assert precision_recall(generated, real, k=1) == (0.0, 0.5)


def test_the_border_belongs_to_the_ball():
    real, generated = line(0, 1, 2), line(3, 4, -7)
    # k = 1: the ball of 2 reaches to 3, that of 3 to 2; that of -7 reaches 10 = to 3.
    assert precision_recall(real, generated, k=1) == (1 / 3, 1.0)


def test_density_and_coverage_by_hand():
    real, generated = line(0, 1, 2, 10), line(0.5, 1.5, 20)
    # k = 2: radii 2, 1, 2, 9. 0.5 lies in the balls of 0, 1, 2; 1.5 in those and that of 10; 20 in none.
    assert density_coverage(real, generated, k=2) == ((3 + 4) / (2 * 3), 1.0)
    # 19 lies on the border of the ball of 10, which does not belong to it.
    assert density_coverage(real, line(20, 19.5, 19), k=2) == (0.0, 0.0)
    assert density_coverage(real, line(20, 19.5, 18.9), k=2) == (1 / (2 * 3), 0.25)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_definitions(k):
    real, generated = cloud(90, seed=0), cloud(70, seed=1, shift=0.5, scale=0.8)
    tables = [cdist(x.astype("float64"), x.astype("float64")) for x in (real, generated)]
    radii = [np.sort(table, axis=1)[:, k] for table in tables]
    cross = cdist(real.astype("float64"), generated.astype("float64"))
    held, found = cross <= radii[0][:, None], cross <= radii[1]
    assert precision_recall(real, generated, k) == (held.any(axis=0).mean(), found.any(axis=1).mean())
    np.testing.assert_allclose(density_coverage(real, generated, k), (held.sum() / k / 70, held.any(axis=1).mean()))


def lattice(count, seed):
    return np.random.default_rng(seed).integers(0, 3, (count, 4)).astype("float32")


def with_copies(count, seed):
    """Half of the rows are copies of others of the set, and of those of another seed."""
    x = cloud(count, 14)
    x[::2] = x[np.random.default_rng(seed).integers(0, count, len(x[::2]))]
    return x


@pytest.mark.parametrize("draw", [lattice, with_copies], ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("k", [1, 5])
def test_where_distances_equal_radii(draw, k):
    """As their authors' code counts: the border belongs to the balls of precision and recall, to no others."""
    real, generated = draw(80, seed=15), draw(60, seed=16)
    radii, others = (
        np.sort(((x[:, None].astype("float64") - x) ** 2).sum(axis=-1), axis=1)[:, k] for x in (real, generated)
    )
    cross = ((real[:, None].astype("float64") - generated) ** 2).sum(axis=-1)
    assert (cross == radii[:, None]).any()
    closed, open_balls, found = cross <= radii[:, None], cross < radii[:, None], cross <= others
    assert precision_recall(real, generated, k) == (closed.any(axis=0).mean(), found.any(axis=1).mean())
    expected = open_balls.sum() / k / 60, open_balls.any(axis=1).mean()
    assert density_coverage(real, generated, k) == pytest.approx(expected)
    assert expected[0] < closed.sum() / k / 60


@pytest.mark.parametrize("k", [1, 5])
def test_a_set_against_itself_has_density_one(k):
    x = cloud(90, seed=17)
    assert density_coverage(x, x, k) == (1.0, 1.0)


def test_a_set_against_itself_is_whole():
    x = cloud(50, seed=2)
    x[10:40] = x[:10].repeat(3, axis=0)  # balls of radius 0
    assert precision_recall(x, x) == (1.0, 1.0)
    assert density_coverage(x, x)[1] == 1.0


def test_coverage_sees_collapse():
    real, collapsed = cloud(300, seed=3), cloud(300, seed=4, scale=0.05)
    (density, coverage), (_, healthy) = density_coverage(real, collapsed), density_coverage(real, cloud(300, seed=5))
    assert density > 1 and coverage < 0.3 < 0.9 < healthy
    precision, recall = precision_recall(real, collapsed)
    assert precision == 1.0 and recall < 0.1


def test_manifolds_are_shared(monkeypatch):
    real, generated = cloud(60, seed=6), cloud(60, seed=7, shift=0.3)
    expected = precision_recall(real, generated), density_coverage(real, generated)
    shared = Manifold(real), Manifold(generated)
    monkeypatch.setattr("keras_genzoo.metrics.manifold.own_neighbors", None)
    assert (precision_recall(*shared), density_coverage(*shared)) == expected
    assert density_coverage(shared[0], generated) == expected[1]


def test_copies_are_not_authentic():
    train = cloud(100, seed=8)
    fresh = cloud(40, seed=9, shift=30)
    assert authenticity(train, train[::5]) == 0.0
    assert authenticity(train, fresh) == 100.0
    np.testing.assert_allclose(authenticity(train, np.concatenate([train[:10], fresh[:30]])), 75.0)


def test_authenticity_by_hand():
    train = line(0, 1, 5)
    # Spacings 1, 1, 4; distances 1 (not larger), 1.5, 2, 4.5.
    assert authenticity(train, line(-1, -1.5, 7, 9.5)) == 50.0
    # Twins have spacing 0: a copy of them is no more authentic than of others, what is near them is.
    assert authenticity(line(0, 0, 5), line(0, 0.1)) == 50.0


def test_authenticity_of_the_training_distribution_is_near_one_half():
    assert 35 < authenticity(cloud(600, seed=10), cloud(600, seed=11)) < 65


def test_too_few_rows():
    x = cloud(20, seed=12)
    with pytest.raises(ValueError, match="k=3: got 3 rows of features, but at least 4 are needed"):
        precision_recall(x, x[:3])
    with pytest.raises(ValueError, match="k=5: got 5 rows of features, but at least 6 are needed"):
        density_coverage(x[:5], x)
    with pytest.raises(ValueError, match="got 1 rows of features, but at least 2"):
        authenticity(x[:1], x)
    with pytest.raises(ValueError, match="got 0 rows"):
        density_coverage(x, x[:0])


def test_other_errors():
    x = cloud(20, seed=13)
    with pytest.raises(ValueError, match="all 20 rows of features are equal"):
        precision_recall(x, np.ones_like(x))
    with pytest.raises(ValueError, match="length 6 and 4"):
        precision_recall(x, x[:, :4])
    with pytest.raises(ValueError, match="NaN"):
        density_coverage(x, np.full_like(x, np.nan))
    with pytest.raises(ValueError, match="k=4, expected 1 to 3: build it with a larger k"):
        precision_recall(Manifold(x, k=3), x, k=4)
    for k in (0, 1.5, "3", None, True):
        with pytest.raises(ValueError, match=f"Manifold: k={k!r}, but an integer of at least 1 is expected"):
            precision_recall(x, x, k=k)


def test_lists_are_taken():
    x, y = cloud(20, seed=18), cloud(20, seed=19)
    assert precision_recall(x.tolist(), y.tolist()) == precision_recall(x.astype("float64"), y.astype("float64"))
    assert density_coverage(x.tolist(), y.tolist()) == density_coverage(x.astype("float64"), y.astype("float64"))
