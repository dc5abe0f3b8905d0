"""`genzoo sample`: images that a run's model makes, as a sheet or as files."""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_genzoo import images
from keras_genzoo.artifacts import RunError, load
from keras_genzoo.callbacks import samples, write_sheet
from keras_genzoo.capabilities import Conditional, Samples
from keras_genzoo.files import staged_folder

_NUM = 64


def run(args: argparse.Namespace, labels: Mapping[int, str] | None, options: Mapping[str, Any]) -> None:
    """Draws the samples; `labels` are those to draw, with the names of their classes."""
    model = load(args.run, best=args.best)
    if not isinstance(model, Samples):
        raise RunError(f"sample: '{args.run}' is a {type(model).__name__}, which makes no images of noise.")
    if labels is not None:
        _check_labels(model, labels)
    num = args.num
    if labels:
        num = num and max(1, num // len(labels)) * len(labels)
    chosen = "".join(f", {name} {value}" for name, value in options.items())
    rows = f", a row for each of the labels {_in_words(labels)}" if labels else ""
    what = f"{f'{num} images' if num else 'images'} of seed {args.seed}{chosen}{rows}"
    if args.output:
        sheet = samples(model, num, args.seed, list(labels) if labels else None, **options)
        write_sheet(args.output, sheet, model)
        print(f"{what}: {args.output}")
    if args.images:
        count = _write_images(args, model, labels, options)
        print(f"{count:,} images of seed {args.seed}{chosen}: {args.images}")


def _check_labels(model: Any, labels: Mapping[int, str]) -> None:
    if not isinstance(model, Conditional):
        raise RunError(f"sample: --labels: {type(model).__name__} makes no images of chosen labels: leave them out.")
    if max(labels) >= model.num_classes:
        raise RunError(
            f"sample: --labels: labels lie in [{min(labels)}, {max(labels)}], but this model has {model.num_classes}: "
            f"0 to {model.num_classes - 1}."
        )


def _write_images(
    args: argparse.Namespace, model: Any, labels: Mapping[int, str] | None, options: Mapping[str, Any]
) -> int:
    """Writes a folder of single images, of labels in a sub-folder each, whole or not at all; returns how many."""
    if images.are_points(model.image_shape):
        raise RunError(f"sample: --images: '{args.run}' makes points of the plane, not images: give --output.")
    num = args.num or _NUM
    folder = Path(args.images)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with staged_folder(folder) as unfinished:
        for label, name in labels.items() if labels else [(None, "")]:
            each = num if label is None else max(1, num // len(labels or ()))
            given = {} if label is None else {"labels": label}
            inner = unfinished / re.sub(r"[^\w .()+-]|^\.+", "_", name)
            for number, image in enumerate(model.generate(each, seed=args.seed, **given, **options)):
                images.write_png(inner / f"{number:05d}.png", image, scale=1)
    return sum(1 for _ in folder.rglob("*.png"))


def _in_words(labels: Mapping[int, str]) -> str:
    return ", ".join(str(label) if str(label) == name else f"{label} ({name})" for label, name in labels.items())
