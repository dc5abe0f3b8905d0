"""What a training is told: a preset, its data, a seed, jit; from the command line, or from the run that goes on."""

import argparse
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
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import DATASETS, did_you_mean

MOST_VALIDATED = 1_000
"""Held-out images that are looked at after each epoch; `genzoo evaluate` takes them all."""
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
    """

    preset: config.Preset
    name: str
    path: Path | None
    seed: int
    jit: str
    deterministic: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> "Task":
        """The task that a command line describes.

        Raises:
            ConfigError: the preset, or a change to it, is not right.
        """
        preset, path = on_data(config.load_preset(args.preset), args.data)
        return cls(_changed(preset, args), preset.name, path, args.seed or 0, args.jit or "auto", args.deterministic)

    @classmethod
    def resumed(cls, args: argparse.Namespace, run: Run) -> "Task":
        """The task of a run that goes on; the command line may repeat it, and change `epochs`, where data is, and jit.

        Raises:
            RunError: the command line gives another seed. (What else differs, `Run.resume` finds.)
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
        return cls(config.resolve(preset), record["preset"], path, record["seed"], jit, deterministic)

    def record(self, model: GenerativeModel, split: Split) -> dict[str, Any]:
        """What the run's `environment.json` keeps of it."""
        return {
            "preset": self.name,
            "seed": self.seed,
            "jit": self.jit,
            "jit_compile": bool(model.jit_compile),
            "deterministic": self.deterministic,
            "precision": model.dtype_policy.name,
            "data": {
                "path": str(self.path.absolute()) if self.path else None,
                "train": split.train.manifest(),
                "held_out": split.held_out.manifest(),
            },
        }


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


def streams(task: Task, split: Split, model: GenerativeModel) -> tuple[Stream, Stream | None]:
    """Batches to train on, and of some held-out images to look at after each epoch.

    Raises:
        DataError: a batch is larger than the data, or labels are missing that the model needs.
    """
    data = task.preset["data"]
    train = Stream(split.train, data["batch_size"], seed=task.seed, augment=data["augment"])
    train.batch(0, model.turns, model.targets)
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
    names = {"name", "pillow"}
    return {key: a[key] for key in a if key not in names} == {key: b[key] for key in b if key not in names}
