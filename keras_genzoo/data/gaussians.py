"""A mixture of 25 Gaussians in the plane: the standard test of mode collapse, drawn by code.

A point is an image of one pixel with two channels, x and y, so that all that works with images works with points.
"""

import json
from typing import Any, Literal

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.source import HeldOutCount, Split
from keras_genzoo.files import sha256
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import Count, Seed

CENTERS = np.stack(np.meshgrid([-0.8, -0.4, 0.0, 0.4, 0.8], [-0.8, -0.4, 0.0, 0.4, 0.8]), axis=-1).reshape(25, 2)
"""The modes (25, 2), row by row from below."""
DEVIATION = 0.01
"""The standard deviation of each mode along both axes."""


class Gaussians:
    """A source of points; made by `gaussians_25`.

    Args:
        positions: range of the points' numbers.
        seed: integer.
    """

    name = "gaussians_25"
    image_shape = (1, 1, 2)
    class_names = tuple(f"({x:g}, {y:g})" for x, y in CENTERS)
    factor_names = other = None
    centers = CENTERS
    deviation = DEVIATION

    def __init__(self, positions: range, seed: int):
        self.positions = positions
        self._numbers = np.arange(positions.start, positions.stop)
        self.seed = seed

    @property
    def labels(self) -> np.ndarray:
        """The mode of each point."""
        return self._modes(self._numbers)

    def _modes(self, numbers: np.ndarray) -> np.ndarray:
        return np.minimum((25 * counter_rng.uniform(self.seed, numbers, 1)[:, 0]).astype("int32"), 24)

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        numbers = self._numbers[indices]
        label = self._modes(numbers)
        points = CENTERS[label] + DEVIATION * counter_rng.normal(self.seed, numbers, 2, stream=1)
        return {"image": points.astype("float32").reshape(-1, 1, 1, 2), "label": label}

    def manifest(self) -> dict[str, Any]:
        """The identity of the content."""
        modes = {"centers": CENTERS.tolist(), "deviation": DEVIATION}
        fingerprint = sha256(json.dumps(modes))
        first = self.positions.start
        return {"kind": self.name, "count": len(self), "first": first, "seed": self.seed, "modes_sha256": fingerprint}


@DATASETS.register("gaussians_25")
def gaussians_25(
    size: Literal[1] = 1,
    channels: Literal[2] = 2,
    num_images: Count = 100_000,
    held_out: HeldOutCount = 2_500,
    seed: Seed = 0,
) -> Split:
    """Points of 25 Gaussians on a square grid: which of them a model covers is known, so collapse can be counted.

    `evaluate --metrics modes` counts as Srivastava et al. do. Pictures of points show the plane, darker where more are.

    Reference: Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761, section 4.1: a grid from -4 to 4 with standard
        deviation 0.05, here divided by 5, so that points lie in [-1, 1].

    Args:
        size: 1: a point is an image of one pixel.
        channels: 2, the coordinates.
        num_images: integer, points to train on: numbers 0 to `num_images - 1`.
        held_out: integer, points held out: the numbers that follow; 0 for none.
        seed: integer.

    Returns:
        A `Split` of two sources, which have `image` and, as `label`, the mode.
    """
    return Split(Gaussians(range(num_images), seed), Gaussians(range(num_images, num_images + held_out), seed))
