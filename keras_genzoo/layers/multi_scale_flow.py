"""A normalizing flow of images: invertible layers at several scales."""

from collections.abc import Callable
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo.layers.invertible import (
    ActNorm,
    Coupling,
    FlowBatchNorm,
    Invertible,
    InvertibleConvolution,
    squeezed,
    unsqueezed,
)

Tensor = Any
Mixing = Literal["masks", "convolution"]
FlowNormalization = Literal["batch", "act"] | None
MakeNetwork = Callable[[tuple[int, int, int], int], keras.Model]


class MultiScaleFlow(keras.layers.Layer):
    """Maps images to as many numbers, and back: at each scale half of them are done, the rest goes on at half the size.

    Reference: Dinh et al. 2017, arXiv:1605.08803, section 3.6 and figure 4; with `mixing="convolution"`: Kingma &
        Dhariwal 2018, arXiv:1807.03039, figure 2.

    Args:
        image_shape: (height, width, channels), of which `2 ** (levels - 1)` divides the sides, or by "convolution"
            `2 ** levels`.
        make_network: function from the shape of maps and a number of outputs to a coupling's network.
        levels: integer, scales.
        couplings: integer, at each scale; with "masks" as many by checkerboard, and then by channels.
        mixing: "masks": halves take turns; or "convolution": an invertible convolution stands before each coupling.
        normalization: "batch" or "act", before each coupling, or None.
        kwargs: `name`.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        make_network: MakeNetwork,
        levels: int,
        couplings: int,
        mixing: Mixing,
        normalization: FlowNormalization,
        **kwargs: Any,
    ):
        super().__init__(dtype="float32", autocast=False, **kwargs)
        self.image_shape = image_shape
        self.masks = mixing == "masks"
        norms: dict[Any, Callable[[int], list[Invertible]]] = {
            "batch": lambda channels: [FlowBatchNorm(channels)],
            "act": lambda channels: [ActNorm(channels)],
            None: lambda channels: [],
        }
        height, width, channels = image_shape

        def coupling(checkerboard: bool, number: int) -> list[Invertible]:
            made = norms[normalization](channels)
            flipped = bool(number % 2) and self.masks
            if not self.masks:
                made.append(InvertibleConvolution(channels))
            stays = channels if checkerboard else (channels - channels // 2 if flipped else channels // 2)
            changes = channels if checkerboard else channels - stays
            network = make_network((height, width, stays), 2 * changes)
            return [*made, Coupling(network, channels, checkerboard, flipped)]

        self.before: list[list[Invertible]] = []  # at each scale, before pixels become channels, and after it
        self.after: list[list[Invertible]] = []
        for level in range(levels):
            last = level == levels - 1
            rows: list[Invertible] = []
            if self.masks:
                rows = [layer for number in range(couplings + last) for layer in coupling(True, number)]
            self.before.append(rows)
            rows = []
            if not (self.masks and last):
                height, width, channels = height // 2, width // 2, 4 * channels
                rows = [layer for number in range(couplings) for layer in coupling(False, number)]
                channels = channels if last else channels // 2
            self.after.append(rows)
        self.built = True

    def forward(self, x: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Numbers (n, height * width * channels) of maps, and the logarithm of the determinant, (n,)."""
        total, done = ops.zeros(ops.shape(x)[:1]), []
        for level, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            x, total = _through(before, x, total, training)
            last = level == len(self.before) - 1
            if not (self.masks and last):
                x, total = _through(after, squeezed(x), total, training)
            if not last:
                half, x = ops.split(x, 2, axis=-1)
                done.append(_flat(half))
        return ops.concatenate([*done, _flat(x)], axis=-1), total

    def inverse(self, z: Tensor) -> Tensor:
        """The maps of numbers (n, height * width * channels)."""
        height, width, channels = self.image_shape
        shapes, halves = [], []
        for level in range(len(self.before)):
            last = level == len(self.before) - 1
            if not (self.masks and last):
                height, width, channels = height // 2, width // 2, 4 * channels
            if not last:
                channels //= 2
                size = height * width * channels
                halves.append(z[:, :size])
                z = z[:, size:]
            shapes.append((height, width, channels))
        x = ops.reshape(z, (-1, *shapes[-1]))
        for level in reversed(range(len(self.before))):
            last = level == len(self.before) - 1
            if not last:
                x = ops.concatenate([ops.reshape(halves[level], (-1, *shapes[level])), x], axis=-1)
            if not (self.masks and last):
                x = unsqueezed(_back(self.after[level], x))
            x = _back(self.before[level], x)
        return x


def _through(rows: list[Invertible], x: Tensor, total: Tensor, training: bool) -> tuple[Tensor, Tensor]:
    for layer in rows:
        x, log_determinant = layer.forward(x, training)
        total = total + log_determinant
    return x, total


def _back(rows: list[Invertible], y: Tensor) -> Tensor:
    for layer in reversed(rows):
        y = layer.inverse(y)
    return y


def _flat(x: Tensor) -> Tensor:
    height, width, channels = x.shape[1:]
    return ops.reshape(x, (-1, height * width * channels))
