"""Labels that a user chooses, checked."""

from typing import Any

import numpy as np


def as_labels(labels: Any, num: int, num_classes: int, where: str, least: int = 0) -> np.ndarray:
    """Labels as int32 of shape (num,).

    Args:
        labels: integer for all, or integers of shape (num,).
        num: integer, how many are expected.
        num_classes: integer; labels lie in [0, num_classes).
        where: string, how error messages call the caller.
        least: integer, 0; or -1 where an image may have no label.

    Raises:
        ValueError: they are no such labels.
    """
    given = np.asarray(labels)
    if not np.issubdtype(given.dtype, np.integer) or given.shape not in ((), (num,)):
        raise ValueError(
            f"{where}: labels are {given.dtype} of shape {given.shape}, but an integer, or integers of shape ({num},), "
            "are expected."
        )
    if given.size and not least <= given.min() <= given.max() < num_classes:
        unlabeled = ", or -1 for an image without a label" if least < 0 else ""
        raise ValueError(
            f"{where}: labels lie in [{given.min()}, {given.max()}], but this model has {num_classes}: 0 to "
            f"{num_classes - 1}{unlabeled}."
        )
    return np.broadcast_to(given, (num,)).astype("int32")
