"""Negative log-likelihoods of images, `-log p(x | z)` in nats an image."""

import math
from typing import Any

from keras import ops

Tensor = Any


def _sum_of_pixels(nats: Tensor) -> Tensor:
    return ops.mean(ops.sum(nats, axis=tuple(range(1, len(nats.shape)))))


def gaussian_nll(x: Tensor, mean: Tensor, scale: float) -> Tensor:
    """`-log N(x; mean, scale^2)` in nats: summed over pixels, averaged over images; a density, so it may be negative.

    Reference: Kingma & Welling 2014, arXiv:1312.6114, appendix C.2, with a fixed variance.

    Args:
        x: images in [-1, 1], of shape (n, height, width, channels).
        mean: the decoder's images, of the same shape and range.
        scale: the standard deviation, in the units of x.
    """
    constant = math.log(scale) + 0.5 * math.log(2.0 * math.pi)
    return _sum_of_pixels(0.5 * ops.square((x - mean) / scale) + constant)


def bernoulli_nll(x: Tensor, logits: Tensor) -> Tensor:
    """The cross-entropy of pixels taken as probabilities of white, in nats: summed over pixels, averaged over images.

    Reference: Kingma & Welling 2014, arXiv:1312.6114, appendix C.1.

    Args:
        x: images in [-1, 1], of shape (n, height, width, channels); -1 is black, 1 is white.
        logits: the decoder's logits of white, of the same shape.
    """
    return _sum_of_pixels(ops.softplus(logits) - 0.5 * (x + 1.0) * logits)
