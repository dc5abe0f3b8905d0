"""Likelihoods of images, p(x given z): distributions of pixels whose parameters are a decoder's output.

Each has `log_prob(x, output)`, in nats, one number for each image; `mean(output)`, images in [-1, 1]; `activation`,
that of the decoder's last layer; `observed(x, uniform)`, the images that it is a likelihood of; and a description of
its numbers (`density`, `normalized`).
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo.registry import LIKELIHOODS
from keras_genzoo.types import Positive

Tensor = Any
Scale = Positive | Literal["learned"]
"""A standard deviation in the units of pixels in [-1, 1], or "learned": one number, a weight."""

_LEAST_LOG_SCALE = -6.0  # a third of a grey level: below, pixels with 256 values would get any density
_PACE = 10.0  # the logarithm over its weight, which Adam changes by its learning rate in a step
_IMAGE = (-3, -2, -1)


class _Scaled(keras.layers.Layer):
    """A likelihood with one scale for all pixels.

    A learned one starts at 1 and stays above exp(-6), by a soft bound on its logarithm.

    Args:
        scale: float, or "learned".
        kwargs: `name`.
    """

    activation = "tanh"

    def __init__(self, scale: Scale = 0.2, **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)
        self.given_scale = scale
        self._fixed = None if scale == "learned" else float(scale)
        if self._fixed is None:
            self._weight = self.add_weight((), initializer="zeros", name="log_scale_over_10")
        self.built = True

    @property
    def log_scale(self) -> Any:
        """The logarithm of the scale: a number, or a scalar tensor if it is learned."""
        if self._fixed is not None:
            return math.log(self._fixed)
        return _LEAST_LOG_SCALE + ops.softplus(_PACE * ops.convert_to_tensor(self._weight) - _LEAST_LOG_SCALE)

    @property
    def scale(self) -> Any:
        """The scale: a number, or a scalar tensor if it is learned."""
        return ops.exp(self.log_scale) if self._fixed is None else self._fixed

    def observed(self, x: Tensor, uniform: Callable[[], Tensor]) -> Tensor:
        """The images themselves; see `BernoulliLikelihood.observed`."""
        return x

    def mean(self, output: Tensor) -> Tensor:
        """Images in [-1, 1]: the decoder's output itself."""
        return output


@LIKELIHOODS.register("gaussian")
class GaussianLikelihood(_Scaled):
    """Pixels are normal around the decoder's output, with one standard deviation.

    Use it for photographs. Smaller scales weigh the reconstruction more; a learned one (sigma-VAE) becomes the root of
    the mean squared error, so that no weight of the KL term has to be searched for.

    Reference: Kingma & Welling 2014, arXiv:1312.6114, appendix C.2, with one variance; learned: Rybkin et al. 2021,
        arXiv:2006.13202.

    Args:
        scale: float, the standard deviation in the units of pixels in [-1, 1]; or "learned", a weight.
        kwargs: `name`.
    """

    density = "over pixels in [-1, 1], at their 256 grey levels, without noise added"
    normalized = True

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """The logarithm of a density: it may be positive.

        Args:
            x: images in [-1, 1], of shape (..., height, width, channels).
            output: the decoder's, of the same shape, or one that broadcasts against it.

        Returns:
            tensor of shape (...), in nats.
        """
        constant = self.log_scale + 0.5 * math.log(2.0 * math.pi)
        return -ops.sum(0.5 * ops.square((x - output) / self.scale) + constant, axis=_IMAGE)


@LIKELIHOODS.register("discretized_logistic")
class DiscretizedLogisticLikelihood(_Scaled):
    """Pixels are one of 256 grey levels, with the mass that a logistic distribution has between halfway points.

    Use it to compare likelihoods: it is a probability, so its bits a dimension are those of a code.

    Reference: Kingma et al. 2016, arXiv:1606.04934, whose likelihood it is; Salimans et al. 2017, arXiv:1701.05517,
        equation 2, with one component: the first and the last level have all the mass beyond them.

    Args:
        scale: float, the scale s of the logistic, whose standard deviation is s * 1.81, in the units of pixels in
            [-1, 1]; or "learned", a weight.
        kwargs: `name`.
    """

    density = "a probability of the 256 grey levels of pixels"
    normalized = True

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """The logarithm of a probability; arguments and result as for `GaussianLikelihood`.

        Off the grey levels -1 + 2 i / 255 it is the mass of the interval of a level's width around x.
        """
        half = 1.0 / 255.0
        above, below = (x - output + half) / self.scale, (x - output - half) / self.scale
        # sigmoid(above) - sigmoid(below), as a product, which does not cancel where both are near 0 or 1.
        width = ops.log(-ops.expm1(ops.convert_to_tensor(-2.0 * half / self.scale)))
        up_to, from_on = -ops.softplus(-above), -ops.softplus(below)
        nats = up_to + from_on + width
        nats = ops.where(x < -1.0 + half, up_to, ops.where(x > 1.0 - half, from_on, nats))
        return ops.sum(nats, axis=_IMAGE)


@LIKELIHOODS.register("bernoulli")
class BernoulliLikelihood(keras.layers.Layer):
    """Pixels are black or white; the decoder gives logits of white.

    Use it for drawings and digits. Grey pixels count as probabilities of white: then it is a cross-entropy, and no
    likelihood; `binarize` makes black and white pixels of them.

    Reference: Kingma & Welling 2014, arXiv:1312.6114, appendix C.1.

    Args:
        binarize: bool, whether a model that is trained with it is given black and white pixels, drawn anew in each step
            with the grey levels as probabilities.
        kwargs: `name`.
    """

    activation = "linear"
    given_scale = None

    def __init__(self, binarize: bool = False, **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)
        self.binarize = binarize
        self.normalized = binarize
        self.density = (
            "a probability of black and white pixels, drawn by the evaluation's seed with grey levels as probabilities"
            if binarize
            else "a cross-entropy of grey levels taken as probabilities; a likelihood only of black and white images"
        )
        self.built = True

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """The logarithm of a probability, of -1 for black and 1 for white; arguments as for `GaussianLikelihood`."""
        return -ops.sum(ops.softplus(output) - 0.5 * (x + 1.0) * output, axis=_IMAGE)

    def observed(self, x: Tensor, uniform: Callable[[], Tensor]) -> Tensor:
        """The images that this is a likelihood of: with `binarize` black and white ones, drawn from the given ones.

        Args:
            x: images in [-1, 1].
            uniform: function that draws numbers in [0, 1) of the shape of x.
        """
        return binarize(x, uniform()) if self.binarize else x

    def mean(self, output: Tensor) -> Tensor:
        """Images in [-1, 1]: probabilities of white, between black and white."""
        return ops.tanh(0.5 * output)  # 2 sigmoid(logits) - 1


def binarize(x: Tensor, numbers: Tensor) -> Tensor:
    """Black and white images, by one draw from the probabilities that grey levels stand for.

    Reference: Salakhutdinov & Murray 2008, doi:10.1145/1390156.1390266; drawn anew for each step: Burda et al. 2016,
        arXiv:1509.00519, section 5.

    Args:
        x: images in [-1, 1].
        numbers: uniform in [0, 1), of the same shape.

    Returns:
        tensor of -1 and 1, of the same shape and type as x.
    """
    return ops.where(numbers < 0.5 * (x + 1.0), ops.ones_like(x), -ops.ones_like(x))
