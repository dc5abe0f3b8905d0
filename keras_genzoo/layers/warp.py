"""Affine maps of images, as products with matrices."""

from typing import Any

from keras import ops

Tensor = Any


def warped(images: Tensor, inverse: Tensor) -> Tensor:
    """Square images that are moved, turned, scaled and sheared; beyond their borders they are mirrored, once at least.

    Two passes, along rows and then along columns, each a product with a matrix of weights for each line: a product's
    gradient is a product, as often as one likes, and XLA compiles it. Pixels are interpolated linearly, and averaged
    where the image becomes smaller. An image is transposed first where it is turned by more than 45 degrees, so that
    the first pass loses little.

    Reference: Catmull & Smith 1980, doi:10.1145/965105.807505.

    Args:
        images: (n, size, size, channels).
        inverse: (n, 3, 3), from pixels (column, row, 1) of the result to those of the image, both counted from the
            middle.

    Returns:
        tensor of the shape of `images`; memory for 4 size^3 numbers an image is needed, 256 MB at 256 pixels.
    """
    size = images.shape[1]
    swap = ops.abs(inverse[:, 0, 1]) > ops.abs(inverse[:, 1, 1])
    images = ops.where(swap[:, None, None, None], ops.einsum("nijc->njic", images), images)
    first, second = inverse[:, 0], inverse[:, 1]
    first, second = (ops.where(swap[:, None], *pair) for pair in ((second, first), (first, second)))
    # column = a u + b v + c and row = d u + e v + f: in the first pass u and the row are known, so v is eliminated.
    a, b, c = first[:, 0], first[:, 1], first[:, 2]
    d, e, f = second[:, 0], second[:, 1], second[:, 2]
    margin = size // 2
    rows = ops.concatenate([images[:, margin - 1 :: -1], images, images[:, : size - margin - 1 : -1]], axis=1)
    u, row = _centered(size), _centered(size + 2 * margin)
    columns = _lines((a - b * d / e)[:, None, None], u) + _lines((b / e)[:, None, None], row[:, None])
    columns = columns + (c - b * f / e)[:, None, None]  # (n, rows, u)
    made = ops.einsum("nruk,nrkc->nruc", _weights(columns, (a - b * d / e)[:, None, None, None], size), rows)
    places = _lines(d[:, None, None], u) + _lines(e[:, None, None], u[:, None]) + f[:, None, None]  # (n, v, u)
    weights = _weights(places, e[:, None, None, None], size + 2 * margin)
    return ops.einsum("nvur,nruc->nvuc", weights, made)


def _centered(size: int) -> Tensor:
    """Places of pixels, from the middle."""
    return ops.cast(ops.arange(size), "float32") - (size - 1) / 2


def _lines(slope: Tensor, places: Tensor) -> Tensor:
    return slope * places


def _weights(places: Tensor, slope: Tensor, size: int) -> Tensor:
    """The weights (..., size) of a line's pixels at places, counted from its middle; mirrored beyond its ends.

    Args:
        places: of what is interpolated.
        slope: how far two neighbors are apart: beyond 1 pixels are averaged over as many.
        size: integer, pixels of the line.
    """
    from_end = ops.mod(places + size / 2, 2.0 * size)
    inside = ops.where(from_end > size, 2.0 * size - from_end, from_end) - 0.5
    width = ops.maximum(ops.abs(slope), 1.0)
    distance = ops.abs(inside[..., None] - ops.cast(ops.arange(size), "float32"))
    weights = ops.maximum(1.0 - distance / width, 0.0)
    return weights / ops.sum(weights, axis=-1, keepdims=True)
