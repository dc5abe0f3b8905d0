"""Geometric augmentation that tells what it did: a network that is given that can undo it, and nothing leaks."""

from typing import Any

from keras import ops

Tensor = Any

NUMBERS = 6
"""Numbers that say what was done to an image: flips of columns and rows, scales, shifts of rows and columns."""
_DEVIATION = 0.2  # of the scales' logarithms to base 2
_SHIFT = 0.125  # of a side, the deviation of shifts


def moved(images: Tensor, chosen: Tensor, normal: Tensor, probability: float) -> tuple[Tensor, Tensor]:
    """Images that are flipped, scaled, stretched and shifted, each with a probability, and what was done.

    Borders are mirrored, pixels interpolated linearly. At a probability of 0 nothing is done.

    Reference: Karras et al. 2022, arXiv:2206.00364, appendix F.2 and table 6.

    Differs from the paper: no rotation, stretching along the axes alone, and linear interpolation.

    Args:
        images: (n, height, width, channels).
        chosen: uniform numbers in [0, 1), (n, 5): which of the operations there are.
        normal: N(0, 1), (n, 4): scale, stretch, shift of rows and of columns.
        probability: number in [0, 1], of each operation.

    Returns:
        the images, and (n, `NUMBERS`), zeros for an image that is left as it is.
    """
    drawn = ops.cast(chosen < probability, "float32")
    flip_columns, flip_rows = drawn[:, 0], drawn[:, 1]
    scale = _DEVIATION * drawn[:, 2] * normal[:, 0]
    stretch = _DEVIATION * drawn[:, 3] * normal[:, 1]
    down, right = (_SHIFT * drawn[:, 4] * normal[:, part] for part in (2, 3))
    rows = _resampled(images.shape[1], flip_rows, scale + stretch, down)
    columns = _resampled(images.shape[2], flip_columns, scale - stretch, right)
    made = ops.einsum("nij,njkc->nikc", rows, images)
    made = ops.einsum("nlk,nikc->nilc", columns, made)
    done = [flip_columns, flip_rows, scale / _DEVIATION, stretch / _DEVIATION, down / _SHIFT, right / _SHIFT]
    return made, ops.stack(done, axis=-1)


def _resampled(side: int, flip: Tensor, octaves: Tensor, shift: Tensor) -> Tensor:
    """(n, side, side) matrices: the weights of a row's pixels in each pixel of the row that is flipped and scaled."""
    place = (ops.cast(ops.arange(side), "float32") + 0.5) / side - 0.5
    source = (place[None] - shift[:, None]) * ops.power(2.0, -octaves)[:, None] * (1.0 - 2.0 * flip)[:, None]
    source = ops.mod(source + 0.5, 2.0) * side  # in pixels, where the row and its mirror image repeat
    source = ops.clip(ops.where(source > side, 2.0 * side - source, source) - 0.5, 0.0, side - 1.0)
    return ops.maximum(1.0 - ops.abs(source[:, :, None] - ops.cast(ops.arange(side), "float32")[None, None]), 0.0)
