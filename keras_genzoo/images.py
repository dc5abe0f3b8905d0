"""Pixels between uint8 and [-1, 1], and grids of pictures as PNG and GIF files.

An image of one pixel with two channels is a point of the plane; many of them are pictured in one plane.
"""

import math
import os
import types
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo.files import staged

Array = Any

_LEGIBLE = 96  # pixels of a screen


def to_pixels(images: Array, xp: types.ModuleType = np) -> Array:
    """Returns images in [-1, 1] as uint8 in 0..255, rounded to the nearest grey level and clipped.

    Args:
        images: float array of any shape.
        xp: `numpy` or `keras.ops`.
    """
    pixels = xp.clip(xp.round(images * 127.5 + 127.5), 0, 255)
    return pixels.astype("uint8") if xp is np else xp.cast(pixels, "uint8")


def from_pixels(images: Array, xp: types.ModuleType = np) -> Array:
    """Returns uint8 images in 0..255 as float32 in [-1, 1]; the inverse of `to_pixels`."""
    images = images.astype("float32") if xp is np else xp.cast(images, "float32")
    return images / 127.5 - 1.0


def as_pixels(images: np.ndarray) -> np.ndarray:
    """Returns images of a source, uint8 or floats in [-1, 1], as uint8."""
    return images if images.dtype == np.uint8 else to_pixels(images)


def check_range(images: np.ndarray, where: str) -> np.ndarray:
    """Returns float images in [-1, 1] unchanged and refuses the rest, whose loss would be finite and wrong.

    Raises:
        ValueError: `images` are integers, not finite, or leave [-1, 1].
    """
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"{where}: images have dtype {images.dtype}, but floats in [-1, 1] are expected: divide 0..255 by 127.5 "
            "and subtract 1, or pass them through keras_genzoo.images.from_pixels."
        )
    low, high = (float(images.min()), float(images.max())) if images.size else (0.0, 0.0)
    if low < -1.001 or high > 1.001 or not np.isfinite(low + high):
        raise ValueError(f"{where}: images lie in [{low:g}, {high:g}], but floats in [-1, 1] are expected.")
    return images


def as_floats(images: Array, image_shape: tuple[int | None, ...], where: str) -> np.ndarray:
    """Returns a user's images, uint8 or floats in [-1, 1], as float32 in [-1, 1].

    Args:
        images: array of shape (n, *image_shape).
        image_shape: (height, width, channels) that a model takes; None stands for any size.
        where: the caller, for the error message.

    Raises:
        ValueError: another shape, or numbers out of range.
    """
    images = np.asarray(images)
    pairs = zip(images.shape[1:], image_shape, strict=False)
    if images.ndim != len(image_shape) + 1 or any(due not in (None, size) for size, due in pairs):
        expected = ", ".join("any size" if due is None else str(due) for due in image_shape)
        raise ValueError(f"{where}: images have shape {images.shape}, but (n, {expected}) is expected.")
    return from_pixels(images) if images.dtype == np.uint8 else check_range(images, where).astype("float32")


def grid(images: np.ndarray, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Lays images out in rows on white; points are drawn into one plane, darker where more are.

    Args:
        images: uint8 array of shape (n, height, width, channels), channels 1 or 3; or points, (n, 1, 1, 2).
        columns: images in a row; the nearest to a square by default.
        gap: pixels between neighbors.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    if are_points(images.shape[1:]):
        return _plane(images.reshape(-1, 2))
    count, height, width, channels = images.shape
    columns = columns or max(1, round(math.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, "uint8")
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def are_points(image_shape: tuple[int, ...]) -> bool:
    """Returns True for the shape of images that are points of the plane."""
    return tuple(image_shape) == (1, 1, 2)


def legible(image_shape: tuple[int, ...]) -> int:
    """How often images of a shape (height, width, channels) are enlarged in a picture of several, to be seen."""
    return 2 if are_points(image_shape) else max(1, _LEGIBLE // max(image_shape[:2]))


def _plane(points: np.ndarray) -> np.ndarray:
    """uint8 points (n, 2) in the plane, of which each grey level is a pixel: (256, 256, 1), y upwards."""
    counts = np.zeros((256, 256))
    np.add.at(counts, (255 - points[:, 1].astype(int), points[:, 0].astype(int)), 1)
    darkness = np.where(
        counts > 0, 0.4 + 0.6 * counts / max(1.0, counts.max()), 0.0
    )  # so that a single point is visible
    return (255 * (1.0 - darkness)).astype("uint8")[..., None]


def rows_of_pairs(above: np.ndarray, below: np.ndarray, columns: int = 8) -> np.ndarray:
    """Lays pairs of images out: a row of the first images, below it their partners, and so on.

    Args:
        above: uint8 array of shape (n, height, width, channels).
        below: uint8 array of the same shape.
        columns: integer, pairs in a row.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    return rows_of([above, below], columns)


def rows_of(parts: Sequence[np.ndarray], columns: int = 8) -> np.ndarray:
    """Lays images that belong together out below each other: a row of the first parts, below it the second, and so on.

    Args:
        parts: uint8 arrays of shape (n, height, width, channels); grey images beside colored ones become these.
        columns: integer, images in a row.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    channels = max(part.shape[-1] for part in parts)
    parts = [part if part.shape[-1] == channels else np.repeat(part, channels, axis=-1) for part in parts]
    rows = [part[at : at + columns] for at in range(0, len(parts[0]), columns) for part in parts]
    filled = [np.concatenate([row, np.full((columns - len(row), *row.shape[1:]), 255, "uint8")]) for row in rows]
    return grid(np.concatenate(filled), columns=columns)


def stacked(sheets: Sequence[np.ndarray], gap: int = 2) -> np.ndarray:
    """Sheets of one width below each other, as one; `gap` is the number of white pixels between them."""
    white = np.full((gap, *sheets[0].shape[1:]), 255, "uint8")
    return np.concatenate([part for sheet in sheets for part in (white, sheet)][1:])


def write_png(path: str | os.PathLike, image: np.ndarray, scale: int | None = None) -> Path:
    """Writes a uint8 image (height, width, channels) as a PNG file, whole or not at all.

    Args:
        path: path of the file; missing folders are made.
        scale: factor by which each pixel is enlarged; by default small sheets are enlarged.
    """
    with _new(path) as unfinished:
        _picture(image, scale).save(unfinished, format="PNG")
    return Path(path)


def write_gif(path: str | os.PathLike, frames: np.ndarray, scale: int | None = None, seconds: float = 0.06) -> Path:
    """Writes uint8 frames (n, height, width, channels) as a GIF file that plays for ever, whole or not at all.

    Use it to show a change that rows of images only hint at. GIF knows 256 colors: they are chosen for all frames
    together, so that what does not move does not flicker.

    Args:
        path: path of the file; missing folders are made.
        frames: at least one; channels 1 or 3.
        scale: factor by which each pixel is enlarged; as for `write_png`.
        seconds: float, duration of a frame; GIF counts in hundredths.

    Returns:
        The path.

    Raises:
        ValueError: there are no frames, or they are no images.

    Example:
        >>> write_gif("walk.gif", np.concatenate([walk, walk[::-1]]))
    """
    from PIL import Image

    if frames.ndim != 4 or not len(frames) or frames.shape[-1] not in (1, 3):
        raise ValueError(f"write_gif: frames have shape {frames.shape}, but (n, height, width, 1 or 3) is expected.")
    pictures = [_picture(frame, 1) for frame in frames]
    if frames.shape[-1] == 3:
        some = frames[np.linspace(0, len(frames) - 1, min(16, len(frames))).astype(int)]
        palette = _picture(np.concatenate(some), 1).quantize(256, kmeans=1)
        # Without dither, which would flicker, and triple what large pixels take.
        pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    factor = _factor(frames[0], scale)
    pictures = [
        picture.resize((factor * picture.width, factor * picture.height), Image.Resampling.NEAREST)
        for picture in pictures
    ]
    with _new(path) as unfinished:
        first, *others = pictures
        duration = round(1000 * seconds)
        first.save(unfinished, format="GIF", save_all=True, append_images=others, duration=duration, loop=0)
    return Path(path)


def write_mp4(path: str | os.PathLike, frames: np.ndarray, scale: int | None = None, fps: int = 24) -> Path:
    """Writes uint8 frames (n, height, width, channels) as an MP4 file (H.264), whole or not at all.

    It needs imageio-ffmpeg, the extra `video`. Odd sides get a line more, which H.264 needs.

    Args:
        path: path of the file; missing folders are made.
        frames: at least one; channels 1 or 3.
        scale: factor by which each pixel is enlarged; as for `write_png`.
        fps: integer, frames in a second.

    Returns:
        The path.

    Raises:
        ValueError: there are no frames, or they are no images.
        ImportError: there is no imageio-ffmpeg.

    Example:
        >>> write_mp4("walk.mp4", walk(model, w, 240))
    """
    try:
        import imageio_ffmpeg  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError("an MP4 file needs ffmpeg: pip install 'keras_genzoo[video]', or write a GIF.") from None

    if frames.ndim != 4 or not len(frames) or frames.shape[-1] not in (1, 3):
        raise ValueError(f"write_mp4: frames have shape {frames.shape}, but (n, height, width, 1 or 3) is expected.")
    factor = _factor(frames[0], scale)
    height, width = (factor * side + factor * side % 2 for side in frames.shape[1:3])
    with _new(path) as unfinished:
        writer = imageio_ffmpeg.write_frames(
            str(unfinished), (width, height), fps=fps, quality=8, macro_block_size=1, output_params=["-f", "mp4"]
        )
        writer.send(None)
        for frame in frames:
            large = np.repeat(np.repeat(frame, factor, axis=0), factor, axis=1)
            padding = [(0, height - large.shape[0]), (0, width - large.shape[1]), (0, 0)]
            whole = np.pad(large, padding, mode="edge")
            writer.send(np.ascontiguousarray(np.broadcast_to(whole, (*whole.shape[:2], 3))))
        writer.close()
    return Path(path)


def _factor(image: np.ndarray, scale: int | None) -> int:
    """Returns the factor by which a picture is enlarged: small ones become visible."""
    return scale or max(1, min(4, 512 // max(image.shape[:2])))


def _picture(image: np.ndarray, scale: int | None) -> Any:
    """A uint8 image (height, width, channels), enlarged, as Pillow has it."""
    from PIL import Image

    factor = _factor(image, scale)
    image = np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _new(path: str | os.PathLike) -> AbstractContextManager[Path]:
    """Stages a file in a folder that is made if it is missing."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return staged(Path(path))
