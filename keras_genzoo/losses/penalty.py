"""Penalties on a critic's gradient by its input."""

from typing import Any

from keras import ops

Tensor = Any


def gradient_penalty(gradient: Tensor) -> Tensor:
    """`E[(||grad_x f(x)||_2 - 1)^2]`, without its weight.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, equation 3.

    Args:
        gradient: of the critic by its input, of shape (n, height, width, channels).

    Returns:
        scalar.
    """
    gradient = ops.cast(gradient, "float32")
    square = ops.sum(ops.square(gradient), axis=tuple(range(1, len(gradient.shape))))
    # The root has an infinite slope at zero, where a critic that is flat somewhere would turn all weights into NaN.
    return ops.mean(ops.square(ops.sqrt(square + 1e-12) - 1.0))
