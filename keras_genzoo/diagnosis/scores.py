"""What a discriminator's scores of a fixed batch tell: who wins, and whether it knows its training images by heart."""

import numpy as np


def told_apart(higher: np.ndarray, lower: np.ndarray) -> float:
    """The share of pairs of which the first has the higher score (equal scores count half).

    Of real images and samples it is the accuracy of a discriminator that is shown one of each, whatever its loss takes
    for the border between both: 1 if it is never wrong, 0.5 if it guesses, 0 if it is always wrong.

    Reference: it is the area under the ROC curve: Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.

    Args:
        higher: float array of any shape, scores of one kind of images.
        lower: float array of any shape, scores of the other.
    """
    first, second = np.ravel(higher)[:, None], np.ravel(lower)
    return float((first > second).mean() + 0.5 * (first == second).mean())


def overfitting(train: np.ndarray, held_out: np.ndarray, samples: np.ndarray) -> float:
    """Where held-out images lie in a discriminator's mind between training images (0) and samples (1).

    Reference: Karras et al. 2020, arXiv:2006.06676, equation 1, r_v.

    Args:
        train: float array, scores of training images.
        held_out: float array, scores of images that were held out.
        samples: float array, scores of generated images.

    Returns:
        float, 0 if it treats images that it has not seen as those that it has; 0 too, where it cannot tell samples.
    """
    gap = float(np.mean(train) - np.mean(samples))
    return float(np.mean(train) - np.mean(held_out)) / gap if gap > 0 else 0.0
