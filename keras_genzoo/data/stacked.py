"""Stacked images: three of a set of grey images as the channels of one, a test of mode coverage with 1,000 modes."""

from typing import Any, Literal

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.keras_sets import fashion_mnist
from keras_genzoo.data.source import HeldOutCount, Source, Split
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import Count, Seed, Size


class Stacked:
    """A source of images whose channels are grey images of another source, drawn with replacement.

    Args:
        of: the source of grey images, with labels.
        positions: range of the images' numbers.
        seed: integer.
    """

    stacks = 3
    """Grey images in one: its label is a number whose digits, to the base of their classes, are their labels."""
    factor_names = other = None

    def __init__(self, of: Source, positions: range, seed: int):
        height, width, _ = of.image_shape
        self.of = of
        self.positions = positions
        self.seed = seed
        self.name = f"stacked {of.name}"
        self.image_shape = (height, width, self.stacks)
        self._numbers = np.arange(positions.start, positions.stop)
        self._digits = np.asarray(of.labels)
        self._classes = int(self._digits.max()) + 1
        self.class_names = tuple(f"{number:03d}" for number in range(self._classes**self.stacks))

    def _drawn(self, numbers: np.ndarray) -> np.ndarray:
        """The positions (n, 3) of the grey images of each."""
        uniform = counter_rng.uniform(self.seed, numbers, self.stacks)
        return np.minimum((uniform * len(self.of)).astype("int64"), len(self.of) - 1)

    def _labels(self, drawn: np.ndarray) -> np.ndarray:
        places = self._classes ** np.arange(self.stacks - 1, -1, -1)
        return (self._digits[drawn] * places).sum(axis=1).astype("int32")

    @property
    def labels(self) -> np.ndarray:
        """The mode of each image."""
        return self._labels(self._drawn(self._numbers))

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        drawn = self._drawn(self._numbers[indices])
        grey = self.of[drawn.ravel()]["image"].reshape(*drawn.shape, *self.image_shape[:2])
        return {"image": np.moveaxis(grey, 1, -1), "label": self._labels(drawn)}

    def manifest(self) -> dict[str, Any]:
        """The identity of the content."""
        drawn = {"count": len(self), "first": self.positions.start, "seed": self.seed}
        return {"kind": "stacked", **drawn, "of": self.of.manifest()}


@DATASETS.register("stacked_fashion_mnist")
def stacked_fashion_mnist(
    size: Size = 32,
    channels: Literal[3] = 3,
    num_images: Count = 60_000,
    held_out: HeldOutCount = 26_000,
    seed: Seed = 0,
) -> Split:
    """Three garments as the red, green and blue of one image: 1,000 modes that a classifier counts.

    `evaluate --metrics class_modes,class_divergence --features CLASSIFIER` counts the modes of 26,000 samples by a
    classifier of Fashion-MNIST (`genzoo classifier fashion_mnist`), and beside them those of as many held-out images.

    Reference: stacked MNIST: Metz et al. 2017, arXiv:1611.02163, section 3.3.1; Srivastava et al. 2017 (VEEGAN),
        arXiv:1705.07761, section 4.2.

    Args:
        size: integer, pixels along each side: see `fashion_mnist`.
        channels: 3.
        num_images: integer, images to train on, of triples of the 60,000 training images.
        held_out: integer, images held out, of triples of the 10,000 test images; 0 for none.
        seed: integer.

    Returns:
        A `Split` of two sources, which have `image` and, as `label`, the mode.
    """
    split = fashion_mnist(size)
    return Split(
        Stacked(split.train, range(num_images), seed),
        Stacked(split.held_out, range(num_images, num_images + held_out), seed),
    )
