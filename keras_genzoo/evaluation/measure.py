"""Evaluation: measures a subject beside real images, metric by metric."""

import datetime
import functools
import math
import time
from collections.abc import Iterable, Iterator

from keras_genzoo.artifacts import environment
from keras_genzoo.capabilities import Reconstructs
from keras_genzoo.evaluation import needs
from keras_genzoo.evaluation.measurements import Measurements, Values
from keras_genzoo.evaluation.metric import Metric
from keras_genzoo.evaluation.metrics import METRICS
from keras_genzoo.evaluation.results import Result
from keras_genzoo.evaluation.subjects import EvaluationError
from keras_genzoo.evaluation.translating import directions_of
from keras_genzoo.registry import did_you_mean


class Evaluation(Measurements):
    """A subject beside real images: what can be measured of it, and the results. Arguments as for `Measurements`.

    Of a translator metrics of images are measured in each of its directions; the names of numbers of the direction back
    end in "_b_to_a".

    Example:
        >>> evaluation = Evaluation(ModelSubject(model, "mine"), Reference(held_out, "held_out"), extractor)
        >>> for result in evaluation.results(["frechet", "precision", "recall"]):
        ...     print(result.metric, result.value)
    """

    def results(self, names: Iterable[str]) -> Iterator[Result]:
        """Measures; each result comes as soon as it is there.

        Args:
            names: of `METRICS`.

        Raises:
            EvaluationError: a metric cannot be measured on this subject.
        """
        names = list(dict.fromkeys(names))
        for name in names:
            self.check(name)
        subject = {"name": self.subject.name, **self.subject.identity(), "seed": self.seed}
        machine = environment()
        for name in names:
            began = time.perf_counter()
            try:
                values = self._values(name)
            except EvaluationError:
                raise
            except ValueError as error:  # such as fewer images than neighbors
                raise EvaluationError(f"{name}: {error}") from error
            seconds = time.perf_counter() - began
            for metric, (value, protocol) in values.items():
                if value is not None and not math.isfinite(value):
                    raise EvaluationError(
                        f"{metric} of {self.subject.name} is {value}: its training diverged; measure an earlier state."
                    )
                date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
                yield Result(metric, value, protocol, subject, date, round(seconds, 3), machine)

    @functools.cached_property
    def parts(self) -> list[Measurements]:
        """What metrics of images are measured of: the subject, or a translator in each of its directions."""
        return (directions_of(self) if self.subject.translates else []) or [self]

    def _parts_of(self, metric: Metric) -> list[Measurements]:
        return self.parts if metric.of_images else [self]

    def _values(self, name: str) -> Values:
        metric, found = self.metric(name), Values()
        for part in self._parts_of(metric):
            found |= {f"{number}{part.suffix}": value for number, value in metric.function(part).items()}
        return found

    def metric(self, name: str) -> Metric:
        """The metric that a name means for this subject: of translations, psnr is target_psnr.

        Args:
            name: of `METRICS`.
        """
        others = [metric for metric in METRICS.values() if metric.in_place_of == name]
        if others and self._missing(METRICS[name]):
            return next((other for other in others if not self._missing(other)), METRICS[name])
        return METRICS[name]

    def _missing(self, metric: Metric) -> str | None:
        return next((reason for part in self._parts_of(metric) if (reason := metric.missing(part))), None)

    def check(self, name: str) -> None:
        """Checks that a metric can be measured on this subject.

        Args:
            name: of `METRICS`.

        Raises:
            EvaluationError: it cannot; the message says why.
        """
        if name not in METRICS:
            raise EvaluationError(f"there is no metric '{name}'; {did_you_mean(name, METRICS)}")
        if reason := self._missing(self.metric(name)):
            raise EvaluationError(reason)

    def possible(self) -> list[str]:
        """Returns the metrics that are measured by default and can be measured on this subject."""
        model = self.subject.model
        slow = {needs.reconstructions} if isinstance(model, Reconstructs) and model.reconstructs_slowly else set()
        return [
            name
            for name, metric in METRICS.items()
            if metric.by_default and not slow & set(metric.needs) and self._missing(metric) is None
        ]

    def possible_with_features(self) -> list[str]:
        """Returns the metrics that are measured by default, and that only an extractor is missing for."""
        return [
            name
            for name, metric in METRICS.items()
            if metric.by_default
            and metric.of_features
            and all(
                need is needs.features or need(part, name) is None
                for part in self._parts_of(metric)
                for need in metric.needs
            )
        ]

    def name_of(self, metric: str) -> str:
        """The name that a metric's first number has: in metrics of features, the extractor is a part of it."""
        chosen = self.metric(metric)
        return (
            self.needed_extractor.metric_name(chosen.name) if chosen.of_features else next(iter(chosen.labels), metric)
        )
