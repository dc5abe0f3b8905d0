"""Few labels: which images of a dataset keep theirs, and how often these come in a training."""

from collections.abc import Sequence

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.source import UNLABELED, DataError, Source, setting

_PASS = 2**32 - 1  # of the order that labels are chosen by: one in which no training visits the images


def few_labels(source: Source, count: int, seed: int) -> np.ndarray:
    """Labels of a source of which all but a few are hidden: as many of each class, chosen by a seed.

    Where `count` does not divide by the number of classes, the first classes have one more than the others. More labels
    contain fewer: of one seed, the images of `count=100` are among those of `count=1000`.

    Reference: Kingma et al. 2014, arXiv:1406.5298, section 4: labels "ensuring that all classes are balanced".

    Args:
        source: a source with labels.
        count: integer, how many images keep theirs.
        seed: integer in [0, 2**32).

    Returns:
        int32 array of shape (n,), -1 for what is hidden.

    Raises:
        DataError: there are no labels, fewer than classes are to be kept, or a class has too few images.
    """
    own = source.labels
    if own is None:
        raise DataError(
            f"{source.name} has no labels of which {count:,} could be kept: put the images of each class into a "
            "sub-folder of its own, or take a dataset with labels."
        )
    classes = len(source.class_names) if source.class_names is not None else int(own.max(initial=0)) + 1
    if count < classes:
        raise DataError(
            f"{source.name} has {classes} classes, but labeled={count}: give {setting('labeled', classes)} or more."
        )
    kept = np.full(len(own), UNLABELED, "int32")
    order = counter_rng.permutation(seed, _PASS, len(own))
    for label in range(classes):
        positions = order[own[order] == label]
        wanted = count // classes + (label < count % classes)
        if len(positions) < wanted:
            raise DataError(
                f"{source.name}: labeled={count} takes {wanted} images of each class, but {_name(source, label)} has "
                f"{len(positions)}: give fewer."
            )
        kept[positions[:wanted]] = label
    return kept


def check_every_class(labels: np.ndarray, class_names: Sequence[str], name: str) -> None:
    """Refuses labels among which a class is missing.

    Raises:
        DataError: a class has no label.
    """
    missing = [text for label, text in enumerate(class_names) if not (labels == label).any()]
    if missing:
        raise DataError(f"{name}: no image has the label {', '.join(missing)}: give one of each class at least.")


def with_share(labels: np.ndarray | None, share: float, weights: np.ndarray | None, name: str) -> np.ndarray:
    """Probabilities (n,) of images, by which those with a label are a share of what is drawn.

    Args:
        labels: integers of shape (n,), -1 for none.
        share: float above 0 and below 1.
        weights: optional probabilities (n,) of the images; within either kind they stay in proportion.
        name: string, the name of the source in messages.

    Raises:
        DataError: the share is none, no image has a label, or all have one.
    """
    if not 0 < share < 1:
        raise DataError(f"{name}: labeled_share={share} must lie above 0 and below 1.")
    labeled = labels >= 0 if labels is not None else np.zeros(0, bool)
    weights = np.ones(len(labeled)) if weights is None else weights
    sums = weights[labeled].sum(), weights[~labeled].sum()
    if not min(sums) > 0:
        raise DataError(
            f"{name}: labeled_share={share:g} is for data of which some images have a label and others have none, but "
            f"{labeled.sum():,} of {len(labeled):,} have one: leave it out, or give labeled=N to hide labels."
        )
    return np.where(labeled, share * weights / sums[0], (1.0 - share) * weights / sums[1])


def _name(source: Source, label: int) -> str:
    return f"class '{source.class_names[label]}'" if source.class_names is not None else f"class {label}"
