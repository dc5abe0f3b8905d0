"""The Inception score of class logits."""

import itertools

import numpy as np

from keras_genzoo.bounds import integer_in


def inception_score(logits: np.ndarray, splits: int = 10) -> tuple[float, float]:
    """Inception score: higher for confident predictions of a classifier, spread over many classes.

    Use it to compare with papers that print it; real images do not enter it, so it does not detect copies of them. The
    splits are of consecutive images, which should be in random order: shuffle images that come class by class.

    Reference:
        Salimans et al. 2016, "Improved techniques for training GANs", section 4, arXiv:1606.03498.

    Args:
        logits: float array of shape (n, classes); papers take 50,000 of the Inception network.
        splits: integer, the number of parts of which the score is taken, at most n.

    Returns:
        (mean, standard deviation) of the parts' scores `exp(E KL(p(y|x) || p(y)))`; each lies between 1 and the number
        of classes.

    Raises:
        ValueError: NaN or infinity, or fewer rows than splits.

    Example:
        >>> _, logits = extractor.with_logits(images)
        >>> mean, deviation = inception_score(logits)
    """
    from scipy import special

    from keras_genzoo.metrics.moments import check_features

    integer_in(splits, 1, None, "inception_score: splits")
    logits = check_features(logits, "inception_score", rows=splits).astype("float64")
    log_p = special.log_softmax(logits, axis=1)
    bounds = np.arange(splits + 1) * len(logits) // splits
    scores = [_score(log_p[start:stop]) for start, stop in itertools.pairwise(bounds)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(log_p: np.ndarray) -> float:
    from scipy import special

    # Sums of exponentials, so that classes of vanishing probability have a finite logarithm.
    log_q = special.logsumexp(log_p, axis=0) - np.log(len(log_p))
    divergences = np.sum(np.exp(log_p) * (log_p - log_q), axis=1)
    return float(np.exp(divergences.mean()))
