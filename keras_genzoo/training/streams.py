"""Streams: the batches of a training, and of some held-out images to validate on."""

import numpy as np

from keras_genzoo.artifacts.run_data import load_sources, reads_folder
from keras_genzoo.capabilities import Conditional
from keras_genzoo.data import DataError, Source, Split, Stream
from keras_genzoo.data.source import Subset
from keras_genzoo.data.weighting import from_csv
from keras_genzoo.model import GenerativeModel
from keras_genzoo.training.task import Task

MOST_VALIDATED = 1_000
"""Held-out images that are validated on after each epoch; `evaluate` takes them all."""


def streams(task: Task, split: Split, model: GenerativeModel) -> tuple[Stream, Stream | None]:
    """Batches to train on, and of some held-out images to validate on; None if none are held out.

    Raises:
        DataError: a batch is larger than the data, labels are missing that the model needs, or weights do not fit.
    """
    data = task.preset["data"]
    weights = from_csv(task.weights, split.train, "--sample-weights") if task.weights is not None else None
    train = Stream(split.train, data["batch_size"], task.seed, augment=data["augment"], weights=weights)
    train.steps(model.turns)
    train.batch(0, targets=model.targets)
    check_classes(split.train, model)
    held_out = some_of(split.held_out, MOST_VALIDATED)
    return train, Stream(held_out, data["batch_size"], shuffle=False) if len(held_out) else None


def check_listed(task: Task, model: GenerativeModel) -> None:
    """Checks what the names of the files in a folder tell, before minutes are spent on decoding them.

    Raises:
        DataError: they are too few for a batch, or have no classes, or others, where the model needs them.
    """
    if not reads_folder(task.preset["data"]["dataset"]):
        return
    source = load_sources(task.preset, task.path, task.targets, read="names").train
    Stream(source, task.preset["data"]["batch_size"]).steps(model.turns)
    if model.targets == "label" and source.class_names is None:
        raise DataError(
            f"{source.name} has no classes, and {type(model).__name__} needs the class of each image: put the images "
            "of each class into a sub-folder of its own, or take a preset without labels."
        )
    check_classes(source, model)


def check_classes(source: Source, model: GenerativeModel) -> None:
    """Refuses another number of classes than a model of labels has.

    Raises:
        DataError: it is another.
    """
    classes = source.class_names
    if isinstance(model, Conditional) and classes is not None and model.num_classes != len(classes):
        raise DataError(
            f"{source.name} has {len(classes)} classes, but arguments.num_classes is {model.num_classes}: give "
            f"--set arguments.num_classes={len(classes)}."
        )


def some_of(source: Source, most: int) -> Source:
    """At most `most` images, evenly spread over a source, and as many of its second domain."""
    other = None if source.other is None else some_of(source.other, most)
    if len(source) <= most and other is source.other:
        return source
    return Subset(source, np.linspace(0, len(source) - 1, min(most, len(source))).astype(int), other)
