"""Invertible layers of normalizing flows on feature maps, each with the logarithm of its Jacobian's determinant.

A layer has `forward(x, training) -> (y, log_determinant)`, the latter of shape (n,) or scalar, and `inverse(y)`. All
compute in float32.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Tensor = Any
Network = Callable[..., Tensor]

_MOMENTUM = 0.99  # of running statistics
_EPSILON = 1e-5


def squeezed(x: Tensor) -> Tensor:
    """Maps (n, height, width, channels) as (n, height / 2, width / 2, 4 * channels): squares become channels.

    Reference: Dinh et al. 2017, arXiv:1605.08803, section 3.6.
    """
    height, width, channels = x.shape[1:]
    x = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, height // 2, width // 2, 4 * channels))


def unsqueezed(x: Tensor) -> Tensor:
    """The inverse of `squeezed`."""
    height, width, channels = x.shape[1:]
    x = ops.reshape(x, (-1, height, width, 2, 2, channels // 4))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 2 * height, 2 * width, channels // 4))


class Invertible(keras.layers.Layer):
    """The base of these layers.

    Args:
        kwargs: `name`, as for every layer.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(dtype="float32", autocast=False, **kwargs)
        self.built = True

    def add_weight(self, *args: Any, **kwargs: Any) -> keras.Variable:
        """As of every layer; weights stay in float32 in the call of a model in halves, too."""
        return super().add_weight(*args, autocast=False, **kwargs)

    def forward(self, x: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """The transformed maps, and the logarithm of the absolute determinant of the Jacobian."""
        raise NotImplementedError

    def inverse(self, y: Tensor) -> Tensor:
        """What `forward` transforms into `y`."""
        raise NotImplementedError


class Coupling(Invertible):
    """An affine coupling: half of the numbers are scaled and shifted by functions of the other half.

    The halves are those of a checkerboard, or of the channels. The logarithm of the scale is a tanh times a learned
    number for each channel, so that it cannot run away.

    Reference: Dinh et al. 2017, arXiv:1605.08803, equations 4 to 9 and section 4.1.

    Args:
        network: model from maps to twice as many channels, those of the scale and of the shift: from `channels` of them
            by a checkerboard, and otherwise from the half of them that stays.
        channels: integer, of the maps.
        checkerboard: bool.
        flipped: bool, whether the halves change their parts.
        kwargs: `name`.
    """

    def __init__(self, network: keras.Model, channels: int, checkerboard: bool, flipped: bool, **kwargs: Any):
        super().__init__(**kwargs)
        self.network = network
        self.checkerboard = checkerboard
        self.flipped = flipped
        self.stays = channels if checkerboard else channels // 2
        if flipped and not checkerboard:
            self.stays = channels - channels // 2
        self.changes = channels if checkerboard else channels - self.stays
        self.gain = self.add_weight((self.changes,), initializer="ones", name="gain")

    def _affine(self, x: Tensor, training: bool, beside: Tensor = None) -> tuple[Tensor, Tensor]:
        x = x if beside is None else ops.concatenate([x, beside], axis=-1)
        scale, shift = ops.split(ops.cast(self.network(x, training=training), "float32"), 2, axis=-1)
        return ops.tanh(scale) * self.gain, shift

    def _mask(self, x: Tensor) -> Tensor:
        height, width = x.shape[1:3]
        even = (ops.arange(height)[:, None] + ops.arange(width)[None]) % 2
        return ops.cast(even == int(self.flipped), "float32")[None, :, :, None]

    def _halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What stays, and what changes."""
        if self.flipped:
            return x[..., self.changes :], x[..., : self.changes]
        return x[..., : self.stays], x[..., self.stays :]

    def _joined(self, stays: Tensor, changes: Tensor) -> Tensor:
        return ops.concatenate([changes, stays] if self.flipped else [stays, changes], axis=-1)

    def forward(self, x: Tensor, training: bool = False, beside: Tensor = None) -> tuple[Tensor, Tensor]:
        """The transformed maps, and the sum of the logarithms of the scales; `beside` is given to the network too."""
        if self.checkerboard:
            stays = self._mask(x)
            log_scale, shift = self._affine(stays * x, training, beside)
            log_scale = (1.0 - stays) * log_scale
            return stays * x + (1.0 - stays) * (x * ops.exp(log_scale) + shift), _sum(log_scale)
        stays, changes = self._halves(x)
        log_scale, shift = self._affine(stays, training, beside)
        return self._joined(stays, changes * ops.exp(log_scale) + shift), _sum(log_scale)

    def inverse(self, y: Tensor) -> Tensor:
        """What `forward` transforms into `y`."""
        if self.checkerboard:
            stays = self._mask(y)
            log_scale, shift = self._affine(stays * y, False)
            return stays * y + (1.0 - stays) * ((y - shift) * ops.exp(-log_scale))
        stays, changes = self._halves(y)
        log_scale, shift = self._affine(stays, False)
        return self._joined(stays, (changes - shift) * ops.exp(-log_scale))


class FlowBatchNorm(Invertible):
    """Batch normalization as an invertible layer: by the statistics of the batch in training, else by running ones.

    Reference: Dinh et al. 2017, arXiv:1605.08803, section 3.7 and appendix E.

    Args:
        channels: integer, of the maps.
        kwargs: `name`.
    """

    def __init__(self, channels: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.mean = self.add_weight((channels,), "zeros", trainable=False, aggregation="mean", name="mean")
        self.variance = self.add_weight((channels,), "ones", trainable=False, aggregation="mean", name="variance")

    def forward(self, x: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """The normalized maps, and minus half the logarithm of the variances, summed over places."""
        mean, variance = ops.convert_to_tensor(self.mean), ops.convert_to_tensor(self.variance)
        if training:
            mean, variance = ops.moments(x, axes=(0, 1, 2))
            for running, value in ((self.mean, mean), (self.variance, variance)):
                running.assign(_MOMENTUM * running + (1.0 - _MOMENTUM) * ops.stop_gradient(value))
        log_scale = -0.5 * ops.log(variance + _EPSILON)
        return (x - mean) * ops.exp(log_scale), x.shape[1] * x.shape[2] * ops.sum(log_scale)

    def inverse(self, y: Tensor) -> Tensor:
        """What `forward` transforms into `y`, by running statistics."""
        return y * ops.sqrt(self.variance + _EPSILON) + self.mean


class ActNorm(Invertible):
    """A scale and an offset for each channel, which begin so that the first batch has mean 0 and variance 1.

    Reference: Kingma & Dhariwal 2018 (Glow), arXiv:1807.03039, section 3.1.

    Args:
        channels: integer, of the maps.
        kwargs: `name`.
    """

    def __init__(self, channels: int, **kwargs: Any):
        super().__init__(**kwargs)
        # What the first batch decides on, beside weights that begin as the identity: losses cannot assign the latter.
        for name, first in (("first_mean", "zeros"), ("first_log_scale", "zeros")):
            weight = self.add_weight((channels,), first, trainable=False, aggregation="mean", name=name)
            setattr(self, name, weight)
        self.started = self.add_weight((), "zeros", trainable=False, aggregation="mean", name="started")
        self.offset = self.add_weight((channels,), "zeros", name="offset")
        self.log_scale = self.add_weight((channels,), "zeros", name="log_scale")

    def forward(self, x: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """The transformed maps, and the sum of the logarithms of the scales over channels and places."""
        mean, first = ops.convert_to_tensor(self.first_mean), ops.convert_to_tensor(self.first_log_scale)
        if training:
            own, variance = (ops.stop_gradient(part) for part in ops.moments(x, axes=(0, 1, 2)))
            has_started = ops.convert_to_tensor(self.started) > 0.5
            mean = ops.where(has_started, mean, own)
            first = ops.where(has_started, first, -0.5 * ops.log(variance + _EPSILON))
            for weight, value in ((self.first_mean, mean), (self.first_log_scale, first)):
                weight.assign(value)
            self.started.assign(ops.ones(()))
        log_scale = first + self.log_scale
        return (x - mean) * ops.exp(log_scale) + self.offset, x.shape[1] * x.shape[2] * ops.sum(log_scale)

    def inverse(self, y: Tensor) -> Tensor:
        """What `forward` transforms into `y`."""
        return (y - self.offset) * ops.exp(-self.first_log_scale - self.log_scale) + self.first_mean


class InvertibleConvolution(Invertible):
    """A convolution of 1 x 1 pixels that mixes the channels, as the product of a permutation and triangular matrices.

    It begins as a random rotation.

    Reference: Kingma & Dhariwal 2018 (Glow), arXiv:1807.03039, section 3.2, equation 10.

    Args:
        channels: integer, of the maps.
        kwargs: `name`.
    """

    def __init__(self, channels: int, **kwargs: Any):
        super().__init__(**kwargs)
        seed = keras.random.SeedGenerator()
        rotation = keras.initializers.Orthogonal(seed=int(ops.convert_to_numpy(seed.state)[0]) % 2**31)

        def part(number: int) -> Callable[..., Tensor]:
            def initializer(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
                factors, pivots = ops.lu_factor(rotation((channels, channels)))
                order = list(range(channels))
                for row, other in enumerate(int(pivot) for pivot in pivots):
                    order[row], order[other] = order[other], order[row]
                permutation = ops.transpose(ops.one_hot(ops.array(order), channels))
                diagonal = ops.diagonal(factors)
                parts = permutation, factors, factors, ops.log(ops.abs(diagonal)), ops.sign(diagonal)
                return ops.cast(parts[number], dtype or "float32")

            return initializer

        square = (channels, channels)
        self.permutation = self.add_weight(square, part(0), trainable=False, name="permutation")
        self.lower = self.add_weight(square, part(1), name="lower")
        self.upper = self.add_weight(square, part(2), name="upper")
        self.log_diagonal = self.add_weight((channels,), part(3), name="log_diagonal")
        self.signs = self.add_weight((channels,), part(4), trainable=False, name="signs")

    def _factors(self) -> tuple[Tensor, Tensor]:
        """The lower and the upper triangular matrix."""
        lower = ops.tril(self.lower, -1) + ops.eye(self.lower.shape[0])
        return lower, ops.triu(self.upper, 1) + ops.diag(self.signs * ops.exp(self.log_diagonal))

    def forward(self, x: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """The mixed maps, and the sum of the logarithms of the diagonal over places."""
        lower, upper = self._factors()
        kernel = ops.matmul(self.permutation, ops.matmul(lower, upper))
        return ops.matmul(x, kernel), x.shape[1] * x.shape[2] * ops.sum(self.log_diagonal)

    def inverse(self, y: Tensor) -> Tensor:
        """What `forward` transforms into `y`."""
        lower, upper = self._factors()
        inner = ops.solve_triangular(lower, ops.transpose(self.permutation), lower=True)
        return ops.matmul(y, ops.solve_triangular(upper, inner))


def _sum(x: Tensor) -> Tensor:
    """The sum over all but the first axis."""
    return ops.sum(x, axis=(1, 2, 3))
