"""The cost of durability and the doctor: a training with all of both against bare `fit`.

    python benchmarks/durability.py [--preset dcgan_drawn_faces_32] [--seconds 60] [--rounds 3]

Each round trains both ways, one after the other, for the time between two checkpoints: one epoch and the save after
it. It takes the ratio of the seconds a step; the order alternates. Below it are the parts: the fraction of the time in
which the training waits for guard, history, plot and checkpoint, and for the doctor, whose first examination (it
compiles) is listed apart; the cost of the guard's check in every step and of the weights' every hundred steps; and how
long a save delays the training, once a minute.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_genzoo as genzoo
from keras_genzoo.artifacts import Checkpoints, Position, Run
from keras_genzoo.callbacks import Diagnosis, Guard, RunLog
from keras_genzoo.training import Stop


def seconds(function: Callable) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


class Timed(keras.callbacks.Callback):
    """Another callback, and the time that is spent in it."""

    def __init__(self, inner: keras.callbacks.Callback):
        super().__init__()
        self.inner = inner
        self.calls: list[float] = []
        for name in ("on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_epoch_end"):
            setattr(self, name, self._timed(getattr(inner, name)))

    def _timed(self, hook: Callable) -> Callable:
        def timed(*arguments: Any, **named: Any) -> None:
            self.calls.append(seconds(lambda: hook(*arguments, **named)))

        return timed

    def set_model(self, model: keras.Model) -> None:
        """Passes the model on."""
        self.inner.set_model(model)

    def set_params(self, params: dict) -> None:
        """Passes the parameters on."""
        self.inner.set_params(params)


def bare(model: keras.Model, train: genzoo.data.Stream, steps: int) -> float:
    """Seconds a step of `fit` alone."""
    return seconds(lambda: model.fit(train, steps_per_epoch=steps, verbose=0)) / steps


def durable(
    model: keras.Model, data: tuple[genzoo.data.Stream, genzoo.data.Stream | None], steps: int, preset: str
) -> tuple[float, float, float, float]:
    """Seconds a step with all that `genzoo train` does, from the lock to the last checkpoint.

    Also the shares of the time in which the training waits for guard, history, plot and checkpoint, and for the looks
    of the doctor but the first; and the seconds of that one, with the choice of its images.
    """
    train, held_out = data
    callbacks: list[Timed] = []

    def play() -> None:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
            run = stack.enter_context(Run.create(folder, genzoo.load_preset(preset), {}))
            stop = stack.enter_context(Stop())
            doctor = Diagnosis(train, held_out and held_out.source, run.path)
            callbacks[:] = [Timed(doctor), Timed(Guard(train)), Timed(RunLog(run, stop=stop.asked))]
            model.fit(train, steps_per_epoch=steps, callbacks=callbacks, verbose=0)

    taken = seconds(play)
    looks, *others = (one.calls for one in callbacks)
    first = looks[0] + looks[2]  # as the training begins, and after its first batch
    return taken / steps, sum(map(sum, others)) / taken, (sum(looks) - first) / taken, first


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="dcgan_drawn_faces_32")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each way in each round")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()

    model = genzoo.build(args.preset, seed=0)
    preset = genzoo.load_preset(args.preset)
    size = preset["arguments"]["image_shape"][0]
    data = genzoo.load_data(preset["data"]["dataset"], size=size, batch_size=preset["data"]["batch_size"])
    train = data[0]
    bare(model, train, 5)  # traces
    steps = max(5, round(args.seconds / bare(model, train, 20)))
    ratios, shares, looked = [], [], []
    for number in range(args.rounds):
        first = bare(model, train, steps) if number % 2 == 0 else None
        with_it, share, looks, first_look = durable(model, data, steps, args.preset)
        without = first or bare(model, train, steps)
        ratios.append(with_it / without)
        shares.append(share)
        looked.append(looks)
        print(f"round {number + 1}: {steps} steps; bare {without:.4f} s, durable {with_it:.4f} s a step", end="; ")
        print(f"the doctor's first look {first_look:.1f} s", flush=True)
    print(f"\n| {args.preset}, batch {train.batch_size} | median | least | greatest |\n| --- | --- | --- | --- |")
    for title, found in (("durable / bare", ratios), ("waiting / durable", shares), ("looking / durable", looked)):
        print(f"| {title} | {statistics.median(found):.4f} | {min(found):.4f} | {max(found):.4f} |")

    guard = Guard(train)
    guard.set_model(model)
    logs = {name: keras.ops.convert_to_tensor(np.float32(1.0)) for name in model.logs}
    look = statistics.median(seconds(lambda: guard._look(logs)) for _ in range(50))
    weights = statistics.median(seconds(model.not_finite) for _ in range(10))
    with tempfile.TemporaryDirectory() as folder:
        checkpoints, held, whole = Checkpoints(Path(folder)), [], []
        for number in range(5):
            start = time.perf_counter()
            future = checkpoints.begin(model, Position(number))
            held.append(time.perf_counter() - start)
            future.result()
            whole.append(time.perf_counter() - start)
        megabytes = (Path(folder) / "epoch-0004" / "model.weights.h5").stat().st_size / 2**20
    print(f"\na look at the logs {1e6 * look:.0f} us, at the weights {1e3 * weights:.1f} ms; a save of")
    print(f"{megabytes:.0f} MiB", end=" ")
    print(f"holds up the training for {1e3 * statistics.median(held):.0f} ms, and is safe after", end=" ")
    print(f"{1e3 * statistics.median(whole):.0f} ms")


if __name__ == "__main__":
    main()
