"""`genzoo evaluate`: how good a model, or any set of images, is beside real images."""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import Run
from keras_genzoo.cli.io.console import columns
from keras_genzoo.cli.io.meter import meter, silent
from keras_genzoo.cli.measuring import metrics_and_extractor
from keras_genzoo.cli.subject import check_named, open_both
from keras_genzoo.evaluation import Evaluation, EvaluationError, Result, append, pixels_of
from keras_genzoo.evaluation.tables import in_words
from keras_genzoo.metrics import nearest

NEIGHBORS = "nearest_neighbors.png"
_PAIRS = 32


def run(args: argparse.Namespace) -> None:
    """Measures, keeps each result as soon as it is there, and prints them."""
    check_named(args.subject, args.data)
    # First: what is missing is said before anything is computed.
    names, extractor = metrics_and_extractor(args.metrics, args.features, args.inception_weights)
    subject, reference, run_folder = open_both(
        args.subject, args.data, args.split, args.batch_size, args.best, args.trust
    )
    folder = Path(args.output) if args.output else run_folder
    if folder is not None:
        _check_writable(folder)
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
    for name in names:
        one.check(name)
    if not args.json:
        print(f"{subject.name} beside {_reference_in_words(one)}", flush=True)
    results: list[Result] = []
    try:
        failed = _measure(one, names, folder, results)
    finally:  # whatever happens: what was measured is not lost
        if args.json:
            print(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
        elif results:
            print(_table(results))
    if not args.json:
        kept = "not kept: --output FOLDER keeps the numbers of what is no run"
        if folder is not None and results:
            kept = f"kept: metric-<name>.jsonl in {folder}"
            if any(result.metric == one.name_of("authpct") for result in results if "authpct" in names):
                kept += f", {write_neighbors(one, folder / NEIGHBORS)}"
        print(kept, flush=True)
    if failed:
        raise failed[0]


def _check_writable(folder: Path) -> None:
    """Refuses a folder that cannot be written, before hours are spent on numbers for it."""
    if folder.exists() and not folder.is_dir():
        raise EvaluationError(f"--output '{folder}' is a file: name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def _measure(
    one: Evaluation, names: Sequence[str], folder: Path | None, results: list[Result]
) -> list[EvaluationError]:
    """Measures one metric after the other, and keeps each result at once; returns what went wrong with some of them."""
    failed: list[EvaluationError] = []
    for name in names:
        try:
            for result in one.results([name]):
                results.append(result)
                if folder is not None:
                    append(folder, result)
        except EvaluationError as error:
            failed.append(error)
    return failed


def _reference_in_words(one: Evaluation) -> str:
    source, split = one.reference.source, one.reference.split
    parts = {"held_out": "the images held out of", "train": "the training images of", "half": "one half of"}
    return f"{parts.get(split, 'all images of')} {source.name} ({len(source):,})"


def _table(results: Sequence[Result]) -> str:
    """Names and values; what all of them share of their protocols stands below."""
    protocols = [result.protocol for result in results]
    shared = {
        key: value
        for key, value in protocols[0].items()
        if all(protocol.get(key) == value for protocol in protocols) and len(results) > 1
    }
    rows = []
    for result in results:
        own = {key: value for key, value in result.protocol.items() if key not in (*shared, "real", "loss", "features")}
        identical = result.protocol.get("notes", {}).get("identical")
        more = [f"{identical:,} identical pairs left out"] if identical else []
        rows.append((result.metric, f"{_number(result):<12} {'; '.join([in_words(own), *more]).strip('; ')}"))
    features = next((protocol["features"] for protocol in protocols if "features" in protocol), None)
    words = {**shared, **({"features": features} if features else {})}
    return "\n".join([columns(rows), *([in_words(words)] if words else [])])


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
