"""Evaluating: measures a model while it trains, and keeps the state that was best."""

import warnings
from collections.abc import Sequence

import keras

from keras_genzoo.artifacts import Position, Run
from keras_genzoo.evaluation import Evaluation, ModelSubject, Reference, Result, append, like, place_of, read
from keras_genzoo.metrics.extractors import Extractor


class Evaluating(keras.callbacks.Callback):
    """Measures every few epochs: for the log, for `metric-<name>.jsonl` of the run, and to keep the best state.

    With fewer images than a final evaluation: these numbers are for following a training, and their protocol, which is
    kept with them, keeps them apart. Put it before the callbacks that read the logs. The training is the same with it
    and without.

    Args:
        run: the `Run`.
        reference: the real images.
        metrics: names of `keras_genzoo.evaluation.METRICS`; the state that is best by the first one is kept in
            `best/` of the run (`genzoo.load(run, best=name)`).
        every: integer, epochs from one evaluation to the next; the last epoch always gets one.
        extractor: optional, for metrics of features.
        num: integer, images to make.
        stage: integer, the stage of the training, for the record.

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
        stage: int = 0,
    ):
        super().__init__()
        self.run = run
        self.reference = reference
        self.metrics = tuple(metrics)
        self.every = every
        self.extractor = extractor
        self.num = num
        self.stage = stage

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measures, if it is this epoch's turn. What cannot be measured is told, and the training goes on."""
        number = epoch + 1
        if number % self.every and number != self.params["epochs"]:
            return
        subject = ModelSubject(self.model, self.run.path.name)
        one = Evaluation(subject, self.reference, self.extractor, num=self.num, keep=False)
        try:
            for result in one.results(self.metrics):
                if result.metric == one.name_of(self.metrics[0]):
                    self._keep_best(result, number)
                append(self.run.path, result)
                if logs is not None and result.value is not None:
                    logs[result.metric] = result.value
        except ValueError as error:  # such as features that are not finite
            warnings.warn(f"epoch {number} was not measured: {error}", stacklevel=2)

    def _keep_best(self, result: Result, number: int) -> None:
        """Keeps the present state, if none before was as good by the same protocol."""
        if result.value is None:
            return
        kept, sign = self.run.best(result.metric), place_of(result.metric).label.better or -1
        before = [
            sign * rival.value
            for rival in read(self.run.path).get(result.metric, [])
            if rival.value is not None and not like(rival.protocol, result.protocol)
        ]
        if not list(kept) or not before or sign * result.value > max(before):
            kept.save(self.model, Position(number, iterations=self.model.iterations, stage=self.stage))
