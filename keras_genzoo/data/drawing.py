"""Anti-aliased drawing of many pictures at once, from signed distances.

A shape is the distance of each pixel to its edge, negative inside; one pixel of smooth edge makes it good at any size.
Coordinates are the artist's: x to the right, y down. The batch is the *last* axis: a parameter of shape (n,)
broadcasts by itself, and NumPy's inner loops are long. Pictures are made of + - * / sqrt, floor, abs, min and max
alone, whose every bit IEEE 754 fixes: a picture is the same in any batch and on any machine.
"""

from typing import Any

import numpy as np

Array = np.ndarray
Value = Array | float
"""A number for all pictures, or one for each: shape (n,)."""


def circle(x: Array, y: Array, radius: Value) -> Array:
    """Distance to a circle around the origin."""
    return np.sqrt(x * x + y * y) - radius


def ellipse(x: Array, y: Array, width: Value, height: Value) -> Array:
    """Distance to an ellipse with these half axes; to first order, which is exact enough near the edge."""
    x, y = x / width, y / height
    level = np.sqrt(x * x + y * y)
    x, y = x / width, y / height
    slope = np.sqrt(x * x + y * y)
    return level * (level - 1) / (slope + 1e-6)


def box(x: Array, y: Array, width: Value, height: Value, corner: Value = 0.0) -> Array:
    """Distance to a rectangle of these half sides, its corners rounded with radius `corner`."""
    x = np.abs(x) - (width - corner)
    y = np.abs(y) - (height - corner)
    outside_x, outside_y = np.maximum(x, 0), np.maximum(y, 0)
    outside = np.sqrt(outside_x * outside_x + outside_y * outside_y)
    return outside + np.minimum(np.maximum(x, y), 0) - corner


def arc(x: Array, y: Array, width: Value, rise: Value, thickness: Value) -> Array:
    """Distance to a stroke along a parabola: from -width to width, its ends `rise` above the middle."""
    t = x / width
    slope = 2 * rise / width * t
    stroke = np.abs(y + rise * t * t) / np.sqrt(1 + slope * slope) - thickness
    return np.maximum(stroke, np.abs(x) - width)


def triangle(x: Array, y: Array, width: Value, height: Value) -> Array:
    """Distance to a triangle that stands on the origin: half its base is `width`, its top `height` above."""
    side = (np.abs(x) * height - (y + height) * width) / np.sqrt(width * width + height * height)
    return np.maximum(side, y)


def smooth_union(first: Array, second: Array, radius: float) -> Array:
    """Distance to both shapes as one, melted together where they are within `radius` of each other."""
    near = np.maximum(radius - np.abs(first - second), 0)
    return np.minimum(first, second) - near * near / (4 * radius)


def wave(t: Array) -> Array:
    """A triangle wave of period 1: 1 at whole numbers, 0 halfway."""
    return np.abs(2 * (t - np.floor(t)) - 1)


def glow(x: Array, y: Array, width: Value, height: Value) -> Array:
    """A soft spot: 1 at the origin, fading to 0 on the ellipse with these half axes."""
    x, y = x / width, y / height
    inside = np.maximum(1 - (x * x + y * y), 0)
    return inside * inside


class Canvas:
    """Pictures in the making: float32 `pixels` of shape (3, height, width, n), and where each pixel's center lies.

    Args:
        num: integer, how many pictures.
        size: integer, pixels along each side.
        middle: (x, y) of the pictures' center.
        reach: number, half of a picture's side.

    Example:
        >>> canvas = Canvas(2, 64)
        >>> canvas.paint(circle(canvas.x, canvas.y, np.float32([0.3, 0.5])), color=(1.0, 0.8, 0.2))
        >>> canvas.images(channels=3).shape
        (2, 64, 64, 3)
    """

    def __init__(self, num: int, size: int, middle: tuple[float, float] = (0.0, 0.0), reach: float = 1.0):
        self.pixel = 2 * reach / size
        self.pixels = np.zeros((3, size, size, num), "float32")
        centers = (np.arange(size, dtype="float32") + 0.5) * self.pixel - reach
        self.x = (centers + middle[0])[None, :, None]
        self.y = (centers + middle[1])[:, None, None]

    def window(self, x: Value, y: Value, width: Value, height: Value) -> "Canvas":
        """A part of this canvas that holds a shape and the blur of its edge, with the origin in the shape's middle.

        What is painted in a window is painted here; it spares the work where a small shape cannot be.
        Windows are taken of a whole canvas, not of a window.

        Args:
            x: where the shape's middle is.
            y: where the shape's middle is.
            width: half the width of the shape.
            height: half its height.
        """
        part = object.__new__(type(self))
        columns, rows = self._span(self.x, x, width), self._span(self.y, y, height)
        part.pixel, part.pixels = self.pixel, self.pixels[:, rows, columns]
        part.x, part.y = self.x[:, columns] - x, self.y[rows] - y
        return part

    def _span(self, centers: Array, middle: Value, reach: Value) -> slice:
        low, high = np.min(middle - reach) - 2 * self.pixel, np.max(middle + reach) + 2 * self.pixel
        first, last = np.searchsorted(centers.ravel(), [low, high])
        return slice(first, last)

    def line(self, thickness: float) -> float:
        """Half of a line's thickness, such that it never gets thinner than a pixel."""
        return max(thickness, self.pixel) / 2

    def cover(self, distance: Array) -> Array:
        """Returns the fraction of each pixel that a shape covers, in [0, 1]."""
        cover = distance * (-1 / self.pixel)
        cover += 0.5
        return np.clip(cover, 0, 1, out=cover)

    def paint(self, distance: Array, color: Any, opacity: Value | None = None, shade: Array | None = None) -> None:
        """Fills a shape with a color.

        Args:
            distance: the shape, float32 of shape (height, width, n).
            color: as for `blend`.
            opacity: of the color inside the shape, in [0, 1]; 1 by default.
            shade: as for `blend`.
        """
        cover = self.cover(distance)
        self.blend(cover if opacity is None else cover * opacity, color, shade)

    def blend(self, cover: Array, color: Any, shade: Array | None = None) -> None:
        """Mixes a color into the pictures.

        Args:
            cover: fraction of the new color, in [0, 1]; shape (height, width, n) or broadcasting to it.
            color: red, green and blue in [0, 1], each a number or of shape (n,) or (height, width, n).
            shade: factor of the color's brightness; shape (height, width, n).
        """
        for channel, level in zip(self.pixels, color, strict=True):
            change = (level if shade is None else level * shade) - channel
            change *= cover
            channel += change

    def images(self, channels: int) -> Array:
        """The pictures as uint8 of shape (n, height, width, channels); one channel is luminance (ITU-R BT.601)."""
        pixels = np.clip(self.pixels, 0, 1)
        if channels == 1:
            red, green, blue = pixels
            pixels = (0.299 * red + 0.587 * green + 0.114 * blue)[None]
        levels = (pixels * 255 + 0.5).astype("uint8")
        return np.ascontiguousarray(levels.transpose(3, 1, 2, 0))


class OutlineCanvas(Canvas):
    """Line drawings in the making: each shape is white with a black edge, and hides what it covers.

    Colors, shades and soft spots are not drawn, and nothing that is hardly opaque, such as a shadow.

    Args:
        num, size, middle, reach: as for `Canvas`.

    Example:
        >>> canvas = OutlineCanvas(1, 64)
        >>> canvas.paint(circle(canvas.x, canvas.y, 0.5), color=(1.0, 0.8, 0.2))
        >>> canvas.images(channels=1).min(), canvas.images(channels=1)[0, 32, 32, 0]
        (0, 255)
    """

    thickness, thinnest = 0.028, 0.8
    """Of a line: in the units of the picture, and at least, in pixels: thin lines are grey where they would touch."""

    def __init__(self, num: int, size: int, middle: tuple[float, float] = (0.0, 0.0), reach: float = 1.0):
        super().__init__(num, size, middle, reach)
        self.pixels = np.ones((1, size, size, num), "float32")

    def _span(self, centers: Array, middle: Value, reach: Value) -> slice:
        # An edge lies half outside of its shape, and where distances are of first order it is wider than elsewhere.
        return super()._span(centers, middle, reach + 3 * self.thickness + self.pixel)

    def paint(self, distance: Array, color: Any, opacity: Value | None = None, shade: Array | None = None) -> None:
        """Draws a shape; arguments as for `Canvas.paint`, where `color` and `shade` are not used."""
        page = self.pixels[0]
        half = max(self.thickness, self.thinnest * self.pixel) / 2
        inside, edge = self.cover(distance), self.cover(np.abs(distance) - half)
        if opacity is not None:
            solid = np.clip(5 * (opacity - 0.4), 0, 1)
            inside, edge = inside * solid, edge * solid
        page += (1 - page) * inside
        page -= page * edge

    def blend(self, cover: Array, color: Any, shade: Array | None = None) -> None:
        """Draws nothing: a line drawing has no colors."""

    def images(self, channels: int) -> Array:
        """The drawings as uint8 of shape (n, height, width, channels), black on white."""
        levels = (np.clip(self.pixels, 0, 1) * 255 + 0.5).astype("uint8").transpose(3, 1, 2, 0)
        return np.ascontiguousarray(np.repeat(levels, channels, axis=-1))
