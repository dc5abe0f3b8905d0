"""What a training is told: a preset, its data, a seed, jit; from the command line, or from the run that goes on."""

import argparse
import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo import config
from keras_genzoo.artifacts import Run, RunError
from keras_genzoo.data import DataError, Source, Split, Stream, load_split
from keras_genzoo.data.source import Subset
from keras_genzoo.data.tables import read_text
from keras_genzoo.data.weighting import content_of, from_csv
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import DATASETS, did_you_mean

MOST_VALIDATED = 1_000
"""Held-out images that are looked at after each epoch; `genzoo evaluate` takes them all."""
SAMPLE_WEIGHTS = "sample_weights.csv"
"""A run's own copy of the weights that it was told to draw images by."""
_OF_STREAMS = ("dataset", "batch_size", "augment")


@dataclass(frozen=True)
class Task:
    """What to train.

    Args:
        preset: a resolved preset.
        name: string, the name of the preset it came from.
        path: the folder of its images, if it reads one.
        seed: integer, of weights, noise and the order of images.
        jit: "auto", "on" or "off".
        deterministic: bool, whether every operation gives the same bits each time, on a GPU too.
        weights: optional text of a table of sample weights.
    """

    preset: config.Preset
    name: str
    path: Path | None
    seed: int
    jit: str
    deterministic: bool = False
    weights: str | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> "Task":
        """The task that a command line describes.

        Raises:
            ConfigError: the preset, or a change to it, is not right.
        """
        preset, path = on_data(config.load_preset(args.preset), args.data)
        weights = read_text(Path(args.sample_weights)) if args.sample_weights else None
        seed, jit = args.seed or 0, args.jit or "auto"
        return cls(_changed(preset, args), preset.name, path, seed, jit, args.deterministic, weights)

    @classmethod
    def resumed(cls, args: argparse.Namespace, run: Run) -> "Task":
        """The task of a run that goes on; the command line may repeat it, and change `epochs`, where data is, and jit.

        Raises:
            RunError: the command line gives another seed, or other weights. (What else differs, `Run.resume` finds.)
        """
        record, own = run.record, run.config
        if args.seed not in (None, record["seed"]):
            raise RunError(f"'{run.path}' was trained with --seed {record['seed']}, not {args.seed}: leave --seed out.")
        before = record["data"]["path"]
        path = Path(before) if before else None
        preset = own
        if args.preset:
            preset, path = on_data(config.load_preset(args.preset), args.data or before)
        elif args.data:
            path = Path(args.data)
        preset = _changed(preset, args)
        if args.epochs is None and not any(setting.startswith("fit.epochs=") for setting in args.set):
            preset = config.override(preset, [f"fit.epochs={own['fit']['epochs']}"])
        deterministic = args.deterministic or record.get("deterministic", False)
        jit = args.jit or record["jit"]
        weights = _weights_again(args.sample_weights, run)
        return cls(config.resolve(preset), record["preset"], path, record["seed"], jit, deterministic, weights)

    def record(self, model: GenerativeModel, split: Split) -> dict[str, Any]:
        """What the run's `environment.json` keeps of it."""
        return {
            "preset": self.name,
            "seed": self.seed,
            "jit": self.jit,
            "jit_compile": bool(model.jit_compile),
            "deterministic": self.deterministic,
            "precision": model.dtype_policy.name,
            "sample_weights": {"sha256": _sha256(self.weights)} if self.weights else None,
            "data": {
                "path": str(self.path.absolute()) if self.path else None,
                "train": split.train.manifest(),
                "held_out": split.held_out.manifest(),
            },
        }


def _weights_again(given: str | None, run: Run) -> str | None:
    """The weights that a run was told: its own copy of them, or the same ones given again."""
    told = run.record.get("sample_weights")
    if told is None:
        if given:
            raise RunError(f"'{run.path}' was trained without sample weights: leave --sample-weights out.")
        return None
    text = read_text(Path(given) if given else run.path / SAMPLE_WEIGHTS)
    if _sha256(text) != told["sha256"]:
        what = f"'{given}' has" if given else f"{run.path / SAMPLE_WEIGHTS} is damaged: it has"
        raise RunError(f"{what} other weights than '{run.path}' was trained with: give the same by --sample-weights.")
    return text


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def on_data(preset: config.Preset, data: str | None) -> tuple[config.Preset, Path | None]:
    """The preset for what --data names, and the folder if it is one.

    Args:
        preset: a preset.
        data: a folder, or the name of a dataset; None for the preset's own.

    Raises:
        DataError: it is neither.
    """
    if data is None:
        return preset, None
    path = Path(data).expanduser()
    if not path.exists() and data in DATASETS:
        return config.on_dataset(preset, data), None
    takes_path = "path" in inspect.signature(DATASETS[preset["data"]["dataset"]]).parameters
    if not path.exists() and not takes_path:
        near = did_you_mean(data, DATASETS)
        raise DataError(f"--data: there is no folder '{data}', nor a dataset of this name; {near}")
    return (preset if takes_path else config.on_dataset(preset, "image_folder")), path


def _changed(preset: config.Preset, args: argparse.Namespace) -> config.Preset:
    changes = {
        "data.held_out": args.held_out,
        "fit.epochs": args.epochs,
        "fit.steps_per_epoch": args.steps_per_epoch,
        "arguments.dtype": args.precision,
    }
    settings = [f"{key}={value}" for key, value in changes.items() if value is not None]
    return config.resolve(config.override(preset, [*args.set, *settings]))


def load_sources(preset: Mapping[str, Any], path: Path | None, **instead: Any) -> Split:
    """The images of a preset at the size of its model.

    Args:
        preset: a resolved preset.
        path: the folder of images, for datasets that read one.
        instead: options of the dataset, instead of the preset's.

    Raises:
        DataError: they cannot be used.
    """
    height, width, channels = preset["arguments"]["image_shape"]
    if height != width:
        raise DataError(f"arguments.image_shape is {height} x {width} pixels, but datasets give squares.")
    options = {key: value for key, value in preset["data"].items() if key not in _OF_STREAMS}
    dataset = preset["data"]["dataset"]
    return load_split(dataset, path, **{**options, "size": height, "channels": channels, **instead})


def folder_of(run: Run, moved: str | None, option: str) -> Path | None:
    """The folder of a run's images; None if it was trained on a dataset that is in no folder.

    Args:
        run: the run.
        moved: optional, where the user says that they are now.
        option: string, by which the user may say so.

    Raises:
        DataError: there is no such folder.
    """
    before = run.record["data"]["path"]
    if before is None:
        if moved is not None:
            raise DataError(f"'{run.path}' was not trained on images of a folder: leave {option} out.")
        return None
    path = Path(moved or before).expanduser()
    if not path.is_dir():
        were = "lay" if moved is None else "should lie"
        raise DataError(
            f"the images of '{run.path}' {were} in {path}, where no folder is: say by {option} where they are now."
        )
    return path


def images_of(run: Run, moved: str | None = None, option: str = "--data") -> Split:
    """The images of a run: those it was trained on, and those it held out; arguments as for `folder_of`.

    Raises:
        DataError: they are not there, or are others now.
    """
    split = load_sources(run.config, folder_of(run, moved, option))
    check_same_data(run, split, f"say by {option} where those are")
    return split


def check_same_data(run: Run, split: Split, mend: str) -> None:
    """Refuses other images than a run's; `mend` tells the user what to do.

    Raises:
        DataError: they are others.
    """
    for part in ("train", "held_out"):
        before, now = run.record["data"][part], getattr(split, part).manifest()
        if not same_content(before, now):
            raise DataError(
                f"the images are not those that '{run.path}' was trained on ({before['count']:,} then, "
                f"{now['count']:,} now, or other content): {mend}."
            )


def streams(task: Task, split: Split, model: GenerativeModel) -> tuple[Stream, Stream | None]:
    """Batches to train on, and of some held-out images to look at after each epoch.

    Raises:
        DataError: a batch is larger than the data, labels are missing that the model needs, or weights do not fit.
    """
    data = task.preset["data"]
    weights = from_csv(task.weights, split.train, "--sample-weights") if task.weights is not None else None
    train = Stream(split.train, data["batch_size"], task.seed, augment=data["augment"], weights=weights)
    train.steps(model.turns)
    train.batch(0, targets=model.targets)
    classes, known = split.train.class_names, getattr(model, "num_classes", None)
    if model.targets == "label" and classes is not None and known != len(classes):
        raise DataError(
            f"{split.train.name} has {len(classes)} classes, but arguments.num_classes is {known}: give --set "
            f"arguments.num_classes={len(classes)}."
        )
    held_out = some_of(split.held_out, MOST_VALIDATED)
    return train, Stream(held_out, data["batch_size"], shuffle=False) if len(held_out) else None


def some_of(source: Source, most: int) -> Source:
    """At most `most` images, evenly spread over a source."""
    if len(source) <= most:
        return source
    return Subset(source, np.linspace(0, len(source) - 1, most).astype(int))


def same_content(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two manifests are of the same images, wherever these lie and whatever decoded them."""
    return content_of(a) == content_of(b)
