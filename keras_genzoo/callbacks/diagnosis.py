"""Diagnosis: a doctor who looks in on a training now and then, and says in plain words what is wrong with it."""

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

from keras_genzoo.callbacks.patient import Patient
from keras_genzoo.callbacks.progress import numbers
from keras_genzoo.callbacks.telling import told
from keras_genzoo.data import Source
from keras_genzoo.diagnosis import Chart, Finding, Look, record

_SPARSER = 100
"""From one look to the next a training grows by this part of itself at least, so that the record stays small."""


class Diagnosis(keras.callbacks.Callback):
    """Looks now and then at samples, scores, gradients and activations, and warns of illnesses.

    It knows mode collapse, a player that wins for good, losses and weights that diverge, memorization and overfitting,
    input out of range, dead and exploding activations, and posterior collapse: see `keras_genzoo.diagnosis.RULES`. Each
    is told once, when it has lasted for some hundred train steps, with the evidence and what the literature advises.
    `diagnosis.jsonl` gets a line for each look and for each finding.

    Looks take at most `share` of the training's time, besides the first one, which builds its graph. They draw nothing
    from the model's seeds and leave no trace in it: the training is the same with this callback and without, on a
    `Stream` or arrays; a `tf.data` pipeline that shuffles goes on in another order once it was read.

    Copies of training images are told up to some 3,000 of those: a look compares samples with 1,024 of them.

    Args:
        data: what is trained on: a `Stream`, an array, a tuple of images and labels, or a dataset that can be read
            again.
        held_out: optional `Source` or array of images that are not trained on; without it nothing is said of
            memorization, nor of a discriminator's overfitting.
        folder: optional, the run folder; a training that goes on there is judged as if it had never stopped.
        share: float above 0, the part of the time that looks may take.
        every: integer, the least number of train steps from one look to the next.

    Example:
        >>> doctor = Diagnosis(train, held_out, "runs/faces")
        >>> model.fit(train, epochs=20, callbacks=[doctor])
        >>> print(doctor.chart.words)
    """

    def __init__(
        self,
        data: Any,
        held_out: Source | np.ndarray | None = None,
        folder: str | os.PathLike | None = None,
        share: float = 0.02,
        every: int = 25,
    ):
        super().__init__()
        self.data = data
        self.held_out = held_out
        self.folder = None if folder is None else Path(folder)
        self.share = share
        self.every = every
        self.chart = Chart()
        """What was seen and found, in a folder also before the training was gone on with."""
        self._patient: Patient | None = None
        self._epoch = self._start = self._next = 0
        self._validated: dict[str, Any] = {}
        self._logged: dict[str, tuple[float, float]] = {}
        self._clock = _Clock(share)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Takes up what was seen of the training before, and the images to compare with; looks at these."""
        if self._patient is not None:  # `fit` is called again, after the rest of an epoch
            return
        with told("the diagnosis"), self._stopping():
            if self.folder is not None:
                self.chart = record.go_back(self.folder, self.model.iterations)
            self._patient = Patient(self.model, self.data, self.held_out)
        if self._patient and not self.chart.looks:
            self._take(Look(1, 0, self._patient.input))
        self._clock.start()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Finds out where the training stands."""
        self._epoch, self._start = epoch + 1, self.model.iterations

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks, if it is time to."""
        iterations = self._start + batch + 1
        if self._patient is None or iterations < self._next or not self._clock.allows():
            return
        self._next = iterations + max(self.every, iterations // _SPARSER)
        with self._clock:
            patient, self._patient = self._patient, None  # unless it goes well, this was the last look
            with told("a look at this training, and there will be no more: it"), self._stopping():
                patient.model = self.model  # asked for it, Keras has JAX hand the state of the training back to it
                measures = _of_logs({**self._since_the_last_look(), **self._validated})
                self._validated = {}
                measures |= patient.measures()
                self._patient = patient
                self._take(Look(self._epoch, iterations, measures))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps the loss of held-out images for the next look, and by how much it is the greater one."""
        logs = logs or {}
        if "val_loss" in logs:
            self._validated = {"val_loss": logs["val_loss"], "gap": logs["val_loss"] - logs.get("loss", math.nan)}

    def _since_the_last_look(self) -> dict[str, float]:
        """The means of what was logged since then: Keras gives those since the epoch began, which forget nothing."""
        means = {}
        for tracker in self.model.metrics:
            total, count = (float(ops.convert_to_numpy(one)) for one in (tracker.total, tracker.count))
            before, seen = self._logged.get(tracker.name, (0.0, 0.0))
            self._logged[tracker.name] = total, count
            if count <= seen or not math.isfinite(before):  # another epoch
                before, seen = 0.0, 0.0
            means[tracker.name] = (total - before) / max(1.0, count - seen)
        return means

    @contextlib.contextmanager
    def _stopping(self) -> Iterator[None]:
        """Puts on the chart, and into the record, why there are no more looks."""
        try:
            yield
        except Exception as error:
            self.chart.stopped = (str(error) or type(error).__name__).splitlines()[0]
            if self.folder is not None:
                record.write_stop(self.folder, self.chart.stopped)
            raise

    def _take(self, look: Look) -> None:
        """Puts a look on the chart; writes it, and what it brings, and says that."""
        news: list[Finding] = self.chart.add(look)
        if self.folder is not None:
            with told(f"a line of {record.FILE}"):
                record.write(self.folder, look, news)
        for finding in news:
            warnings.warn(finding.news, stacklevel=1)


class _Clock:
    """Sees to it that looks take no more than a share of the time; the first one, which compiles, is free."""

    def __init__(self, share: float):
        self.share = share
        self._spent = 0.0
        self._last: float | None = None
        self._began = self._start = time.perf_counter()

    def start(self) -> None:
        """Begins to count."""
        self._start = time.perf_counter()

    def allows(self) -> bool:
        """Whether one more look as long as the last one keeps to the share."""
        return self._spent + (self._last or 0.0) <= self.share * (time.perf_counter() - self._start)

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
