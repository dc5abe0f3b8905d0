"""RunLog: writes a training into its run folder, so that it can be stopped and killed at any time and go on exactly."""

import dataclasses
import math
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from keras_genzoo.artifacts import Position, Run, plot_losses
from keras_genzoo.callbacks.progress import numbers

_SECONDS_BETWEEN_CHECKS = 10.0
_SECONDS_BETWEEN_PLOTS = 30.0
MOST_FAILURES = 3
"""Saves that may fail one after the other before the training stops."""


class StoppedError(Exception):
    """The training was asked to stop, and has saved its state."""


class DivergedError(RuntimeError):
    """A loss is not a finite number any more."""


class RunLog(keras.callbacks.Callback):
    """Writes history, loss plot and checkpoints of a training into its run folder.

    A checkpoint is written after an epoch, but not more often than every `seconds`, which would hold up the training
    of a large model; and always after the first and the last epoch, and when the training is stopped.

    Args:
        run: the `Run`, held by this process.
        start: the `Position` from which the training goes on.
        seconds: float, least time between two checkpoints.
        stop: function that tells whether to stop after the present step.

    Raises:
        StoppedError: in `fit`, once the state is saved, if `stop` said so.
        DivergedError: in `fit`, if a loss is not finite.
    """

    def __init__(
        self,
        run: Run,
        start: Position = Position(),  # noqa: B008 - immutable
        seconds: float = 60.0,
        stop: Callable[[], bool] = lambda: False,
    ):
        super().__init__()
        self.run = run
        self.position = start
        self.seconds = seconds
        self.stop = stop
        self.saved: Position | None = start if start.iterations else None
        self._last_save = -math.inf if self.saved is None else time.monotonic()
        self._last_plot, self._last_check = time.monotonic(), -math.inf
        self._began = time.monotonic()
        self._failed = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Puts the means of a resumed epoch back, which `fit` has set to zero."""
        self._began = time.monotonic() - self.position.seconds
        if self.position.metrics:
            for variable, value in zip(self.model.metrics_variables, self.position.metrics, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Saves the state and stops, if asked to."""
        now = time.monotonic()
        if now - self._last_check > _SECONDS_BETWEEN_CHECKS:
            self._last_check = now
            self._check(logs or {})
        if self.stop() and batch + 1 < self.params["steps"]:  # after an epoch's last step it is nearly complete
            model = self.model
            self._check(logs or {})
            here = dataclasses.replace(
                self.position,
                step=self.position.step + batch + 1,
                iterations=model.iterations,
                seconds=now - self._began,
                metrics=tuple(float(ops.convert_to_numpy(variable)) for variable in model.metrics_variables),
            )
            self._save(here)
            raise StoppedError

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Logs the epoch; saves the state if it is time to, or the last epoch."""
        now = time.monotonic()
        logs, iterations = numbers(logs, self.model.logs), self.model.iterations
        line = {"epoch": epoch + 1, "iterations": iterations, "seconds": round(now - self._began, 3), **logs}
        self.run.log(line)
        self._check(logs)
        self.position = Position(epoch + 1, iterations=iterations, stage=self.position.stage)
        last = epoch + 1 == self.params["epochs"]
        stop = self.stop()
        if last or stop or now - self._last_plot > _SECONDS_BETWEEN_PLOTS:
            plot_losses(self.run.history(), self.run.path / "losses.png")
            self._last_plot = time.monotonic()
        if last or stop or now - self._last_save > self.seconds:
            self._save(self.position)
        if stop and not last:
            raise StoppedError

    def _save(self, position: Position) -> None:
        """Saves; a save that fails is told, and the training goes on with the last good one, but not for ever."""
        self._last_save = time.monotonic()
        try:
            self.run.checkpoints.save(self.model, position)
        except OSError as error:
            self._failed += 1
            reason = error.strerror or str(error)
            if self._failed >= MOST_FAILURES or position.epoch == self.params["epochs"]:
                raise
            kept = f"the last one that is safe is {self.saved.name}" if self.saved else "none is safe yet"
            warnings.warn(
                f"the checkpoint {position.name} could not be saved ({reason}): {kept}. The training goes on, and "
                f"stops after {MOST_FAILURES} failures: {MOST_FAILURES - self._failed} left.",
                stacklevel=1,
            )
            return
        self._failed = 0
        self.saved = position

    def _check(self, logs: Mapping[str, Any]) -> None:
        wrong = [name for name, value in logs.items() if not name.startswith("val_") and not math.isfinite(value)]
        if wrong:
            kept = (
                f"'{self.run.checkpoints.folder / self.saved.name}' is from before"
                if self.saved
                else "nothing was saved"
            )
            raise DivergedError(
                f"{wrong[0]} is {float(logs[wrong[0]])} in epoch {self.position.epoch + 1}: the training diverged; "
                f"{kept}. Train anew with a lower learning rate, such as "
                "--set compile.optimizer.config.learning_rate=1e-4."
            )
