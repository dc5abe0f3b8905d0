"""Measuring: what is measured every few epochs of a training."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from keras_genzoo.artifacts import Run
from keras_genzoo.callbacks import Evaluating
from keras_genzoo.data import Split
from keras_genzoo.evaluation import Evaluation, EvaluationError, ModelSubject, Reference
from keras_genzoo.evaluation.choosing import metrics_and_extractor, names_of
from keras_genzoo.evaluation.measurements import Measurements
from keras_genzoo.features.extractors import Extractor
from keras_genzoo.model import GenerativeModel
from keras_genzoo.training.options import Options


def _lasting(path: str | os.PathLike | None) -> str | None:
    """A path so that it is right wherever the training is resumed; other words as they are."""
    word = None if path is None else os.fspath(path)
    return os.path.abspath(word) if word and os.path.exists(word.partition(".keras:")[0]) else word


@dataclass(frozen=True)
class Measuring:
    """What to measure while training; a run that goes on measures what it did before, unless the options differ.

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
    def of(cls, options: Options, earlier: Run | None) -> "Measuring | None":
        """What the options say, or else what the earlier run measured; None if neither measures anything."""
        if options.evaluate_every is not None:
            metrics = options.evaluate_metrics or "fid"
            return cls(
                options.evaluate_every,
                metrics if isinstance(metrics, str) else ",".join(names_of(metrics) or ()),
                options.evaluate_num or 1_000,
                _lasting(options.features),
                _lasting(options.inception_weights),
            )
        for option in ("evaluate_metrics", "evaluate_num", "features", "inception_weights"):
            if getattr(options, option) is not None:
                raise EvaluationError(
                    f"--{option.replace('_', '-')} is for --evaluate-every N: say every how many epochs."
                )
        before = earlier.record.get("measuring") if earlier else None
        return cls(**before) if before else None

    def record(self) -> dict:
        """What the run keeps of it."""
        return asdict(self)

    def prepare(self, model: GenerativeModel, split: Split) -> "Prepared":
        """Checks that all of it can be measured, before a training is begun.

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
        evaluation = Evaluation(ModelSubject(model, "the model"), reference, extractor)
        for name in names or ():
            evaluation.check(name)
        held_out = min(len(part.reference.source) for part in evaluation.parts)
        if extractor is not None and min(self.num, held_out) <= Measurements.k_density:
            raise EvaluationError(
                f"--evaluate-num {self.num} images and {held_out} held out are too few for metrics of "
                f"neighbors: more than {Measurements.k_density} of each are needed."
            )
        return Prepared(self, reference, tuple(names or ()), extractor)


@dataclass(frozen=True)
class Prepared:
    """A `Measuring` that is known to work."""

    measuring: Measuring
    reference: Reference
    metrics: tuple[str, ...]
    extractor: Extractor | None

    def callback(self, run: Run, epochs: int, stop: Callable[[], bool]) -> Evaluating:
        """The callback for a training that ends after `epochs`."""
        how: dict[str, Any] = {"num": self.measuring.num, "epochs": epochs, "stop": stop}
        return Evaluating(run, self.reference, self.metrics, self.measuring.every, self.extractor, **how)
