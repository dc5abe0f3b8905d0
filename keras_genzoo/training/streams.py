"""Streams: the batches of a training, and of some held-out images to validate on."""

import numpy as np

from keras_genzoo.artifacts.run_data import load_sources, reads_folder
from keras_genzoo.capabilities import Conditional
from keras_genzoo.data import DataError, Source, Split, Stream
from keras_genzoo.data.few_labels import check_every_class, few_labels
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
    labels = None if data["labeled"] is None else few_labels(split.train, data["labeled"], task.seed)
    train = Stream(
        split.train,
        data["batch_size"],
        task.seed,
        augment=data["augment"],
        weights=weights,
        labels=labels,
        labeled_share=data["labeled_share"] if model.targets == "label" else None,
    )
    train.steps(model.turns)
    train.batch(0, targets=model.targets)
    check_classes(split.train, model)
    if model.targets == "label":
        check_labels(split.train, split.train.labels if labels is None else labels, model)
    held_out = some_of(split.held_out, MOST_VALIDATED)
    return train, Stream(held_out, data["batch_size"], shuffle=False) if len(held_out) else None


def check_listed(task: Task, model: GenerativeModel) -> None:
    """Checks what the names of the files in a folder tell, before minutes are spent on decoding them.

    Raises:
        DataError: they are too few for a batch, or have no classes, or others, or no images of a second domain, where
            the model needs them.
    """
    if not reads_folder(task.preset["data"]["dataset"]):
        return
    source = load_sources(task.preset, task.path, task.targets, read="names").train
    stream = Stream(source, task.preset["data"]["batch_size"])
    stream.steps(model.turns)
    if model.targets not in (None, "label"):
        stream.batch(0, 1, model.targets)
    if model.targets == "label" and source.class_names is None:
        raise DataError(
            f"{source.name} has no classes, and {type(model).__name__} needs the class of each image: put the images "
            "of each class into a sub-folder of its own, or take a preset without labels."
        )
    check_classes(source, model)


def check_labels(source: Source, labels: np.ndarray | None, model: GenerativeModel) -> None:
    """Refuses images without a label where the model needs one for each, and classes without an image with a label.

    Raises:
        DataError: there are such.
    """
    if labels is None:
        return
    if model.targets_may_lack:
        return check_every_class(labels, source.class_names or (), source.name)
    if (labels < 0).any():
        raise DataError(
            f"{source.name}: {(labels < 0).sum():,} of {len(labels):,} images have no label, and "
            f"{type(model).__name__} needs the label of each: take a model that learns from few, such as ssvae or sgan."
        )


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
