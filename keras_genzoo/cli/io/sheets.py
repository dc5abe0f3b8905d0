"""What `traverse`, `interpolate` and `arithmetic` share: image files in; a picture, its animation and its words out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo import images
from keras_genzoo.cli.io.inputs import check_image
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.data import DataError
from keras_genzoo.data.decode import decode
from keras_genzoo.images import legible
from keras_genzoo.model import GenerativeModel

FRAMES = 4
"""Frames of an animation from one image of a row to the next."""
_HELD = 5  # frames for which an animation stands still where it turns


def read_image(path: str | Path, model: GenerativeModel) -> np.ndarray:
    """An image file as a model takes it, cropped and resized: uint8 (height, width, channels).

    Raises:
        DataError: it is no image that can be read.
    """
    path, (height, width, channels) = Path(path), model.image_shape
    check_image(path)
    found = decode(path, (height, width), channels)
    if found.image is None:
        raise DataError(f"'{path}' {found.broken}: give another image.")
    return found.image


def finely(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Values with those between them that an animation shows besides: every `FRAMES`-th is one of them."""
    values = np.asarray(values, "float64")
    steps = np.arange((len(values) - 1) * FRAMES + 1) / FRAMES
    return np.interp(steps, np.arange(len(values)), values)


def scale_of(images: np.ndarray) -> int:
    """How often small images (..., height, width, channels) are enlarged, to be seen."""
    return legible(images.shape[-3:])


def write_rows(
    output: Output,
    rows: np.ndarray,
    report: dict[str, Any],
    before: np.ndarray | None = None,
    after: np.ndarray | None = None,
) -> list[tuple[str, str]]:
    """Writes rows of images as a picture, as an animation of all rows at once, there and back, and what they are.

    Args:
        output: where to.
        rows: uint8 array (rows, values, height, width, channels), of values as `finely` gives them.
        report: what the JSON file says.
        before: optional uint8 array (rows, n, height, width, channels), images at the left of the picture.
        after: optional, at its right.

    Returns:
        Names of the files, and what each of them is.
    """
    sheet = np.concatenate([part for part in (before, rows[:, ::FRAMES], after) if part is not None], axis=1)
    scale = scale_of(rows)
    output.report(report)
    images.write_png(output.main, images.grid(sheet.reshape(-1, *sheet.shape[2:]), columns=sheet.shape[1]), scale)
    frames = np.stack([images.grid(rows[:, at]) for at in range(rows.shape[1])])
    there, back = np.repeat(frames[:1], _HELD, axis=0), np.repeat(frames[-1:], _HELD, axis=0)
    images.write_gif(output[".gif"], np.concatenate([there, frames, back, frames[::-1]]), scale)
    return [
        (str(output.main), "the rows"),
        (str(output[".gif"]), "all rows at once, moving"),
        (str(output[".json"]), "what they are"),
    ]
