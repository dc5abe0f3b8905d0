"""Measures of a discriminator's scores: how well it separates two kinds of images, and whether it overfits."""

import numpy as np


def pairwise_accuracy(higher: np.ndarray, lower: np.ndarray) -> float:
    """Returns the fraction of pairs of which the first has the higher score (equal scores count half).

    Of scores of real images and samples it is the accuracy with which a discriminator finds the real image of a pair,
    whatever threshold its loss implies: 1 if it is never wrong, 0.5 if it guesses, 0 if it is always wrong.

    Reference: this is the area under the ROC curve: Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.

    Args:
        higher: float array of any shape, scores of one kind of images.
        lower: float array of any shape, scores of the other.
    """
    # By ranks: maps of patches have a million scores, whose pairs would not fit into memory.
    first, second = np.sort(higher, axis=None), np.sort(lower, axis=None)
    below, at_most = (int(np.searchsorted(second, first, side).sum()) for side in ("left", "right"))
    return (below + at_most) / (2 * first.size * second.size)


def overfitting(train: np.ndarray, held_out: np.ndarray, samples: np.ndarray) -> float:
    """Returns where a discriminator scores held-out images from training images (0) to samples (1).

    Reference: Karras et al. 2020, arXiv:2006.06676, equation 1, r_v.

    Args:
        train: float array, scores of training images.
        held_out: float array, scores of images that were held out.
        samples: float array, scores of generated images.

    Returns:
        float, 0 if it scores held-out images as it does training images; 0 too, where it does not score these above
        samples.
    """
    gap = float(np.mean(train) - np.mean(samples))
    return float(np.mean(train) - np.mean(held_out)) / gap if gap > 0 else 0.0
