"""Diagnosis: observes a training now and then, and warns of known failures such as mode collapse."""

import contextlib
import math
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo.bounds import integer_in
from keras_genzoo.callbacks.observer import Observer
from keras_genzoo.callbacks.progress import numbers
from keras_genzoo.callbacks.warn import warn_on_error
from keras_genzoo.data import Source
from keras_genzoo.diagnosis import Finding, Observation, Timeline, record

_SPARSER = 100
"""From one observation to the next a training grows by at least 1/100 of its length: the record stays small."""


class Diagnosis(keras.callbacks.Callback):
    """Measures samples, scores, gradients and activations now and then, and warns of failures.

    It detects mode collapse, labels or inputs that are ignored, inputs that are copied, a player that wins for good,
    losses and weights that diverge, memorization and overfitting, input out of range, dead and exploding activations,
    and posterior collapse: see `keras_genzoo.diagnosis.RULES`. A failure is reported once, when it has lasted for some
    hundred train steps, with the evidence and what the literature advises. `diagnosis.jsonl` gets a line for each
    observation and for each finding. Of a translator the samples are its translations; of a model without samples the
    rest is measured.

    Observations take at most `time_fraction` of the training's time, besides the first one, which builds its graph.
    They draw nothing from the model's seeds and leave no trace in it: the training is the same with this callback and
    without, on a `Stream` or arrays; a `tf.data` pipeline that shuffles continues in another order once it was read.

    Copies of training images are detected in data sets of up to some 3,000 images: samples are compared with 1,024.

    Args:
        data: the training data: a `Stream`, an array, a tuple of images and labels, or a dataset that can be read
            again.
        held_out: optional `Source` or array of images that are not trained on; memorization, and a discriminator's
            overfitting, are detected with these alone.
        folder: optional, the run folder; a training that is resumed there is diagnosed as if it had never stopped.
        time_fraction: float above 0, the fraction of the time that observations may take.
        every: integer, the least number of train steps from one observation to the next.

    Example:
        >>> doctor = Diagnosis(train, held_out, "runs/faces")
        >>> model.fit(train, epochs=20, callbacks=[doctor])
        >>> print(doctor.timeline.summary)
    """

    def __init__(
        self,
        data: Any,
        held_out: Source | np.ndarray | None = None,
        folder: str | os.PathLike | None = None,
        time_fraction: float = 0.02,
        every: int = 25,
    ):
        super().__init__()
        integer_in(every, 1, None, "Diagnosis: every")
        if not isinstance(time_fraction, int | float) or not time_fraction > 0:
            raise ValueError(f"Diagnosis: time_fraction={time_fraction!r}, but a number above 0 is expected.")
        self.data = data
        self.held_out = held_out
        self.folder = None if folder is None else Path(folder)
        self.time_fraction = time_fraction
        self.every = every
        self.timeline = Timeline()
        """What was observed and found; with a folder also before the training was resumed."""
        self._observer: Observer | None = None
        self._stage: int | None = None
        self._epoch = self._start = self._next = 0
        self._validated: dict[str, Any] = {}
        self._logged: dict[str, tuple[float, float]] = {}
        self._clock = _Clock(time_fraction)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Reads the record of the training so far, takes the images to compare with, and checks their range."""
        again, stage, self._stage = self._stage is not None, self._stage, self.model.stage
        if again and (
            stage == self._stage or self._observer is None
        ):  # the rest of an epoch, or of a diagnosis that ended
            return
        with warn_on_error("the diagnosis"), self._stopping():
            if self.folder is not None and not again:
                self.timeline = record.rewind(self.folder, self.model.iterations)
            self._observer = None
            self._observer = Observer(self.model, self.data, self.held_out)
        if self._observer and not self.timeline.observations:
            self._add(Observation(1, 0, self._observer.input))
        self._clock.start()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Notes where the epoch begins."""
        self._epoch, self._start = epoch + 1, self.model.iterations

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Observes the training, if it is time to."""
        iterations = self._start + batch + 1
        if self._observer is None or iterations < self._next or not self._clock.allows():
            return
        self._next = iterations + max(self.every, iterations // _SPARSER)
        with self._clock:
            observer, self._observer = self._observer, None  # an observation that fails is the last one
            with warn_on_error("the diagnosis ends here: an observation"), self._stopping():
                observer.model = self.model  # on JAX, this access makes Keras write the training's state to the model
                measures = _of_logs({**self._means_since_last(), **self._validated})
                self._validated = {}
                measures |= observer.measures()
                self._observer = observer
                self._add(Observation(self._epoch, iterations, measures))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps the held-out loss for the next observation, and by how much it exceeds the training loss."""
        logs = logs or {}
        if "val_loss" in logs:
            self._validated = {"val_loss": logs["val_loss"], "gap": logs["val_loss"] - logs.get("loss", math.nan)}

    def _means_since_last(self) -> dict[str, float]:
        """The means of the logs since the last observation; Keras gives those since the epoch began."""
        means = {}
        for tracker in self.model.metrics:
            total, count = (float(ops.convert_to_numpy(value)) for value in (tracker.total, tracker.count))
            total_before, count_before = self._logged.get(tracker.name, (0.0, 0.0))
            self._logged[tracker.name] = total, count
            if count <= count_before or not math.isfinite(total_before):  # another epoch
                total_before, count_before = 0.0, 0.0
            means[tracker.name] = (total - total_before) / max(1.0, count - count_before)
        return means

    @contextlib.contextmanager
    def _stopping(self) -> Iterator[None]:
        """Puts into the timeline, and into the record, why observations ended."""
        try:
            yield
        except Exception as error:
            self.timeline.stopped = (str(error) or type(error).__name__).splitlines()[0]
            if self.folder is not None:
                record.write_stop(self.folder, self.timeline.stopped)
            raise

    def _add(self, observation: Observation) -> None:
        """Adds an observation to the timeline and the record, and warns of what is found."""
        findings: list[Finding] = self.timeline.add(observation)
        if self.folder is not None:
            with warn_on_error(f"a line of {record.FILE}"):
                record.write(self.folder, observation, findings)
        for finding in findings:
            warnings.warn(finding.news, stacklevel=1)


class _Clock:
    """Keeps observations to a fraction of the time; the first one, which compiles, does not count."""

    def __init__(self, fraction: float):
        self.fraction = fraction
        self._spent = 0.0
        self._last: float | None = None
        self._began = self._start = time.perf_counter()

    def start(self) -> None:
        """Begins to count."""
        self._start = time.perf_counter()

    def allows(self) -> bool:
        """Whether another observation, as long as the last one, keeps to the fraction."""
        return self._spent + (self._last or 0.0) <= self.fraction * (time.perf_counter() - self._start)

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._began
        if self._last is None:
            self._last = 0.0  # how long the next one takes is not known yet
            self._start += seconds
        else:
            self._last = seconds
            self._spent += seconds


def _of_logs(logs: dict[str, Any]) -> dict[str, float]:
    values = numbers(logs)
    broken = sum(not math.isfinite(value) for value in values.values())
    gap = {"val_gap": values.pop("gap")} if "gap" in values else {}
    return {"logs_not_finite": float(broken), **gap, **{f"log.{name}": value for name, value in values.items()}}
