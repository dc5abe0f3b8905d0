"""The effect of a label on the images of a conditional model, beside what labels say of real images."""

import numpy as np


def label_effect(samples: np.ndarray) -> float | None:
    """Returns the fraction of the variance of samples that is due to their label, at the same latents.

    A model that makes the classes of its training images changes an image by its label at least as much as the means of
    the classes differ, however its latents are used: so the fraction is at least `label_share` of the training images.
    It is 0 of a generator that ignores the label.

    Args:
        samples: float array of shape (latents, labels, d), at least two of each: thumbnails in a row; every latent
            vector with every label.

    Returns:
        float in [0, 1]: the variance over labels over the sum of that and the variance over latents; None if all images
        are the same.
    """
    samples = samples.astype("float64")
    of_labels, of_latents = (samples.var(axis=axis, ddof=1).sum(axis=-1).mean() for axis in (1, 0))
    return float(of_labels / (of_labels + of_latents)) if of_labels + of_latents > 0 else None


def label_share(images: np.ndarray, labels: np.ndarray) -> float | None:
    """Returns the fraction of the variance of images that lies between the means of their classes.

    Reference: the unbiased estimate (omega squared): Hays 1963, Statistics for Psychologists, section 10.18.

    Args:
        images: float array of shape (n, d), thumbnails in a row.
        labels: integer array of shape (n,).

    Returns:
        float, at most 1, about 0 if labels have nothing to do with the images; None of a single class, of no more
        images than classes, or if images are all the same.
    """
    images = images.astype("float64")
    classes, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) < 2 or len(images) <= len(classes):
        return None
    means = np.zeros((len(classes), images.shape[1]))
    np.add.at(means, numbers, images)
    means /= counts[:, None]
    within = np.sum((images - means[numbers]) ** 2)
    between = np.sum((means[numbers] - images.mean(axis=0)) ** 2)
    error = within / (len(images) - len(classes))
    whole = between + within + error
    return float((between - (len(classes) - 1) * error) / whole) if whole > 0 else None
