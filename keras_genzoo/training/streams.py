"""Streams: the batches of a training, and of some held-out images to validate on."""

import numpy as np

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
    classes = split.train.class_names
    if isinstance(model, Conditional) and classes is not None and model.num_classes != len(classes):
        raise DataError(
            f"{split.train.name} has {len(classes)} classes, but arguments.num_classes is {model.num_classes}: give "
            f"--set arguments.num_classes={len(classes)}."
        )
    held_out = some_of(split.held_out, MOST_VALIDATED)
    return train, Stream(held_out, data["batch_size"], shuffle=False) if len(held_out) else None


def some_of(source: Source, most: int) -> Source:
    """At most `most` images, evenly spread over a source."""
    if len(source) <= most:
        return source
    return Subset(source, np.linspace(0, len(source) - 1, most).astype(int))
