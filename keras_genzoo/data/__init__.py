"""Data: sources addressed by position, and the streams of batches that training reads."""

import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterable
from typing import Any

from keras_genzoo.data.augmentation import AUGMENTATIONS
from keras_genzoo.data.decode import canonical
from keras_genzoo.data.few_labels import few_labels
from keras_genzoo.data.source import ArraySource, DataError, Source, Split
from keras_genzoo.data.stream import Stream
from keras_genzoo.registry import DATASETS, did_you_mean, folder_dataset
from keras_genzoo.types import ImageSize

__all__ = ["AUGMENTATIONS", "ArraySource", "DataError", "Source", "Split", "Stream", "load_data", "load_split"]

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.endswith("_tfds"):  # TensorFlow Datasets' builders import TensorFlow
        importlib.import_module(f"{__name__}.{_module.name}")


def load_split(dataset: str, path: str | os.PathLike | None = None, **options: Any) -> Split:
    """Loads the sources of a dataset: to train on, and held out.

    Args:
        dataset: string, a registered dataset. One that is not a folder, given a `path`, becomes `image_folder`; drawn
            pairs become `pairs`, and drawn images of two domains `unpaired`.
        path: folder of images.
        options: keywords of the dataset's function, among them `size` and `channels`.

    Raises:
        DataError: unknown dataset or option, or data that cannot be used.
    """
    if path is not None:
        dataset = folder_dataset(dataset)
    function = DATASETS[dataset]
    known = inspect.signature(function).parameters
    if "size" in options and "size" in known:
        options["size"] = canonical(options["size"])
        if not isinstance(options["size"], int) and known["size"].annotation is not ImageSize:
            height, width = options["size"]
            raise DataError(f"dataset '{dataset}' gives squares: size={height} x {width} pixels cannot be had of it.")
    if path is not None:
        options["path"] = os.fspath(path)
    for name in options:
        if name not in known:
            raise DataError(f"dataset '{dataset}' takes no option '{name}'; {did_you_mean(name, known)}")
    return function(**options)


def load_data(
    dataset: str,
    path: str | os.PathLike | None = None,
    batch_size: int = 64,
    shuffle_seed: int = 0,
    augment: Iterable[str] = (),
    labeled: int | None = None,
    labeled_share: float | None = None,
    **options: Any,
) -> tuple[Stream, Stream | None]:
    """Loads a dataset as streams for `fit`: `(train, held_out)`.

    Args:
        dataset: string, a registered dataset such as "drawn_faces", "image_folder" or "ffhq".
        path: folder of images, for the datasets that read one; any other dataset given a path reads that folder.
        batch_size: integer, images in a batch: one turn of a player trains on them.
        shuffle_seed: integer, of the order of the images and their augmentation.
        augment: names of augmentations: "flip", "shift", "jitter", "brightness_contrast".
        labeled: optional integer, how many of the images to train on keep their label, as many of each class, chosen
            by `shuffle_seed`; the others get -1.
        labeled_share: optional float below 1, the share of images with a label in what is trained on: see `Stream`.
        options: the dataset's own keywords: `size` in pixels or as (height, width), `channels`, `held_out` as a number
            or a fraction, ...

    Returns:
        Two `Stream`s; the second is None if nothing is held out.

    Raises:
        DataError: unknown dataset or option, or data that cannot be used.

    Example:
        >>> train, held_out = load_data("ffhq", path="faces/", size=64, batch_size=64)
        >>> model.fit(train, validation_data=held_out, epochs=100)
    """
    split = load_split(dataset, path, **options)
    labels = None if labeled is None else few_labels(split.train, labeled, shuffle_seed)
    train = Stream(
        split.train, batch_size, seed=shuffle_seed, augment=augment, labels=labels, labeled_share=labeled_share
    )
    return train, Stream(split.held_out, batch_size, shuffle=False) if len(split.held_out) else None
