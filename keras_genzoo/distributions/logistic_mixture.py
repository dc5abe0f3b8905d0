"""Mixtures of discretized logistic distributions: the probability of a pixel, given the numbers of a network.

Reference: Salimans et al. 2017 (PixelCNN++), arXiv:1701.05517, sections 2.1 and 2.2.
"""

import math
from typing import Any, NamedTuple

from keras import ops

Tensor = Any

_LEAST_LOG_SCALE = -7.0  # the authors': a logistic narrower than a tenth of a grey level gains nothing


class LogisticMixture(NamedTuple):
    """Pixels of one of `levels` values in each channel, evenly spaced from -1 to 1.

    The channels of a pixel share a component; within it the mean of a channel depends linearly on the channels before
    it, and its probability is the mass of a logistic distribution between the halfway points to the next values.

    Args:
        channels: integer.
        components: integer, of the mixture.
        levels: integer, values that a channel has: 256 for grey levels.
    """

    channels: int
    components: int
    levels: int = 256

    @property
    def size(self) -> int:
        """Numbers that describe the mixture of one pixel."""
        pairs = self.channels * (self.channels - 1) // 2
        return self.components * (1 + 2 * self.channels + pairs)

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """The logarithm of the probability of each pixel.

        Args:
            x: values in [-1, 1], of shape (..., channels); those between two levels count as an interval of a level's
                width around them.
            parameters: a network's output, of shape (..., size).

        Returns:
            tensor of shape (...), in nats.
        """
        logits, means, log_scales, coefficients = self._split(parameters)
        half, nats = 1.0 / (self.levels - 1), ops.log_softmax(logits, axis=-1)
        for channel in range(self.channels):
            value = x[..., channel : channel + 1]
            mean = means[channel]
            for before in range(channel):
                mean = mean + coefficients[channel, before] * x[..., before : before + 1]
            narrow = ops.exp(-log_scales[channel])
            above, below = (value - mean + half) * narrow, (value - mean - half) * narrow
            # sigmoid(above) - sigmoid(below) as a product, which does not cancel where both are near 0 or 1.
            up_to, from_on = -ops.softplus(-above), -ops.softplus(below)
            mass = up_to + from_on + ops.log(-ops.expm1(-2.0 * half * narrow))
            mass = ops.where(value < -1.0 + half, up_to, ops.where(value > 1.0 - half, from_on, mass))
            nats = nats + mass
        return ops.logsumexp(nats, axis=-1)

    def sample(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        """Draws pixels.

        Args:
            parameters: as for `log_prob`.
            uniform: numbers in (0, 1), of shape (..., components + channels).

        Returns:
            values in [-1, 1], of shape (..., channels).
        """
        logits, means, log_scales, coefficients = self._split(parameters)
        gumbel = -ops.log(-ops.log(uniform[..., : self.components]))
        chosen = ops.one_hot(ops.argmax(logits + gumbel, axis=-1), self.components, dtype=logits.dtype)
        values: list[Tensor] = []
        for channel in range(self.channels):
            number = uniform[..., self.components + channel]
            mean = ops.sum(chosen * means[channel], axis=-1)
            for before in range(channel):
                mean = mean + ops.sum(chosen * coefficients[channel, before], axis=-1) * values[before]
            scale = ops.exp(ops.sum(chosen * log_scales[channel], axis=-1))
            drawn = mean + scale * (ops.log(number) - ops.log1p(-number))
            values.append(self.quantized(drawn))
        return ops.stack(values, axis=-1)

    def quantized(self, x: Tensor) -> Tensor:
        """The nearest level to each value."""
        number = ops.round((ops.clip(x, -1.0, 1.0) + 1.0) * (0.5 * (self.levels - 1)))
        return number * (2.0 / (self.levels - 1)) - 1.0

    def _split(self, parameters: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor], dict[tuple[int, int], Tensor]]:
        """Logits of the components; means and log scales of each channel; coefficients of pairs of channels."""
        parts = ops.split(parameters, self.size // self.components, axis=-1)
        logits, rest = parts[0], parts[1:]
        means, log_scales = rest[: self.channels], rest[self.channels : 2 * self.channels]
        pairs = ((later, before) for later in range(self.channels) for before in range(later))
        coefficients = dict(zip(pairs, map(ops.tanh, rest[2 * self.channels :]), strict=True))
        return logits, means, [ops.maximum(scale, _LEAST_LOG_SCALE) for scale in log_scales], coefficients


def bits_per_dimension(nats: Tensor, dimensions: int) -> Tensor:
    """Nats of an image of so many numbers, as bits for each of them."""
    return nats / (dimensions * math.log(2.0))
