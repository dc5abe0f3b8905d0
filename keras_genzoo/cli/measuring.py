"""What `genzoo evaluate` and `genzoo train --evaluate-every` are to measure, from the words of the command line."""

import argparse
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from keras_genzoo.artifacts import Run
from keras_genzoo.callbacks import Evaluating
from keras_genzoo.data import Split
from keras_genzoo.evaluation import ALIASES, METRICS, Evaluation, EvaluationError, ModelSubject, Reference
from keras_genzoo.evaluation.measurements import K_DENSITY
from keras_genzoo.features.extractors import Extractor, ExtractorError, load_extractor
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import did_you_mean


def metrics_and_extractor(
    metrics: str | None, features: str | None, inception_weights: str | None
) -> tuple[list[str] | None, Extractor | None]:
    """The metrics by their names in `METRICS`, and the extractor, if one of them needs it.

    Args:
        metrics: names with commas between them; None for all that are possible.
        features: what `load_extractor` takes; Inception by default.
        inception_weights: optional path of Inception's weights.

    Raises:
        EvaluationError: there is no such metric, or it has another name in these features.
        ExtractorError: the extractor cannot be had.
    """
    asked = _names(metrics)
    names = None if asked is None else [ALIASES.get(name, name) for name in asked]
    extractor = None
    if names is None or any(METRICS[name].of_features for name in names):
        try:
            extractor = load_extractor(features or "inception", inception_weights)
        except ExtractorError as error:
            if features or asked:
                raise
            raise ExtractorError(
                f"{error} Or name other features by --features, or ask for what needs none: --metrics "
                "losses,mse,psnr,ssim"
            ) from error
        for name in asked or ():
            if name not in METRICS and METRICS[ALIASES[name]].of_features:
                told = extractor.metric_name(ALIASES[name])
                if not told.startswith(name):
                    raise EvaluationError(
                        f"--metrics: {name} is measured in the features of Inception; in those of '{extractor.name}' "
                        f"ask for {ALIASES[name]}, which is told as {told}."
                    )
    return names, extractor


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    known = [*METRICS, *ALIASES]
    for name in names:
        if name not in known:
            raise EvaluationError(f"--metrics: there is no metric '{name}'; {did_you_mean(name, known)}")
    if not names:
        raise EvaluationError(f"--metrics names none; there are: {', '.join(known)}.")
    return names


def _lasting(path: str | None) -> str | None:
    """A path so that it is right wherever the training is resumed; other words as they are."""
    return os.path.abspath(path) if path and os.path.exists(path.partition(".keras:")[0]) else path


@dataclass(frozen=True)
class Measuring:
    """What to measure while training; a run that goes on measures what it did before, unless it is told otherwise.

    Args:
        every: integer, epochs from one evaluation to the next.
        metrics: string, as for `metrics_and_extractor`.
        num: integer, images to make.
        features: optional, as for `metrics_and_extractor`.
        inception_weights: optional, as for `metrics_and_extractor`.
    """

    every: int
    metrics: str
    num: int
    features: str | None
    inception_weights: str | None

    @classmethod
    def of(cls, args: argparse.Namespace, earlier: Run | None) -> "Measuring | None":
        """What the command line says; what the run was told before; None if neither says anything."""
        if args.evaluate_every is not None:
            return cls(
                args.evaluate_every,
                args.evaluate_metrics or "fid",
                args.evaluate_num or 1_000,
                _lasting(args.features),
                _lasting(args.inception_weights),
            )
        for option in ("evaluate_metrics", "evaluate_num", "features", "inception_weights"):
            if getattr(args, option) is not None:
                raise EvaluationError(
                    f"--{option.replace('_', '-')} is for --evaluate-every N: say every how many epochs."
                )
        before = earlier.record.get("measuring") if earlier else None
        return cls(**before) if before else None

    def record(self) -> dict:
        """What the run keeps of it."""
        return asdict(self)

    def prepare(self, model: GenerativeModel, split: Split) -> "Prepared":
        """Looks whether all of it can be measured, before a training is begun.

        Raises:
            EvaluationError: it cannot.
            ExtractorError: the extractor cannot be had.
        """
        names, extractor = metrics_and_extractor(self.metrics, self.features, self.inception_weights)
        if "losses" in (names or ()):
            raise EvaluationError(
                "--evaluate-metrics: the losses on held-out images are logged anyway: leave them out."
            )
        if not len(split.held_out):
            raise EvaluationError("--evaluate-every needs held-out images, and there are none: give --held-out N.")
        reference = Reference(split.held_out, "held_out", split.train)
        one = Evaluation(ModelSubject(model, "the model"), reference, extractor)
        for name in names or ():
            one.check(name)
        if extractor is not None and min(self.num, len(split.held_out)) <= K_DENSITY:
            raise EvaluationError(
                f"--evaluate-num {self.num} images and {len(split.held_out)} held out are too few for metrics of "
                f"neighbors: more than {K_DENSITY} of each are needed."
            )
        return Prepared(self, reference, tuple(names or ()), extractor)


@dataclass(frozen=True)
class Prepared:
    """A `Measuring` that is known to work."""

    told: Measuring
    reference: Reference
    metrics: tuple[str, ...]
    extractor: Extractor | None

    def callback(self, run: Run, epochs: int, stop: Callable[[], bool]) -> Evaluating:
        """The callback for a training that ends after `epochs`."""
        how: dict[str, Any] = {"num": self.told.num, "epochs": epochs, "stop": stop}
        return Evaluating(run, self.reference, self.metrics, self.told.every, self.extractor, **how)
