"""Guard: stops a training within a step when a loss or weight is NaN or infinite, and reports where that began."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_genzoo.data import Stream
from keras_genzoo.files import DivergedError

_MOST_NAMED = 4  # images that a message names


class Divergence(DivergedError):
    """Raised when a training is not finite any more; `record` has what, since when, and the images of that step.

    Args:
        what: string, the name of a log or a variable.
        value: string, its value.
        player: optional string, the player that logs it.
        epoch: integer, counted from 1.
        step: integer, of the epoch, counted from 1; the position in the whole training is `iterations`.
        iterations: integer, train steps in all.
        images: positions in the source of the images of that step.
        names: their names, where the source has names.
    """

    def __init__(
        self,
        what: str,
        value: str,
        player: str | None,
        epoch: int,
        step: int,
        iterations: int,
        images: list[int],
        names: list[str],
    ):
        self.record = {
            "what": what,
            "value": value,
            "player": player,
            "epoch": epoch,
            "step": step,
            "iterations": iterations,
            "images": images,
            "names": names,
        }
        whose = f" (player '{player}')" if player else ""
        named = ", ".join(map(str, (names or images)[:_MOST_NAMED]))
        more = f", ... ({len(images)} in all)" if len(images) > _MOST_NAMED else ""
        batch = f", which saw the images {named}{more}" if images else ""
        super().__init__(f"{what}{whose} is {value} in epoch {epoch}, step {step}{batch}: the training diverged")


class Guard(keras.callbacks.Callback):
    """Checks every player's losses after each step, and the weights now and then and after each epoch.

    `fit` puts it before all other callbacks. A log is read one step later, when the device has computed it in any case,
    so that the checks cost next to nothing. Keras' `TerminateOnNaN` checks the log `loss` alone.

    Args:
        stream: optional `Stream` that is trained on, to name the images of the step.
        every: integer, steps from one check of the weights to the next.
        first_step: integer, steps of the first epoch that another `fit` took before.

    Raises:
        Divergence: in `fit`: a log is NaN or infinite since the step before, or a weight is.

    Example:
        >>> model.fit(train, epochs=20, callbacks=[Guard(train, every=1)])  # in the place of the one that `fit` makes
    """

    def __init__(self, stream: Stream | None = None, every: int = 100, first_step: int = 0):
        super().__init__()
        self.stream = stream
        self.every = every
        self._before = first_step
        self._epoch = self._start = self._images_before = self._last = 0
        self._unchecked: Mapping[str, Any] = {}

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Notes where the epoch begins."""
        self._epoch, self._start, self._images_before, self._last = (
            epoch,
            self.model.iterations,
            self.model.images_seen,
            0,
        )
        self._unchecked = {}

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Checks the logs of the step before, and the weights if that is due."""
        self._check(self._unchecked)
        due = (self._start + batch + 1) // self.every > (self._start + self._last) // self.every
        self._unchecked, self._last = logs or {}, batch + 1
        if due:
            self._check(self._unchecked)
            self._check_weights()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Checks the logs of the whole epoch, and the weights."""
        self._check({name: value for name, value in (logs or {}).items() if not name.startswith("val_")})
        self._check_weights()  # before they are evaluated or drawn from
        self._before = 0

    def _check(self, logs: Mapping[str, Any]) -> None:
        for name in sorted(logs, key=self._turn):  # the player that plays first is named
            if not math.isfinite(value := float(logs[name])):
                self._stop(name, str(value), self.model.reporter(name))

    def _turn(self, log: str) -> int:
        return self.model.logs.index(log) if log in self.model.logs else len(self.model.logs)

    def _check_weights(self) -> None:
        if paths := self.model.not_finite():
            self._stop(paths[0], "not finite", None)

    def _stop(self, what: str, value: str, player: str | None) -> None:
        images: list[int] = []
        names: list[str] = []
        taken = max(self._last, 1)
        if self.stream is not None:
            size = self.model.turns * self.model.in_stage(self.stream).batch_size
            indices = self.stream.indices(self._images_before + (taken - 1) * size, size)
            found = self.stream.source[indices]
            broken = ~np.isfinite(found["image"].reshape(len(indices), -1)).all(axis=1)  # of float images
            indices = indices[broken] if broken.any() else indices
            images = indices.tolist()
            names = [str(name) for name in self.stream.source[indices].get("name", ())]
        step = self._before + max(self._last, 1)
        raise Divergence(what, value, player, self._epoch + 1, step, self._start + taken, images, names)
