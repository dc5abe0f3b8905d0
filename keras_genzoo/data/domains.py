"""Domains: the images of a second domain beside those of a source, whether they are paired with them or not."""

import numpy as np

from keras_genzoo.data.source import Source, Targets
from keras_genzoo.images import from_pixels


def has_pairs(source: Source) -> bool:
    """Returns True if each image of a source has a partner, its `target`."""
    return bool(len(source)) and "target" in source[np.arange(1)]


def second_domain(source: Source) -> Source | None:
    """Returns the images of domain B beside those of A: a source of their own, or the targets; None without any."""
    if source.other is not None:
        return source.other
    return Targets(source) if has_pairs(source) else None


def some_of_both(source: Source, most: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns images of both domains, evenly spread over them, and as many of each: partners, where there are pairs.

    Args:
        source: the images of domain A.
        most: integer, how many of each domain at most.

    Returns:
        arrays of shape (n, height, width, channels), as the sources have them; the second is None without a domain B.
    """
    other = second_domain(source)
    count = min(most, len(source), len(source if other is None else other))
    first, second = (
        None if one is None else one[np.linspace(0, max(len(one) - 1, 0), count).astype(int)]["image"]
        for one in (source, other)
    )
    assert first is not None
    return first, second


def floats(images: np.ndarray) -> np.ndarray:
    """Returns images of a source as float32 in [-1, 1]."""
    return from_pixels(images) if images.dtype == np.uint8 else images.astype("float32")
