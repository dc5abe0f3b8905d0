"""Nearest neighbors among many features, exactly, in blocks of a distance matrix that is never in memory as a whole.

Matrix products in float32 give each squared distance up to a known error. Where that is not enough, as for deciding
whether two images are the same, the few distances concerned are computed again in float64 from the features themselves.
So results are those of float64 (0 for identical rows, and equal for equal distances) at the speed of float32.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from keras_genzoo.bounds import integer_in
from keras_genzoo.metrics.moments import ROWS, check_features, check_pair

_SIDE = 2000
"""Rows and columns of a block, at most: 16 MB of float32."""
_PAIRS = 128
"""Distances that are taken in float64 at once."""


class Points:
    """Features made ready for blocks of distances.

    Args:
        features: float array of shape (n, d).
        center: float64 array of shape (d,), subtracted from all: digits are lost to a common offset.
    """

    def __init__(self, features: np.ndarray, center: np.ndarray):
        self.features = features
        self._rows = np.empty(features.shape, "float32")
        with np.errstate(over="ignore"):  # which raises an error below
            for start in range(0, len(features), ROWS):
                self._rows[start : start + ROWS] = features[start : start + ROWS] - center
        norms = np.einsum("nd,nd->n", self._rows, self._rows, dtype="float64")
        if not norms.max() < 1e37:
            raise ValueError("features are too large for squared distances in float32: scale both sets down.")
        self._norms = norms.astype("float32")
        # Bounds each way of rounding: of the rows, of their products of d terms, and of the sums with the norms.
        self._error = np.float32((features.shape[1] + 16) * np.finfo("float32").eps / 2)

    def parts(self) -> list[slice]:
        """The rows, in parts of nearly equal length."""
        bounds = np.linspace(0, len(self.features), -(-len(self.features) // _SIDE) + 1).astype(int)
        return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]

    def at_least(self, rows: slice, other: "Points", columns: slice) -> np.ndarray:
        """Squared distances of rows to the other's, or a little less, as float32 of shape (rows, columns)."""
        low = (self._rows[rows] * np.float32(-2.0)) @ other._rows[columns].T
        low += (self._norms[rows] * (1 - self._error))[:, None]
        low += other._norms[columns] * (1 - self._error)
        return low

    def width(self, rows: slice, other: "Points", columns: slice) -> float:
        """By how much `at_least` may fall short of the distances, at most."""
        return float(2 * self._error * (self._norms[rows].max() + other._norms[columns].max()))

    def exactly(self, rows: np.ndarray, other: "Points", columns: np.ndarray) -> np.ndarray:
        """Squared distances of single pairs, as float64 of the shape of both index arrays."""
        squares = np.empty(len(rows))
        for start in range(0, len(rows), _PAIRS):
            few = slice(start, start + _PAIRS)
            step = self.features[rows[few]].astype("float64")
            step -= other.features[columns[few]]
            squares[few] = np.einsum("nd,nd->n", step, step)
        return squares


class _Nearest:
    """The k nearest so far: ascending squared distances and indices, of shape (n, k)."""

    def __init__(self, count: int, k: int):
        self.squares = np.full((count, k), np.inf)
        self.indices = np.full((count, k), -1)

    def update(self, points: Points, rows: slice, other: Points, columns: slice, low: np.ndarray) -> None:
        """Adds the nearer points of a block of `Points.at_least`; infinities in it are ignored."""
        k = self.squares.shape[1]
        bound = self.squares[rows, -1].copy()
        if np.isinf(bound).any() and k < low.shape[1]:
            nearest = np.partition(low, k - 1, axis=1)[:, k - 1]
            bound = np.minimum(bound, nearest + points.width(rows, other, columns))
        # Rows that have k copies already need no more, of which a collapsed model makes very many.
        bound[self.squares[rows, -1] == 0.0] = -np.inf
        row, column = _where(low < _up(bound)[:, None])
        if not len(row):
            return
        count = rows.stop - rows.start
        squares = points.exactly(row + rows.start, other, column + columns.start)
        # Old and new of each row in one order, the older first among equals.
        row = np.concatenate([np.repeat(np.arange(count), k), row])
        squares = np.concatenate([self.squares[rows].ravel(), squares])
        indices = np.concatenate([self.indices[rows].ravel(), column + columns.start])
        order = np.lexsort((squares, row))
        firsts = np.searchsorted(row[order], np.arange(count))
        chosen = order[firsts[:, None] + np.arange(k)]
        self.squares[rows], self.indices[rows] = squares[chosen], indices[chosen]


def own_neighbors(features: np.ndarray, k: int) -> np.ndarray:
    """Squared distances of each row to its k nearest other rows.

    Args:
        features: float array of shape (n, d).
        k: integer, at least 1 and less than n.

    Returns:
        float64 array of shape (n, k), ascending.

    Raises:
        ValueError: NaN or infinity, or fewer than k + 1 rows.
    """
    k = integer_in(k, 1, None, "own_neighbors: k")
    features = check_features(features, "own_neighbors", rows=k + 1)
    points = Points(features, features.mean(axis=0, dtype="float64"))
    parts, nearest = points.parts(), _Nearest(len(features), k)
    for rows in parts:
        low = points.at_least(rows, points, rows)
        np.fill_diagonal(low, np.inf)
        nearest.update(points, rows, points, rows, low)
    # Each block serves its rows, and turned over, its columns.
    for index, rows in enumerate(parts):
        for columns in parts[index + 1 :]:
            low = points.at_least(rows, points, columns)
            nearest.update(points, rows, points, columns, low)
            nearest.update(points, columns, points, rows, low.T)
    return nearest.squares


def nearest(queries: np.ndarray, features: np.ndarray, own: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns the nearest of features to each query.

    Use it to show the training images that are nearest to generated ones.

    Args:
        queries: float array of shape (n, d).
        features: float array of shape (m, d).
        own: optional int array of shape (n,), the row of `features` that each query is; it does not count as near.

    Returns:
        (indices, distances): int array of shape (n,), into `features`, the first of several at the same distance;
        float64 array of shape (n,), Euclidean, exactly 0 for copies.

    Raises:
        ValueError: NaN or infinity, no rows to be near, or vectors of two lengths.

    Example:
        >>> indices, distances = nearest(extractor(generated), extractor(training_images))
    """
    queries, features = check_pair(queries, features, "nearest")
    check_features(features, "nearest", rows=1 if own is None else 2)
    center = features.mean(axis=0, dtype="float64")
    query_points, feature_points = Points(queries, center), Points(features, center)
    found = _Nearest(len(queries), 1)
    for rows, columns, low in blocks(query_points, feature_points):
        if own is not None:
            column = own[rows] - columns.start
            here = np.flatnonzero((column >= 0) & (column < low.shape[1]))
            low[here, column[here]] = np.inf
        found.update(query_points, rows, feature_points, columns, low)
    return found.indices[:, 0], np.sqrt(found.squares[:, 0])


def blocks(first: Points, second: Points) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """All blocks of distances of two sets: rows, columns, and the distances that `Points.at_least` returns."""
    for rows in first.parts():
        for columns in second.parts():
            yield rows, columns, first.at_least(rows, second, columns)


def inside(
    points: Points,
    rows: slice,
    centers: Points,
    columns: slice,
    low: np.ndarray,
    squares: np.ndarray,
    border: bool = True,
) -> np.ndarray:
    """Returns which rows lie in which balls.

    Args:
        points: what may lie inside.
        rows: which of them.
        centers: the centers of the balls.
        columns: which of them.
        low: the block of their distances, as of `Points.at_least`.
        squares: float64 array, the squared radius of each ball of `centers`.
        border: bool, whether a ball's border belongs to it. Where images are copies, or lie on a lattice, as images of
            few pixels and grey levels do, many distances equal a radius.

    Returns:
        bool array of shape (rows, columns).
    """
    squares = squares[columns]
    held = low <= _up(squares)
    doubtful = held & (low >= -_up(points.width(rows, centers, columns) - squares))
    row, column = _where(doubtful)
    exact, radii = points.exactly(row + rows.start, centers, column + columns.start), squares[column]
    held[row, column] = exact <= radii if border else exact < radii
    return held


def _up(values: np.ndarray) -> np.ndarray:
    """float32 numbers that are a little greater."""
    return np.nextafter(values.astype("float32"), np.float32(np.inf))


def _where(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of what is true: `np.nonzero` along memory, which is ten times as fast."""
    if not mask.flags.c_contiguous:
        columns, rows = _where(mask.T)
        return rows, columns
    return np.divmod(np.flatnonzero(mask), mask.shape[1])
