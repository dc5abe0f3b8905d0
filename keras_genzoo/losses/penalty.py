"""Penalties on a discriminator or critic: on its gradient by its input, and on its scores."""

from typing import Any

from keras import ops

Tensor = Any


def _squared_norms(gradient: Tensor) -> Tensor:
    """||gradient||_2^2 of each image, (n,)."""
    gradient = ops.cast(gradient, "float32")
    return ops.sum(ops.square(gradient), axis=tuple(range(1, len(gradient.shape))))


def gradient_penalty(gradient: Tensor) -> Tensor:
    """`E[(||grad_x f(x)||_2 - 1)^2]`, without its weight.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, equation 3.

    Args:
        gradient: of the critic by its input, of shape (n, height, width, channels).

    Returns:
        scalar.
    """
    # The root has an infinite derivative at zero: a critic that is flat somewhere would turn all weights into NaN.
    return ops.mean(ops.square(ops.sqrt(_squared_norms(gradient) + 1e-12) - 1.0))


def r1_penalty(gradient: Tensor) -> Tensor:
    """`E[||grad_x D(x)||_2^2]` at real images, without its weight gamma / 2.

    Use it to make adversarial training converge, where it would circle around its equilibrium: it makes the
    discriminator flat where the data are.

    Reference: Mescheder et al. 2018, arXiv:1801.04406, equation 9.

    Args:
        gradient: of the discriminator's score by its input, of shape (n, height, width, channels).

    Returns:
        scalar.
    """
    return ops.mean(_squared_norms(gradient))


def lecam_penalty(real: Tensor, fake: Tensor, average_real: Tensor, average_fake: Tensor) -> Tensor:
    """`E[(D(x) - a_F)^2] + E[(D(G(z)) - a_R)^2]`, without its weight: scores are pulled to the other kind's average.

    Use it where there are few training images, which a discriminator soon overfits.

    Reference: Tseng et al. 2021, arXiv:2104.03310, equation 3.

    Args:
        real: scores of real images.
        fake: scores of generated images.
        average_real: scalar, a_R, the moving average of the scores of real images.
        average_fake: scalar, a_F, that of generated images.

    Returns:
        scalar.
    """
    return ops.mean(ops.square(real - average_fake)) + ops.mean(ops.square(fake - average_real))
