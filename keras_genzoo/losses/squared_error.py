"""The squared error of reconstructions."""

from typing import Any

from keras import ops

Tensor = Any


def squared_error(x: Tensor, output: Tensor) -> Tensor:
    """`||x - output||^2`: summed over pixels, averaged over images.

    Use it for autoencoders without a likelihood. It is minus the log-likelihood of a Gaussian of variance 1/2, but for
    a constant. With N numbers in an image, `squared_error / (4 N)` is the mean squared error on the scale 0..1.

    Reference: Vincent et al. 2010, "Stacked denoising autoencoders", JMLR 11:3371, equation 3.

    Args:
        x: images in [-1, 1], of shape (n, height, width, channels).
        output: reconstructions, of the same shape and range.

    Returns:
        scalar.
    """
    return ops.mean(ops.sum(ops.square(x - output), axis=tuple(range(1, len(x.shape)))))
