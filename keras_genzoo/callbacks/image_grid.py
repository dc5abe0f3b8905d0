"""Grids of images: samples of a model, reconstructions and translations."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_genzoo import images
from keras_genzoo.callbacks.warn import warn_on_error
from keras_genzoo.capabilities import Conditional, Corrupts, Reconstructs, Samples, Translates
from keras_genzoo.data import Source
from keras_genzoo.data.domains import has_pairs, some_of_both
from keras_genzoo.images import as_pixels
from keras_genzoo.model import GenerativeModel

_SMALL = 96  # pixels, of images of which many are shown
_POINTS = 2500
_ROWS, _COLUMNS = 16, 8  # of a sheet of labels


def samples(
    model: GenerativeModel,
    num: int | None = None,
    seed: int = 0,
    labels: Sequence[int] | None = None,
    **options: Any,
) -> np.ndarray:
    """Returns samples of a model, laid out in rows; of labels one row each.

    Args:
        model: a built model that has `generate`.
        num: integer, how many; by default 64, fewer if they are large, and 2,500 points.
        seed: integer in [0, 2**32).
        labels: optional integers, for a model of labeled images: each gets a row, images of one column are of the same
            noise, and `num` is divided by their number. By default, if `num` is None too, all of them, if they are at
            most 16.
        options: options of the model's `sample`, such as truncation.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.

    Raises:
        ValueError: a model without samples, labels out of range, or labels for a model without labels.
    """
    if not isinstance(model, Samples):
        raise ValueError(f"samples: {type(model).__name__} makes no images of noise: give a model that has `generate`.")
    if labels is not None and not isinstance(model, Conditional):
        raise ValueError(f"samples: {type(model).__name__} makes no images of chosen labels: leave them out.")
    if isinstance(model, Conditional) and (labels is not None or (num is None and model.num_classes <= _ROWS)):
        given = list(range(model.num_classes) if labels is None else labels)
        chosen = model.labels(given, len(given), "samples")
        columns = max(1, (num or _COLUMNS * len(chosen)) // len(chosen))
        rows = [model.generate(columns, seed=seed, labels=int(label), **options) for label in chosen]
        return images.grid(np.concatenate(rows), columns)
    if num is None:
        num = _POINTS if images.are_points(model.image_shape) else 64 if max(model.image_shape[:2]) <= 64 else 16
    return images.grid(model.generate(num, seed=seed, **options))


def reconstructions(model: Reconstructs, x: np.ndarray, columns: int = 8) -> np.ndarray:
    """Returns images in rows, and below each row their reconstructions.

    Args:
        model: a built model that has `reconstruct`.
        x: uint8 array of shape (n, height, width, channels).
        columns: integer, images in a row.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    return images.rows_of_pairs(x, model.reconstruct(x), columns)


def translations(
    model: Translates,
    x: np.ndarray,
    targets: np.ndarray | None = None,
    other: np.ndarray | None = None,
    columns: int = 8,
) -> np.ndarray:
    """Returns images in rows, below each row their translations, and below these their targets.

    Of a model of both directions the third rows are what comes back; and images of domain B follow, likewise.

    Args:
        model: a built model that has `translate`.
        x: uint8 array of shape (n, height, width, channels), images of domain A.
        targets: optional, the same of their targets; not shown of a model of both directions.
        other: optional, the same of images of domain B, for a model of both directions; by default `targets`.
        columns: integer, images in a row.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    made = model.translate(x)
    if len(model.directions) == 1:
        return images.rows_of([x, made] if targets is None else [x, made, targets], columns)
    parts = [[x, made, model.translate(made, "ba")]]
    other = targets if other is None else other
    if other is not None:
        made = model.translate(other, "ba")
        parts.append([other, made, model.translate(made, "ab")])
    return images.stacked([images.rows_of(part, columns) for part in parts])


def sheet_of_translations(model: Translates, source: Source, most: int) -> np.ndarray:
    """Returns what `translations` does, of some images of a source, and of its targets or its second domain."""
    x, other = some_of_both(source, most)
    other = None if other is None else as_pixels(other)
    targets = other if has_pairs(source) else None
    return translations(model, as_pixels(x), targets, other)


def write_sheet(path: str | os.PathLike, sheet: np.ndarray, model: GenerativeModel) -> Path:
    """Writes a sheet of a model's images as a PNG file; small images are enlarged to be legible."""
    return images.write_png(path, sheet, images.legible(model.image_shape))


class ImageGrid(keras.callbacks.Callback):
    """Writes samples of the same noise every few epochs, as `epoch-NNNN.png`.

    Of a model without samples it writes what the model makes of `x`: translations or reconstructions, below their
    inputs: see `translations`. A model that can do neither is left without a grid.

    Args:
        folder: where to write; made if it is missing.
        every: integer, epochs from one grid to the next; the first and the last epoch always get one.
        num: integer, how many samples; by default as many as `samples` takes.
        seed: integer in [0, 2**32).
        epochs: optional integer, the last epoch; that of `fit` by default.
        options: options of the model's `sample`, such as truncation; by default those of its `looking_options`.
        x: optional inputs for a model without samples: a uint8 array (n, height, width, channels); or, for a
            translator, a `Source`, of whose images, with targets or of two domains, some are taken.

    Example:
        >>> model.fit(train, epochs=20, callbacks=[ImageGrid("samples")])
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        every: int = 1,
        num: int | None = None,
        seed: int = 0,
        epochs: int | None = None,
        options: Mapping[str, Any] | None = None,
        x: np.ndarray | Source | None = None,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.every = every
        self.num = num
        self.seed = seed
        self.epochs = epochs
        self.options = options
        self.x = x

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Writes the grid of this epoch, if it is due."""
        number = epoch + 1
        if number == 1 or number % self.every == 0 or number == (self.epochs or self.params["epochs"]):
            with warn_on_error(f"the image grid of epoch {number}"):
                sheet = self._sheet()
                if sheet is not None:
                    write_sheet(self.folder / f"epoch-{number:04d}.png", sheet, self.model)

    def _sheet(self) -> np.ndarray | None:
        model: Any = self.model
        if isinstance(model, Samples):
            options = model.looking_options if self.options is None else self.options
            return samples(self.model, self.num, self.seed, **options)
        if self.x is not None and isinstance(model, Translates):
            if isinstance(self.x, np.ndarray):
                return translations(model, self.x)
            return sheet_of_translations(model, self.x, 16 if max(model.image_shape[:2]) <= _SMALL else 8)
        if isinstance(self.x, np.ndarray) and isinstance(model, Reconstructs):
            return reconstructions(model, model.corrupt(self.x) if isinstance(model, Corrupts) else self.x)
        return None
