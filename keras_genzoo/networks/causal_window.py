"""How far a causal network of convolutions looks, so that one pixel can be computed without all others."""

from typing import NamedTuple

import keras
from keras import layers

_PLACES_ALONE = (
    layers.InputLayer,
    layers.Activation,
    layers.Add,
    layers.Concatenate,
    layers.Dense,
    layers.Dropout,
    layers.Multiply,
    layers.Rescaling,
)
"""Layers that treat each place alone."""


class Window(NamedTuple):
    """The places that the numbers of a place depend on, at most: rows above it, columns to its left and right."""

    above: int
    left: int
    right: int

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of a crop that holds all of them, of any place of an image."""
        return min(height, self.above + 1), min(width, self.left + 1 + self.right)


def causal_window(network: keras.Model) -> Window | None:
    """Returns how far the numbers of a place reach, as sums over paddings; None if a layer is not known to be local.

    Within a crop of that size the numbers of the place are those of the whole image: what the crop's border changes is
    farther away than the network looks.

    Args:
        network: a Functional network whose convolutions are made causal by `ZeroPadding2D`, such as `gated_pixelcnn`.
    """
    above, left, right = 0, 0, 0
    for layer in network.layers:
        if isinstance(layer, layers.ZeroPadding2D):
            (top, bottom), (before, behind) = layer.padding
            if bottom:
                return None
            above, left, right = above + top, left + before, right + behind
        elif isinstance(layer, layers.Conv2D):
            if layer.padding != "valid" or layer.strides != (1, 1) or layer.dilation_rate != (1, 1):
                return None
        elif isinstance(layer, layers.Reshape):
            if tuple(layer.target_shape[:2]) != (1, 1):  # a code, which acts on all places alike
                return None
        elif isinstance(layer, layers.Cropping2D) or type(layer).__name__ == "GetItem":
            continue
        elif not isinstance(layer, _PLACES_ALONE):
            return None
    return Window(above, left, right)
