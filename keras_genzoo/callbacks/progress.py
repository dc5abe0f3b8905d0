"""Progress: shows how far a training is, how long it will take, and its logs, without slowing it down."""

import contextlib
import math
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

import keras

from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import duration, is_terminal, printable, say

_SECONDS_BETWEEN_READS = 0.5  # reading the logs waits for the device
_SECONDS_TO_TIME = 2.0
_SECONDS_TO_FORGET = 30.0
_STEPS_TO_TIME = 10
_WARM_UP = 2  # steps that trace and compile
_VALIDATION_COST = 0.4  # of a validation image, in training images: forward without backward


class Progress(keras.callbacks.Callback):
    """Shows a training: on a terminal by a bar and a line an epoch, elsewhere by a line now and then.

    Use it as the last callback of `fit(verbose=0)`, and as a context, which takes the bar away whatever happens. After
    the first steps, less those that compile, it says how long the training will take.

    Args:
        epochs: integer, the epoch after which the training ends.
        steps: integer, train steps in an epoch.
        images: integer, training images of a step.
        first_step: integer, steps of the first epoch that were taken before.
        validation_images: integer, held-out images of the validation after each epoch.
        stream: where to write; standard output by default.
        seconds: float, least time between two lines where there is no terminal.

    Example:
        >>> with Progress(epochs=20, steps=312, images=64) as progress:
        ...     model.fit(train, epochs=20, callbacks=[progress], verbose=0)
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        images: int,
        first_step: int = 0,
        validation_images: int = 0,
        stream: TextIO | None = None,
        seconds: float = 20.0,
    ):
        super().__init__()
        self.epochs = epochs
        self.steps = steps
        self.images = images
        self.stream = stream or sys.stdout
        self.seconds = seconds
        self._speed = _Speed()
        self._rest = _VALIDATION_COST * validation_images / images  # of an epoch, in steps: validation, pictures, ...
        self._epoch, self._first_epoch = 0, -1
        self._step = self._before = first_step  # steps of this epoch, and those of them taken by another process
        self._estimated = False
        self._names: tuple[str, ...] = ()
        self._began = self._last_line = time.perf_counter()
        self._bar = _Bar(self.stream) if is_terminal(self.stream) else None

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.live.stop()

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Reads the names of the model's logs, whose order Keras does not keep."""
        self._names = self.model.logs if isinstance(self.model, GenerativeModel) else ()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts the epoch's bar."""
        if self._first_epoch < 0:
            self._first_epoch = epoch
        self._epoch = epoch
        self._began = time.perf_counter()
        self._speed.pause_over()
        self._show({})

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Counts the step; reads the logs, and with them the clock, twice a second."""
        self._step += 1
        if not self._speed.due(last=self._step == self.steps):
            return
        shown = numbers(logs, self._names)
        self._speed.read()
        self._show(shown)
        if self._speed.seconds >= _SECONDS_TO_TIME:
            self._estimate()
        if not self._bar and time.perf_counter() - self._last_line > 3 * self.seconds:
            self._line(f"{self._place()}, step {self._step}/{self.steps}", shown)

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Says that the epoch is being validated."""
        if self._bar:
            self._bar.show(self._place(), self.steps, self.steps, "validation")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Writes the epoch's line."""
        now = time.perf_counter()
        if epoch > self._first_epoch:  # the first epoch's validation compiles
            self._rest = self._speed.since_read() * self._speed.steps_a_second
        last = epoch + 1 == self.epochs
        if last or epoch == self._first_epoch or now - self._last_line > (1.0 if self._bar else self.seconds):
            seconds = now - self._began
            speed = (self._step - self._before) * self.images / seconds
            self._line(f"{self._place()}  {duration(seconds)}, {speed:,.0f} images/s", numbers(logs, self._names))
        self._epoch, self._step, self._before = epoch + 1, 0, 0
        if self._first_epoch < epoch and not last:
            self._estimate()

    def _place(self) -> str:
        return f"epoch {self._epoch + 1:{len(str(self.epochs))}d}/{self.epochs}"

    def _seconds_left(self) -> float:
        epochs = self.epochs - self._epoch - 1
        steps = self.steps - self._step + self._rest + epochs * (self.steps + self._rest)
        return steps / self._speed.steps_a_second

    def _estimate(self) -> None:
        """Says, once, how long the training will take."""
        if not self._estimated and self._speed.steps >= _STEPS_TO_TIME:
            self._estimated = True
            speed = self._speed.steps_a_second * self.images
            left = duration(self._seconds_left())
            self._write(f"about {left} left, to the end of epoch {self.epochs:,}; {speed:,.0f} images/s")

    def _show(self, shown: Mapping[str, float]) -> None:
        if self._bar:
            left = "preparing the first step"
            if self._speed.steps:
                speed = self._speed.steps_a_second * self.images
                left = f"{speed:,.0f} images/s, {duration(self._seconds_left())} left"
            with contextlib.suppress(OSError):
                self._bar.show(self._place(), self._step, self.steps, left, written(shown))

    def _line(self, what: str, shown: Mapping[str, float]) -> None:
        self._write(f"{what}  {written(shown)}")
        self._last_line = time.perf_counter()

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a closed pipe or a full disk must not end the training
            if self._bar:
                self._bar.live.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)
            else:
                say(text, self.stream)


class _Speed:
    """Train steps a second, without those that compile and without the pauses between epochs."""

    def __init__(self) -> None:
        self.steps = 0
        self.seconds = 0.0
        self._recent_steps = self._recent_seconds = 0.0  # the past counts less and less
        self._warm_up = _WARM_UP
        self._steps_since_read = 0
        self._last_read = time.perf_counter()

    @property
    def steps_a_second(self) -> float:
        return self._recent_steps / self._recent_seconds if self._recent_seconds else 0.0

    def due(self, last: bool) -> bool:
        """Counts a step, and returns whether to read the logs; `last` is the last of an epoch."""
        self._steps_since_read += 1
        if self._warm_up:
            return self._steps_since_read == self._warm_up or last
        return last or self.since_read() > _SECONDS_BETWEEN_READS

    def read(self) -> None:
        """Takes the time of the steps since the last reading, which the device must have done."""
        if self._warm_up:
            self._warm_up = 0
        else:
            seconds = self.since_read()
            self.steps += self._steps_since_read
            self.seconds += seconds
            past = math.exp(-seconds / _SECONDS_TO_FORGET)
            self._recent_steps = past * self._recent_steps + self._steps_since_read
            self._recent_seconds = past * self._recent_seconds + seconds
        self.pause_over()

    def pause_over(self) -> None:
        """Starts the clock again."""
        self._steps_since_read = 0
        self._last_read = time.perf_counter()

    def since_read(self) -> float:
        return time.perf_counter() - self._last_read


class _Bar:
    """The bar, which is redrawn in place."""

    def __init__(self, stream: TextIO):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Live
        from rich.table import Column

        cut = Column(no_wrap=True, overflow="ellipsis")
        self.live = Live(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.fields[logs]}", style="dim", markup=False, table_column=cut),
            console=Console(file=stream),
            transient=True,
            refresh_per_second=4,
        )
        self.task = self.live.add_task("", total=None, left="", logs="")

    def show(self, description: str, completed: int, total: int, left: str, logs: str | None = None) -> None:
        """Moves the bar; `logs` of None leaves what stands there."""
        more: dict[str, Any] = {} if logs is None else {"logs": logs}
        self.live.update(self.task, description=description, completed=completed, total=total, left=left, **more)


def numbers(logs: Mapping[str, Any] | None, names: tuple[str, ...] = ()) -> dict[str, float]:
    """Logs as Python numbers, those of `names` first and in that order; this waits until the device has them."""
    logs = logs or {}
    order = [name for name in (*names, *(f"val_{name}" for name in names)) if name in logs]
    return {name: float(logs[name]) for name in dict.fromkeys((*order, *logs))}


def written(logs: Mapping[str, float]) -> str:
    """Logs in one line, each with its value on held-out images: `loss 120.3 (val 131)  kl 9.8 (val 9.9)`."""
    parts = []
    for name, value in logs.items():
        if not name.startswith("val_"):
            held_out = logs.get(f"val_{name}")
            parts.append(f"{name} {value:.4g}" + (f" (val {held_out:.4g})" if held_out is not None else ""))
    return "  ".join(parts)
