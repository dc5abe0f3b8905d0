"""Grids of images: what a model makes, and what it makes of images."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_genzoo import images
from keras_genzoo.callbacks.telling import told
from keras_genzoo.model import GenerativeModel

_LEGIBLE = 96  # pixels on a screen
_POINTS = 2500
_ROWS, _COLUMNS = 16, 8  # of a sheet of labels


def samples(
    model: GenerativeModel,
    num: int | None = None,
    seed: int = 0,
    labels: Sequence[int] | None = None,
    **options: Any,
) -> np.ndarray:
    """Images that a model makes, laid out in rows; of labels one row each.

    Args:
        model: a built model.
        num: integer, how many; by default 64, fewer if they are large, and 2,500 points.
        seed: integer in [0, 2**32).
        labels: optional integers, for a model of labeled images: each gets a row, of which images of one column come
            from the same noise, and `num` is shared among them. By default, if `num` is None too, all of them, if
            they are at most 16.
        options: options of the model's `sample`, such as truncation.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.

    Raises:
        ValueError: labels that are not there, or of a model without labels.
    """
    classes = getattr(model, "num_classes", None)
    if labels is not None and classes is None:
        raise ValueError(f"samples: {type(model).__name__} makes no images of chosen labels: leave them out.")
    if labels is None and num is None and classes is not None and classes <= _ROWS:
        labels = range(classes)
    if labels is not None:
        columns = max(1, (num or _COLUMNS * len(labels)) // len(labels))
        chosen = np.repeat(model.labels(list(labels), len(labels), "samples"), columns)
        made = model.samples(np.tile(np.arange(columns), len(labels)), seed, labels=chosen, **options)
        return images.grid(images.to_pixels(made), columns)
    if num is None:
        num = _POINTS if images.are_points(model.image_shape) else 64 if max(model.image_shape[:2]) <= 64 else 16
    return images.grid(model.generate(num, seed=seed, **options))


def reconstructions(model: GenerativeModel, x: np.ndarray, columns: int = 8) -> np.ndarray:
    """Originals, and below each row of them what an autoencoder makes of them.

    Args:
        model: a built model that has `reconstruct`.
        x: uint8 array of shape (n, height, width, channels).
        columns: integer, images in a row.

    Returns:
        uint8 array of shape (rows, columns, channels) of pixels.
    """
    return images.rows_of_pairs(x, model.reconstruct(x), columns)


def write_sheet(path: str | os.PathLike, sheet: np.ndarray, model: GenerativeModel) -> Path:
    """Writes a sheet of a model's images as a PNG file; small images are enlarged until they can be seen."""
    scale = 2 if images.are_points(model.image_shape) else max(1, _LEGIBLE // max(model.image_shape[:2]))
    return images.write_png(path, sheet, scale)


class ImageGrid(keras.callbacks.Callback):
    """Writes what the model makes of the same noise, every few epochs, as `epoch-NNNN.png`.

    Args:
        folder: where to; made if it is missing.
        every: integer, epochs from one grid to the next; the first and the last epoch always get one.
        num: integer, how many images; by default as many as `samples` takes.
        seed: integer in [0, 2**32).
        epochs: optional integer, the last epoch; that of `fit` by default.

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
    ):
        super().__init__()
        self.folder = Path(folder)
        self.every = every
        self.num = num
        self.seed = seed
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Writes the grid of this epoch, if it is its turn."""
        number = epoch + 1
        if number == 1 or number % self.every == 0 or number == (self.epochs or self.params["epochs"]):
            model = self.model
            with told(f"the samples of epoch {number}"):
                write_sheet(self.folder / f"epoch-{number:04d}.png", samples(model, self.num, self.seed), model)
