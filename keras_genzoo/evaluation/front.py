"""`genzoo.evaluate`: measures whatever has images beside real ones, and keeps the numbers."""

import os
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import Run
from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.evaluation.choosing import metrics_and_extractor, names_of
from keras_genzoo.evaluation.measure import Evaluation
from keras_genzoo.evaluation.measurements import Measurements
from keras_genzoo.evaluation.meter import meter
from keras_genzoo.evaluation.metrics import METRICS
from keras_genzoo.evaluation.naming import EvaluationError, check_named
from keras_genzoo.evaluation.opening import open_both
from keras_genzoo.evaluation.results import Result, append
from keras_genzoo.evaluation.subjects import pixels_of
from keras_genzoo.features.cache import Watch
from keras_genzoo.features.extractors import ExtractorError
from keras_genzoo.files import expanded
from keras_genzoo.metrics import nearest

NEIGHBORS = "nearest_neighbors.png"
_PAIRS = 32
_FEW = 5_000  # of as many images of one distribution Inception's distance is 2.7


def evaluate(
    subject: Run | str | os.PathLike,
    data: Run | str | os.PathLike | None = None,
    metrics: str | Iterable[str] | None = None,
    *,
    split: str | None = None,
    num: int | None = None,
    features: str | os.PathLike | None = None,
    inception_weights: str | os.PathLike | None = None,
    batch_size: int = 64,
    seed: int = 0,
    best: str | None = None,
    trust: bool = False,
    targets: str | os.PathLike | None = None,
    output: str | os.PathLike | None = None,
    watch: Watch = meter,
    **options: Any,
) -> list[Result]:
    """Measures a run, or any other images, beside real images: what `genzoo evaluate` does.

    Of a translator metrics of images are measured of its translations of held-out images, in each of its directions;
    the names of numbers from domain B to A end in "_b_to_a".

    Args:
        subject: a `Run` or the path of one; the path of a SavedModel or of a folder of images; "real" for other real
            images, or "noise".
        data: real images: a folder, a dataset's name, or a run, for the images of that one; by default the run's own.
        metrics: names such as "fid" or "mse", in a list or in a string with commas; by default all that can be
            measured quickly, without Inception's weights those that need none, with a warning.
        split: "held_out", "train" or "all", which of the real images; by default those held out, and of a folder that
            is not the run's, all.
        num: integer, images to make; by default 10,000, of a folder all, and of a translator as many as there are to
            translate, which is the most. Distances depend on it.
        features: "inception" (default), "inception_clean", "keras_imagenet", "pixels" or "random"; a classifier's
            folder; or any Keras model, as "FILE.keras:LAYER".
        inception_weights: path of Inception's weights, converted or as published.
        batch_size: integer, images made at a time; it changes the time only.
        seed: integer in [0, 2**32), of the images that are made.
        best: of a run, the name of a metric: the state that was best by it while training.
        trust: bool, whether to load a SavedModel even though its graph may reach files, programs or the network.
        targets: beside a folder `data` of one domain, the folder of the second.
        output: folder to keep the numbers in; by default the run. Of what is no run nothing is kept without it.
        watch: shows progress, on standard error by default; `keras_genzoo.evaluation.silent` shows none.
        options: of a run: options that its model declares in `sample_options`, such as `truncation`.

    Returns:
        The results, each with its value and protocol.

    Raises:
        EvaluationError: something cannot be measured as requested; the rest is measured first, and kept.
        ExtractorError: the features cannot be had.
        DataError: the real images cannot be used.
        RunError: there is no such run.

    Example:
        >>> results = genzoo.evaluate("runs/faces", metrics=["losses", "psnr"])
        >>> {result.metric: result.value for result in results}
    """
    prepared = Request(**locals()).prepare()  # its fields are these arguments
    results = list(prepared.results())
    prepared.write_neighbors()
    if prepared.failed:
        raise prepared.failed[0]
    return results


@dataclass(frozen=True)
class Request:
    """An evaluation by names; arguments as for `evaluate`, but for `options`, a mapping."""

    subject: Run | str | os.PathLike
    data: Run | str | os.PathLike | None
    metrics: str | Iterable[str] | None
    split: str | None
    num: int | None
    features: str | os.PathLike | None
    inception_weights: str | os.PathLike | None
    batch_size: int
    seed: int
    best: str | None
    trust: bool
    targets: str | os.PathLike | None
    output: str | os.PathLike | None
    watch: Watch
    options: Mapping[str, Any]

    def prepare(self) -> "Prepared":
        """Opens everything and checks that it can be measured; errors as for `evaluate`."""
        _check_numbers(self)
        subject = _word(self.subject, "subject")
        data = None if self.data is None else _word(self.data, "data")
        weights = None if self.inception_weights is None else os.fspath(self.inception_weights)
        features = None if self.features is None else os.fspath(self.features)
        check_named(subject, data)
        chosen = names_of(self.metrics)  # mistakes are found before anything is loaded
        targets = None if self.targets is None else os.fspath(self.targets)
        words = subject, data, self.split, self.batch_size, self.best, self.trust
        opened = open_both(*words, options=self.options, targets=targets)
        left_out = None
        try:
            makes_images = opened.subject.samples or opened.subject.translates
            names, extractor = metrics_and_extractor(chosen, features, weights, makes_images)
        except ExtractorError as error:
            if chosen or features or weights:
                raise
            names, extractor, left_out = None, None, error
        folder = expanded(self.output) if self.output is not None else opened.run
        if folder is not None:
            _check_writable(folder)
        evaluation = Evaluation(
            opened.subject,
            opened.reference,
            extractor,
            num=self.num,
            seed=self.seed,
            # Losses as while it was trained.
            batch_size=Run(opened.run).config["data"]["batch_size"] if opened.run else 64,
            watch=self.watch,
        )
        names = names or evaluation.possible()
        if left_out is not None:
            if not names:
                raise left_out
            lacking = ", ".join(
                METRICS[name].aliases[0] if METRICS[name].aliases else name
                for name in evaluation.possible_with_features()
            )
            warnings.warn(f"{lacking} are left out: {left_out}", stacklevel=3)
        for name in names:
            evaluation.check(name)
        if opened.subject.translates and "frechet" in names:
            _warn_of_few(evaluation)
        return Prepared(evaluation, names, folder)


@dataclass
class Prepared:
    """A subject beside real images, and what to measure of it: all of it is known to be possible.

    Args:
        evaluation: both of them.
        metrics: names of `METRICS`.
        folder: where results are kept; None if they are not.
    """

    evaluation: Evaluation
    metrics: list[str]
    folder: Path | None
    failed: list[EvaluationError] = field(default_factory=list)
    """Why metrics could not be measured after all."""
    _measured: set[str] = field(default_factory=set)

    def results(self) -> Iterator[Result]:
        """Measures one metric after the other, and keeps each result at once; one that fails ends up in `failed`."""
        for name in self.metrics:
            try:
                for result in self.evaluation.results([name]):
                    if self.folder is not None:
                        append(self.folder, result)
                    yield result
                self._measured.add(name)
            except EvaluationError as error:
                self.failed.append(error)

    def write_neighbors(self) -> Path | None:
        """Draws the images that are nearest to training images, and below each row of them these training images.

        Of a translator of both directions there are two pictures.

        Returns:
            The path of the first; None if authpct was not measured, or nothing is kept.
        """
        if self.folder is None or "authpct" not in self._measured:
            return None
        first, *_ = [_write_neighbors(self.folder, part) for part in self.evaluation.parts]
        return first


def _write_neighbors(folder: Path, measured: Measurements) -> Path:
    train, (name, end) = measured.reference.train, os.path.splitext(NEIGHBORS)
    assert train is not None  # as authpct needs it
    indices, distances = nearest(measured.generated.features, measured.train.features)
    closest = np.argsort(distances, kind="stable")[:_PAIRS]
    made = [measured.subject.images(int(at), int(at) + 1, measured.seed) for at in closest]
    pairs = images.rows_of_pairs(np.concatenate(made), pixels_of(train, indices[closest]))
    return images.write_png(folder / f"{name}{measured.suffix}{end}", pairs)


def _warn_of_few(evaluation: Evaluation) -> None:
    """Says it where there are no more images to translate than a Fréchet distance is far too large for."""
    fewest = min(min(part.num, len(part.reference.source)) for part in evaluation.parts)
    if fewest < _FEW:
        warnings.warn(
            f"{evaluation.subject.name} is measured by {fewest:,} translations or images of a domain, which are few: a "
            "Fréchet distance falls with their number (of Inception's features by 14 from 1,000 to very many), and is "
            "comparable at equal numbers alone; the kernel distance (KID) has no such bias.",
            stacklevel=4,
        )


def _word(named: Run | str | os.PathLike, argument: str) -> str:
    if isinstance(named, Run):
        return str(named.path)
    if not isinstance(named, str | os.PathLike):
        raise EvaluationError(
            f"evaluate: {argument} is of type {type(named).__name__}, but a Run or a path is expected; images in "
            "memory are measured by keras_genzoo.evaluation.Evaluation, or by the functions of keras_genzoo.metrics."
        )
    return os.fspath(named)


def _check_numbers(request: Request) -> None:
    """Refuses numbers out of range, and parts that there are not, before anything is loaded."""
    try:
        if request.num is not None:
            integer_in(request.num, 1, None, "evaluate: num")
        integer_in(request.batch_size, 1, None, "evaluate: batch_size")
        integer_in(request.seed, 0, SEEDS, "evaluate: seed")
    except ValueError as error:
        raise EvaluationError(str(error)) from None
    if request.split not in (None, "held_out", "train", "all"):
        raise EvaluationError(f"evaluate: split={request.split!r}, but 'held_out', 'train' or 'all' is expected.")
    if not isinstance(request.features, str | os.PathLike | None):
        raise EvaluationError(
            f"evaluate: features={request.features!r}, but the name of an extractor, or a path, is expected."
        )


def _check_writable(folder: Path) -> None:
    """Refuses a folder that cannot be written, before hours are spent on numbers for it."""
    if folder.exists() and not folder.is_dir():
        raise EvaluationError(f"--output '{folder}' is a file: name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
