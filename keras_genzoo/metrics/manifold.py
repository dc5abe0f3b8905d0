"""Metrics of manifolds: precision, recall, density, coverage, and copies of training images."""

import numpy as np

from keras_genzoo.bounds import integer_in
from keras_genzoo.metrics.moments import check_features, check_pair
from keras_genzoo.metrics.neighbors import Points, blocks, inside, nearest, own_neighbors


class Manifold:
    """Features, each with a ball that reaches to its k-th nearest neighbor.

    The functions below take a manifold wherever they take features, so that its costly radii are computed once.

    Args:
        features: float array of shape (n, d).
        k: integer, the largest k that will be needed, less than n.

    Raises:
        ValueError: NaN or infinity, k or fewer rows, or rows that are all equal, whose balls would be points.

    Example:
        >>> real, generated = Manifold(real_features), Manifold(generated_features)
        >>> precision, recall = precision_recall(real, generated)
        >>> density, coverage = density_coverage(real, generated)
    """

    def __init__(self, features: np.ndarray, k: int = 5):
        k = integer_in(k, 1, None, "Manifold: k")
        features = self.features = check_features(features, f"Manifold with k={k}", rows=k + 1)
        if (features == features[0]).all():
            raise ValueError(
                f"Manifold: all {len(features)} rows of features are equal, so they span no manifold: see their images."
            )
        self._squares = own_neighbors(features, k)

    def squared_radii(self, k: int) -> np.ndarray:
        """Squared distance of each row to its k-th nearest other row.

        Raises:
            ValueError: k is larger than that of the constructor.
        """
        if integer_in(k, 1, None, "Manifold: k") > self._squares.shape[1]:
            raise ValueError(f"Manifold: got k={k}, expected 1 to {self._squares.shape[1]}: build it with a larger k.")
        return self._squares[:, k - 1]


def precision_recall(real: np.ndarray | Manifold, generated: np.ndarray | Manifold, k: int = 3) -> tuple[float, float]:
    """Precision, the fraction of generated images among the real ones, and recall, that of real among the generated.

    Use it to distinguish images of low quality (low precision) from kinds of images that are missing (low recall). Both
    depend on the numbers of images: compare equal ones only.

    Reference:
        Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative models", equations 1
        and 2, arXiv:1904.06991. An image is among others if it lies in the ball of any of them, border included.

    Args:
        real: float array of shape (n, d), or a `Manifold`.
        generated: float array of shape (m, d), or a `Manifold`.
        k: integer, the neighbor to which balls reach, less than n and m.

    Returns:
        (precision, recall), each in [0, 1].

    Raises:
        ValueError: NaN or infinity, k or fewer rows, rows that are all equal, or vectors of two lengths.

    Example:
        >>> precision, recall = precision_recall(extractor(images), extractor(model.generate(10_000)))
    """
    _check_lengths(real, generated, "precision_recall")
    real, generated = _manifold(real, k), _manifold(generated, k)
    real_squares, generated_squares = real.squared_radii(k), generated.squared_radii(k)
    precise, recalled = np.zeros(len(generated.features), bool), np.zeros(len(real.features), bool)
    some, others = _points(real.features, generated.features)
    for rows, columns, low in blocks(some, others):
        precise[columns] |= inside(others, columns, some, rows, low.T, real_squares).any(axis=1)
        recalled[rows] |= inside(some, rows, others, columns, low, generated_squares).any(axis=1)
    return float(precise.mean()), float(recalled.mean())


def density_coverage(real: np.ndarray | Manifold, generated: np.ndarray | Manifold, k: int = 5) -> tuple[float, float]:
    """Density, the number of real balls around a generated image, and coverage, the fraction of real balls with any.

    Use coverage to detect mode collapse, and density for a precision that outliers among the real images do not raise.

    Reference:
        Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models", equations 5 and 6,
        arXiv:2002.09797. They take 10,000 images on each side. As in the authors' code the border of a ball is not
        inside it, unlike in precision and recall: so a set against itself has density 1.

    Args:
        real: float array of shape (n, d), or a `Manifold`.
        generated: float array of shape (m, d), or a `Manifold`.
        k: integer, the neighbor to which balls reach, less than n.

    Returns:
        (density, coverage): the number of balls divided by k, about 1 for the same distribution and possibly more; and
        a fraction in [0, 1].

    Raises:
        ValueError: NaN or infinity, k or fewer real rows, real rows that are all equal, or vectors of two lengths.

    Example:
        >>> density, coverage = density_coverage(extractor(images), extractor(model.generate(10_000)))
    """
    _check_lengths(real, generated, "density_coverage")
    real = _manifold(real, k)
    squares = real.squared_radii(k)
    held, covered = 0, np.zeros(len(real.features), bool)
    some, others = _points(real.features, _features(generated))
    for rows, columns, low in blocks(some, others):
        holds = inside(others, columns, some, rows, low.T, squares, border=False)
        held += int(np.count_nonzero(holds))
        covered[rows] |= holds.any(axis=0)
    return held / (k * len(_features(generated))), float(covered.mean())


def authenticity(train: np.ndarray, generated: np.ndarray) -> float:
    """AuthPct, the percentage of generated images that are no copies of training images.

    Use it to detect memorization, which Fréchet distance, precision and recall reward. A generated image is authentic
    if it is farther from its nearest training image than this is from its own nearest. Beside images that are twins in
    the training set, exact copies alone are found.

    Reference:
        Alaa et al. 2022, "How faithful is your synthetic data?", section 4.2, arXiv:2102.08921.

    Args:
        train: float array of shape (n, d), n at least 2, of all images the model was trained on.
        generated: float array of shape (m, d).

    Returns:
        The percentage; copies alone give 0, and as many images of the training distribution itself about 50.

    Raises:
        ValueError: NaN or infinity, too few rows, or vectors of two lengths.

    Example:
        >>> authenticity(extractor(training_images), extractor(model.generate(10_000)))
    """
    generated, train = check_pair(generated, train, "authenticity")
    check_features(train, "authenticity", rows=2)
    indices, distances = nearest(generated, train)
    copied, positions = np.unique(indices, return_inverse=True)
    _, spacings = nearest(train[copied], train, own=copied)
    return float(100.0 * np.mean(distances > spacings[positions]))


def _features(given: np.ndarray | Manifold) -> np.ndarray:
    return given.features if isinstance(given, Manifold) else np.asarray(given)


def _manifold(given: np.ndarray | Manifold, k: int) -> Manifold:
    return given if isinstance(given, Manifold) else Manifold(given, k)


def _check_lengths(real: np.ndarray | Manifold, generated: np.ndarray | Manifold, where: str) -> None:
    check_pair(_features(real), _features(generated), where)


def _points(first: np.ndarray, second: np.ndarray) -> tuple[Points, Points]:
    """Both about one center, in the middle of them."""
    center = (first.mean(axis=0, dtype="float64") + second.mean(axis=0, dtype="float64")) / 2
    return Points(first, center), Points(second, center)
