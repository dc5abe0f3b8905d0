"""Evaluating: evaluates a model while it trains, and keeps its best state."""

import shutil
import warnings
from collections.abc import Callable, Sequence

import keras

from keras_genzoo.artifacts import Position, Run
from keras_genzoo.artifacts.records import Best
from keras_genzoo.capabilities import Samples
from keras_genzoo.evaluation import Evaluation, ModelSubject, Reference, Result, append, differing_keys, place_of
from keras_genzoo.features.extractors import Extractor
from keras_genzoo.files import read_json, write_json

RECORD = "best.json"
"""The file beside the best state: its value, epoch and protocol."""


class Evaluating(keras.callbacks.Callback):
    """Evaluates every few epochs, for the log and `metric-<name>.jsonl` of the run, and keeps the best state.

    It takes fewer images than a final evaluation, and of a diffusion model fewer steps: its numbers are for following a
    training, and their protocol, which is kept with them, distinguishes them. Put it before the callbacks that read the
    logs. The training is the same with it and without.

    Args:
        run: the `Run`.
        reference: the real images.
        metrics: names of `keras_genzoo.evaluation.METRICS`; the state that is best by the first one is kept in
            `best/` of the run (`genzoo.load(run, best=name)`).
        every: integer, epochs from one evaluation to the next; the last epoch always gets one.
        extractor: optional, for metrics of features.
        num: integer, images to make.
        epochs: optional integer, the last epoch; that of `fit` by default.
        stop: function that returns whether the training is about to stop, and must not wait for an evaluation.

    Example:
        >>> model.fit(train, epochs=20, callbacks=[Evaluating(run, Reference(held_out, "held_out"), ["mse"])])
    """

    def __init__(
        self,
        run: Run,
        reference: Reference,
        metrics: Sequence[str],
        every: int = 1,
        extractor: Extractor | None = None,
        num: int = 1_000,
        epochs: int | None = None,
        stop: Callable[[], bool] = lambda: False,
    ):
        super().__init__()
        self.run = run
        self.reference = reference
        self.metrics = tuple(metrics)
        self.every = every
        self.extractor = extractor
        self.num = num
        self.epochs = epochs
        self.stop = stop

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Evaluates, if it is due; an error becomes a warning."""
        number = epoch + 1
        last = number == (self.epochs or self.params["epochs"])
        if not last and (number % self.every or self.stop()):
            return
        options = self.model.looking_options if isinstance(self.model, Samples) else {}
        subject = ModelSubject(self.model, self.run.path.name, options=options)
        evaluation = Evaluation(subject, self.reference, self.extractor, num=self.num, keep=False)
        try:
            for result in evaluation.results(self.metrics):
                append(self.run.path, result)
                if result.metric == evaluation.name_of(self.metrics[0]):
                    self._keep_best(result, number)
                if logs is not None and result.value is not None:
                    logs.setdefault(result.metric, result.value)
        except Exception as error:  # even memory that runs out here must not end a training
            warnings.warn(f"epoch {number} could not be evaluated: {error}", stacklevel=1)

    def _keep_best(self, result: Result, number: int) -> None:
        """Keeps the present state if it is better than the best one, or that was measured by another protocol."""
        if result.value is None:
            return
        kept, sign = self.run.best(result.metric), place_of(result.metric).label.better or -1
        place = kept.folder / RECORD
        before = read_json(place, Best) if place.is_file() and list(kept) else None
        if (
            before
            and not differing_keys(before["protocol"], result.protocol)
            and sign * result.value <= sign * before["value"]
        ):
            return
        saved = kept.save(
            self.model,
            Position(number, iterations=self.model.iterations, images=self.model.images_seen, stage=self.model.stage),
        )
        write_json(place, {"value": result.value, "epoch": number, "protocol": result.protocol})
        for older in kept:
            if older != saved:
                shutil.rmtree(older, ignore_errors=True)
