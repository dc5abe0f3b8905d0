"""Subjects and the real images beside them, by their names: runs, folders, SavedModels, datasets and baselines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.artifacts import Run, load, located
from keras_genzoo.artifacts.run_data import Data, images_beside, reads_folder
from keras_genzoo.data import DataError, Source, Split, load_split
from keras_genzoo.data.decode import FORMATS, header_of
from keras_genzoo.data.image_folder import find_images
from keras_genzoo.data.source import Subset
from keras_genzoo.evaluation.measurements import Reference
from keras_genzoo.evaluation.naming import BASELINES, SUBJECTS, EvaluationError, check_named
from keras_genzoo.evaluation.subjects import (
    ModelSubject,
    NoiseSubject,
    SavedModelSubject,
    SourceSubject,
    Subject,
)
from keras_genzoo.registry import DATASETS, did_you_mean


class Opened(NamedTuple):
    """A subject and real images, opened by their names.

    Args:
        subject: what is measured.
        reference: the real images beside it.
        run: the folder, if the subject is a run.
    """

    subject: Subject
    reference: Reference
    run: Path | None = None


def open_both(
    name: str,
    data: str | None,
    part: str | None,
    batch_size: int,
    best: str | None = None,
    trust: bool = False,
    tolerant: bool = False,
    options: Mapping[str, Any] | None = None,
    targets: str | None = None,
) -> Opened:
    """Opens a subject, and the real images to measure it against.

    Args:
        name: a run folder, a SavedModel, a folder of images, "real" or "noise".
        data: a dataset's name, a folder of images, or a run, for the images of that one; a run's own by default.
        part: "held_out", "train" or "all"; None for what is right by itself.
        batch_size: integer, images that are made at a time.
        best: optional metric whose best checkpoint of the run is taken.
        trust: bool, whether to load a SavedModel whatever its graph does.
        tolerant: bool, whether a folder beside a run may have broken images, which are left out with a warning, and
            small ones, which are enlarged. Without it they are refused: their number is a part of a protocol.
        options: optional, of a run: options of its model's `sample`, such as truncation.
        targets: optional, of a run: beside a folder `data` of one domain, the folder of the second.

    Raises:
        EvaluationError: there is no such subject, it takes no options, or has no images to be measured against.
        DataError: the images cannot be used.
    """
    path = located(name)
    if (path / "config.json").is_file():
        subject: Subject = ModelSubject(load(path, best=best), path.resolve().name, batch_size, options)
        return Opened(subject, _reference(images_beside(Run(path), data, tolerant, targets), part), path)
    check_named(name, data)
    images = cast(str, data)  # as was checked
    if best is not None:
        raise EvaluationError(f"--best takes a checkpoint of a run, and '{name}' is none: leave it out.")
    if targets is not None:
        raise EvaluationError(f"--targets is of runs, and '{name}' is none: leave it out.")
    if options:
        raise EvaluationError(f"'{name}' is no run, so it takes no options: leave {', '.join(options)} out.")
    if name in BASELINES and not path.exists():
        found = _data(images, None)
        if name == "noise":
            return Opened(NoiseSubject(found.split.train.image_shape), _reference(found, part))
        real, other = _two_parts(found, part)
        return Opened(SourceSubject(other, "real"), real)
    if (path / "saved_model.pb").is_file():
        subject = SavedModelSubject(path, batch_size, trust)
    elif path.is_dir():
        subject = SourceSubject(_folder(path), "folder")
    else:
        raise EvaluationError(f"'{name}' is a file: give {SUBJECTS}.")
    return Opened(subject, _reference(_data(images, tuple(subject.image_shape)), part))


def _data(data: str, image_shape: tuple[int, ...] | None) -> Data:
    """Images by the name of a dataset, a folder, or a run that was trained on them."""
    path = located(data)
    if (path / "config.json").is_file():
        found = images_beside(Run(path), None)
        return Data(found.split, found.part)
    size: dict[str, Any] = {}
    if image_shape is not None:
        size = {"size": image_shape[:2], "channels": image_shape[2]}
    if path.is_dir():
        return Data(load_split("image_folder", path, max_broken=0.0, **(size or _look(path))), "all")
    if data not in DATASETS:
        raise DataError(
            f"--data: there is no folder '{data}', nor a dataset of this name; {did_you_mean(data, DATASETS)}"
        )
    if reads_folder(data):
        raise DataError(f"--data: the dataset '{data}' is read from a folder: give that folder.")
    return Data(load_split(data, **size), "held_out")


def _reference(data: Data, part: str | None) -> Reference:
    if data.part == "all" and part not in (None, "all"):
        raise EvaluationError(
            f"--split {part}: it is not known which images of {data.split.train.name} are {part.replace('_', ' ')}: "
            "leave --split out, or name by --data a run that was trained on a part of them."
        )
    part = part or data.part
    train = data.split.train if data.trained else None
    if part == "held_out":
        return Reference(data.split.held_out, part, train)
    if part == "train":
        # What a translator makes of images that it was not trained on, beside those that it was.
        return Reference(
            data.split.train, part, train, inputs=data.split.held_out if len(data.split.held_out) else None
        )
    return Reference(_all(data.split), part, train)


def _all(split: Split) -> Source:
    if isinstance(split.train, Subset) and isinstance(split.held_out, Subset):
        return split.train.source
    if not len(split.held_out):
        return split.train
    raise EvaluationError(
        f"{split.train.name} and {split.held_out.name} are sets of their own: take one by --split train or held_out."
    )


def _two_parts(data: Data, part: str | None) -> tuple[Reference, Source]:
    """Real images, and others from the same place."""
    part = part or data.part
    if part == "held_out":
        return Reference(data.split.held_out, part), data.split.train
    if part == "train":
        return Reference(data.split.train, part), data.split.held_out
    source = _all(data.split)
    order = counter_rng.permutation(0, 0, len(source))
    half = len(source) // 2
    return Reference(Subset(source, np.sort(order[half:])), "half"), Subset(source, np.sort(order[:half]))


def _folder(path: Path) -> Source:
    """All images of a folder, as they are; any that is broken is refused: it would change the count."""
    return _all(load_split("image_folder", path, labels="none", max_broken=0.0, **_look(path)))


def _look(path: Path) -> dict[str, Any]:
    """Size and channels of the first image of a folder."""
    found_images = find_images(path)
    if len(found_images) < 2:
        raise DataError(f"'{path}' holds a single image, but images are measured as a set: give a folder of more.")
    first = path / found_images[0]
    found = header_of(first)
    if found is None:
        raise DataError(f"{first} holds no image of {', '.join(FORMATS)}: repair or remove it.")
    return {"size": min(found.sides), "channels": 1 if found.grey else 3}
