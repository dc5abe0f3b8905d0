"""extremes: a picture of the images with the highest values, and of those with the lowest."""

import numpy as np

from keras_genzoo.data import Source
from keras_genzoo.evaluation import pixels_of
from keras_genzoo.images import grid

_GAP = 12  # pixels of white between the two


def extremes(source: Source, values: np.ndarray, each: int = 32, columns: int = 8) -> np.ndarray:
    """Returns a picture of the images with the highest values, the highest first, and those with the lowest below.

    Args:
        source: the images.
        values: float array of shape (n,), one for each.
        each: integer, images above and below; fewer if there are not twice as many in all.
        columns: integer, images in a row.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.

    Raises:
        ValueError: not one value for each image.

    Example:
        >>> write_png("outliers.png", extremes(held_out, scores))
    """
    if len(values) != len(source):
        raise ValueError(f"extremes: {len(values)} values of {len(source)} images: expected one for each.")
    order = np.argsort(-np.asarray(values), kind="stable")
    each = max(1, min(each, len(order) // 2))
    above, below = (grid(pixels_of(source, chosen), columns) for chosen in (order[:each], order[::-1][:each]))
    return np.concatenate([above, np.full((_GAP, *above.shape[1:]), 255, "uint8"), below])
