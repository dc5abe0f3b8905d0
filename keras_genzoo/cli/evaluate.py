"""`genzoo evaluate`: how good a model, or any set of images, is beside real images."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import Run
from keras_genzoo.cli.console import columns
from keras_genzoo.cli.measuring import metrics_and_extractor
from keras_genzoo.cli.meter import meter, silent
from keras_genzoo.cli.subject import open_both
from keras_genzoo.evaluation import Evaluation, EvaluationError, Result, append, describe, pixels_of
from keras_genzoo.metrics import nearest

NEIGHBORS = "nearest_neighbors.png"
_PAIRS = 32


def run(args: argparse.Namespace) -> None:
    """Measures, keeps each result as soon as it is there, and prints them."""
    # First: what is missing is said before anything is computed.
    names, extractor = metrics_and_extractor(args.metrics, args.features, args.inception_weights)
    subject, reference, run_folder = open_both(args.subject, args.data, args.split, args.batch_size, args.best)
    folder = Path(args.output) if args.output else run_folder
    if folder is not None and folder.is_file():
        raise EvaluationError(f"--output '{folder}' is a file: name a folder.")
    one = Evaluation(
        subject,
        reference,
        extractor,
        num=args.num,
        seed=args.seed,
        batch_size=Run(run_folder).config["data"]["batch_size"] if run_folder else 64,  # as while it was trained
        watch=silent if args.json else meter,
    )
    names = names or one.possible()
    if not args.json:
        print(f"{subject.name} beside {_reference_in_words(one)}", flush=True)
    results = []
    for result in one.results(names):
        results.append(result)
        if folder is not None:
            append(folder, result)
    made = []
    if folder is not None:
        made = [f"metric-<name>.jsonl in {folder}"]
        if "authpct" in names:
            made.append(str(write_neighbors(one, folder / NEIGHBORS)))
    if args.json:
        print(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
    else:
        print(_table(results))
        print(f"kept: {', '.join(made)}" if made else "not kept: --output FOLDER keeps the numbers of what is no run")


def _reference_in_words(one: Evaluation) -> str:
    source, split = one.reference.source, one.reference.split
    parts = {"held_out": "the images held out of", "train": "the training images of", "half": "one half of"}
    return f"{parts.get(split, 'all images of')} {source.name} ({len(source):,})"


def _table(results: Sequence[Result]) -> str:
    lines = [(result.metric, f"{_number(result):<12} {describe(result)}") for result in results]
    return columns(lines)


def _number(result: Result) -> str:
    return "-" if result.value is None else f"{result.value:.6g}"


def write_neighbors(one: Evaluation, path: Path) -> Path:
    """Draws the images that are nearest to training images, and below each row of them these training images.

    Args:
        one: an `Evaluation` whose reference knows the training images.
        path: where to.
    """
    indices, distances = nearest(one.generated.features, one.train.features)
    closest = np.argsort(distances, kind="stable")[:_PAIRS]
    made = np.concatenate([one.subject.images(int(at), int(at) + 1, one.seed) for at in closest])
    train = one.reference.train
    if train is None:
        raise EvaluationError("the training images are not known, so their neighbors cannot be drawn.")
    pairs = images.rows_of_pairs(made, pixels_of(train, indices[closest]))
    return images.write_png(path, pairs)
