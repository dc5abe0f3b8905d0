"""Evaluation: measures a subject beside real images, metric by metric."""

import datetime
import math
import time
from collections.abc import Iterable, Iterator

from keras_genzoo.artifacts import environment
from keras_genzoo.evaluation import needs
from keras_genzoo.evaluation.measurements import Measurements
from keras_genzoo.evaluation.metrics import METRICS
from keras_genzoo.evaluation.results import Result
from keras_genzoo.evaluation.subjects import EvaluationError
from keras_genzoo.registry import did_you_mean


class Evaluation(Measurements):
    """A subject beside real images: what can be measured of it, and the results. Arguments as for `Measurements`.

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
                values = METRICS[name].function(self)
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

    def check(self, name: str) -> None:
        """Checks that a metric can be measured on this subject.

        Args:
            name: of `METRICS`.

        Raises:
            EvaluationError: it cannot; the message says why.
        """
        if name not in METRICS:
            raise EvaluationError(f"there is no metric '{name}'; {did_you_mean(name, METRICS)}")
        if reason := METRICS[name].missing(self):
            raise EvaluationError(reason)

    def possible(self) -> list[str]:
        """Returns the metrics that are measured by default and can be measured on this subject."""
        return [name for name, metric in METRICS.items() if metric.by_default and metric.missing(self) is None]

    def possible_with_features(self) -> list[str]:
        """Returns the metrics that are measured by default, and that only an extractor is missing for."""
        return [
            name
            for name, metric in METRICS.items()
            if metric.by_default
            and metric.of_features
            and all(need is needs.features or need(self, name) is None for need in metric.needs)
        ]

    def name_of(self, metric: str) -> str:
        """The name that a metric's number has: in metrics of features, the extractor is a part of it."""
        return self.needed_extractor.metric_name(metric) if METRICS[metric].of_features else metric
