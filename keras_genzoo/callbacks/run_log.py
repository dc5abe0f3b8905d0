"""RunLog: writes a training into its run folder, so that it can be stopped or killed at any time, and resumed."""

import dataclasses
import math
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import keras
from keras import ops

from keras_genzoo.artifacts import Position, Run, plot_losses
from keras_genzoo.callbacks.progress import numbers
from keras_genzoo.callbacks.warn import warn_on_error

_WITHIN_EPOCHS = 5  # times the interval: to save between two epochs is better, and most epochs are short
_SECONDS_BETWEEN_PLOTS = 60.0
MOST_FAILURES = 3
"""The number of saves in a row that may fail before the training stops."""


class StoppedError(Exception):
    """Raised when the training was asked to stop, and has saved its state."""


class SaveError(OSError):
    """Raised when the state of a training could not be saved, which ends it."""


class RunLog(keras.callbacks.Callback):
    """Writes history, loss plot and checkpoints of a training into its run folder.

    A checkpoint is written after an epoch, if the last one is `seconds` old, and within an epoch if it is five times as
    old; always after the first and the last epoch, and when the training is stopped. The training waits until the state
    is copied; a thread writes it to the disk.

    Args:
        run: the `Run`, held by this process.
        start: the `Position` at which the training is resumed.
        seconds: float, least time between two checkpoints.
        stop: function that returns whether to stop after the present step.

    Raises:
        StoppedError: in `fit`, once the state is saved, if `stop` returned true.
        DivergedError: in `fit`, if the state is not finite when it is to be saved.
        SaveError: in `fit`, if `MOST_FAILURES` saves failed, or the last one.
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
        self._writing: tuple[Position, Future[Path]] | None = None
        self._last_save = -math.inf if self.saved is None else time.monotonic()
        self._last_plot = time.monotonic()
        self._began = time.monotonic()
        self._failed = 0
        self._unlogged: list[dict] = []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Restores the means of a resumed epoch, which `fit` has set to zero."""
        self._began = time.monotonic() - self.position.seconds
        if self.position.metrics:
            for variable, value in zip(self.model.metrics_variables, self.position.metrics, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Saves the state, if that is due; and stops, if asked to."""
        now = time.monotonic()
        self._check()
        stop = self.stop()
        due = now - max(self._last_save, self._began) > _WITHIN_EPOCHS * self.seconds
        if not (stop or due) or batch + 1 >= self.params["steps"]:  # after an epoch's last step it is nearly complete
            return
        model = self.model
        here = dataclasses.replace(
            self.position,
            step=self.position.step + batch + 1,
            iterations=model.iterations,
            images=model.images_seen,
            stage=model.stage,
            seconds=now - self._began,
            metrics=tuple(float(ops.convert_to_numpy(variable)) for variable in model.metrics_variables),
        )
        self._save(here, wait=stop)
        if stop:
            raise StoppedError

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Logs the epoch; saves the state if that is due, or the last epoch."""
        now = time.monotonic()
        logs, iterations = numbers(logs, self.model.logs), self.model.iterations
        line = {"epoch": epoch + 1, "iterations": iterations, "seconds": round(now - self._began, 3), **logs}
        self._unlogged.append(line)
        self._log()
        self.position = dataclasses.replace(
            self.position,
            epoch=epoch + 1,
            step=0,
            iterations=iterations,
            images=self.model.images_seen,
            stage=self.model.stage,
            seconds=0.0,
            metrics=(),
        )
        last = epoch + 1 == self.params["epochs"]
        stop = self.stop()
        if last or stop or now - self._last_plot > _SECONDS_BETWEEN_PLOTS:
            with warn_on_error(f"losses.png of epoch {epoch + 1}"):
                plot_losses(self.run.history(), self.run.path / "losses.png")
            self._last_plot = time.monotonic()
        if last or stop or now - self._last_save > self.seconds:
            self._save(self.position, wait=last or stop)
        if stop and not last:
            raise StoppedError

    def _log(self) -> None:
        """Writes the lines that are not written yet; what cannot be written now is written later."""
        with warn_on_error("a line of history.jsonl"):
            while self._unlogged:
                self.run.log(self._unlogged[0])
                del self._unlogged[0]

    def _save(self, position: Position, wait: bool) -> None:
        """Begins a save when the previous one is done; waits until the state is on disk, if the training ends here."""
        self._check(wait=True)
        try:
            self._writing = position, self.run.checkpoints.begin(self.model, position)
        except (OSError, MemoryError) as error:
            self._count_failure(position, error, final=wait)
        self._last_save = time.monotonic()  # what saving took is not a part of the interval
        self._check(wait, final=wait)

    def _check(self, wait: bool = False, final: bool = False) -> None:
        """Checks whether the save that was begun is done, and how it ended."""
        if self._writing is None or not (wait or self._writing[1].done()):
            return
        (position, future), self._writing = self._writing, None
        try:
            future.result()
        except OSError as error:
            self._count_failure(position, error, final)
            return
        self._failed = 0
        self.saved = position

    def _count_failure(self, position: Position, error: OSError | MemoryError, final: bool) -> None:
        """Warns of a save that failed; raises an error after `MOST_FAILURES` of them, or of the last one."""
        self._failed += 1
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        kept = f"the last saved one is {self.saved.name}" if self.saved else "none is saved yet"
        if self._failed >= MOST_FAILURES or final:
            raise SaveError(
                f"the checkpoint {position.name} could not be saved in {self.run.checkpoints.folder} ({reason}): "
                f"{kept}. Solve this, and continue with --resume."
            ) from error
        warnings.warn(
            f"the checkpoint {position.name} could not be saved ({reason}): {kept}. The training continues, and stops "
            f"after {MOST_FAILURES} failures: {MOST_FAILURES - self._failed} left.",
            stacklevel=1,
        )
