"""What the contracts share: tiny models, data for any of them, noise that all backends draw alike, state as arrays."""

import contextlib
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np
import pytest
from keras import ops

import keras_genzoo.models  # noqa: F401 - registers them
from keras_genzoo import counter_rng
from keras_genzoo.capabilities import Samples, Translates
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.data.source import UNLABELED
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import MODELS

ROOT = Path(__file__).parents[2]
NAMES = list(MODELS)
QUICK = ("cvae", "vq_vae", "wgan_gp")
"""Models that differ most: labels and a likelihood; a codebook and a fitted prior; turns, a penalty and an average."""
# A model's checks share its fitted model, so they stay on one worker.
GROUPED = [
    pytest.param(
        name, marks=[pytest.mark.xdist_group(f"contracts-{name}"), *([] if name in QUICK else [pytest.mark.slow])]
    )
    for name in NAMES
]
BATCH = 4
STEPS = 3  # in an epoch of `fit`
PASS = 5  # steps in which a stream goes once through its images: epochs end, and trainings resume, in the middle


def build(name: str, **overrides: Any) -> GenerativeModel:
    """The tiny model of that name; each one starts from the same weights."""
    keras.utils.set_random_seed(0)
    return MODELS[name](**{**MODELS[name].tiny, **overrides})


def source(model: GenerativeModel, count: int) -> ArraySource:
    """Random images, with everything that a model may want as y."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (count, *model.image_shape), dtype="uint8")
    target = rng.integers(0, 256, (count, *getattr(model, "target_shape", model.image_shape)), dtype="uint8")
    label = np.arange(count) % getattr(model, "num_classes", 2)
    if model.targets_may_lack:
        label = np.where(np.arange(count) % 2, label, UNLABELED)
    return ArraySource(image, label=label, target=target)


def training(model: GenerativeModel) -> Stream:
    """A stream to train on."""
    return Stream(source(model, PASS * model.turns * BATCH + 1), BATCH, augment=("flip", "shift"))


def held_out(model: GenerativeModel) -> Stream:
    """A stream to validate on; its last batch is short."""
    return Stream(source(model, 2 * BATCH + 1), BATCH, shuffle=False)


def inputs(model: GenerativeModel, count: int = 3) -> Any:
    """Inputs of `call`: a structure of arrays, as the model declares it."""
    rng = np.random.default_rng(1)
    return keras.tree.map_structure(
        lambda spec: rng.uniform(-1, 1, (count, *spec.shape)).astype(spec.dtype), model.call_inputs
    )


def images(model: GenerativeModel, seed: int) -> np.ndarray:
    """Three uint8 images that the model makes: of noise, or of other images."""
    if isinstance(model, Samples):
        return model.generate(3, seed=seed)
    assert isinstance(model, Translates)
    return model.translate(source(model, 3)[np.arange(3)]["image"])


def packed(model: GenerativeModel, arrays: list[np.ndarray]) -> Any:
    """Arrays in a row as the structure that `call` takes."""
    return arrays[0] if len(arrays) == 1 else keras.tree.pack_sequence_as(model.call_inputs, arrays)


def fit(model: GenerativeModel, **arguments: Any) -> dict[str, list[float]]:
    """Trains two epochs, with validation; returns the history."""
    arguments = {"epochs": 2, "steps_per_epoch": STEPS, "validation_data": held_out(model), "verbose": 0, **arguments}
    return model.fit(training(model), **arguments).history


def plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(json.dumps(value, default=keras.saving.serialize_keras_object))


def arrays(variables: list[keras.Variable]) -> list[np.ndarray]:
    """The values of variables, copied."""
    return [np.array(ops.convert_to_numpy(variable.value)) for variable in variables]


def state(model: GenerativeModel) -> dict[str, np.ndarray]:
    """All that training goes on from: weights, averages, optimizer slots, counts and seeds."""
    passing = {id(variable) for variable in [*model.metrics_variables, model._validation_seeds.state]}
    variables = [v for v in [*model.variables, *model.optimizer.variables] if id(v) not in passing]
    return {
        f"{number} {v.path}": value for number, (v, value) in enumerate(zip(variables, arrays(variables), strict=True))
    }


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    """Fails where two states differ in a bit; layers' names, which Keras numbers, may differ."""
    assert len(one) == len(other)
    for (path, value), twin in zip(one.items(), other.values(), strict=True):
        np.testing.assert_array_equal(value, twin, err_msg=path)


def assert_same_training(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    """Fails where two states differ by more than what sums in another order leave; counts and seeds in a bit.

    Gradients that meet are added by AddN, which begins with the input whose buffer comes free first: of some thousand
    pairs of equal trainings one differs in last bits. Where a gradient is nothing but rounding, such as that of a bias
    before a normalization, Adam makes whole steps of it: so a tenth of the numbers may differ by more. A lost slot of
    Adam would change nearly all of them.
    """
    assert len(one) == len(other)
    differing = count = 0
    for (path, value), twin in zip(one.items(), other.values(), strict=True):
        if not np.issubdtype(value.dtype, np.floating):
            np.testing.assert_array_equal(value, twin, err_msg=path)
            continue
        assert value.shape == twin.shape, path
        differing += np.count_nonzero(~np.isclose(value, twin, rtol=1e-4, atol=1e-6))
        count += value.size
    assert differing <= count / 10, f"{differing:,} of {count:,} numbers differ"


def assert_same_logs(one: dict[str, list[float]], other: dict[str, list[float]]) -> None:
    """Fails where two histories differ by more than a rounding.

    TensorFlow folds the sums in a logged loss into one AddN: see `assert_same_training`.
    """
    assert set(one) == set(other)
    for log, values in one.items():
        np.testing.assert_allclose(values, other[log], rtol=1e-6, err_msg=log)


class _Clock(threading.local):  # replicas run in threads
    call = 0
    step: Any = 0


@contextlib.contextmanager
def same_noise() -> Iterator[None]:
    """Draws of `keras.random` become a function of (train step, draw in the step) on every backend and compiler."""
    clock = _Clock()

    def restarting(method):
        def restarted(self, data):
            clock.call, clock.step = 0, self.optimizer.iterations
            return method(self, data)

        return restarted

    def numbers(draw, shape, dtype):
        clock.call += 1
        rows, *rest = shape or (1,)
        values = draw(clock.step, ops.arange(rows), math.prod(rest), stream=clock.call, xp=ops)
        return ops.cast(ops.reshape(values, shape), dtype or "float32")

    def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
        return mean + stddev * numbers(counter_rng.normal, shape, dtype)

    def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
        return minval + (maxval - minval) * numbers(counter_rng.uniform, shape, dtype)

    def missing(*_, **__):
        raise NotImplementedError("same_noise, in tests/contracts/helpers.py, must learn this draw of keras.random.")

    drawn = {
        name: missing for name in vars(keras.random) if name[0].islower() and callable(getattr(keras.random, name))
    }
    drawn |= {"normal": normal, "uniform": uniform}
    with contextlib.ExitStack() as patches:
        for name, function in drawn.items():
            patches.enter_context(mock.patch.object(keras.random, name, function))
        for name in ("training_step", "validation_step"):
            method = restarting(getattr(GenerativeModel, name))
            patches.enter_context(mock.patch.object(GenerativeModel, name, method))
        yield


def two_steps(name: str, start: list[np.ndarray] | None = None, jit_compile: bool = False) -> GenerativeModel:
    """The tiny model after two steps of SGD, from weights `start`, with noise that is the same everywhere.

    The steps are small: where the first one leaps, as a learned scale does, the second magnifies the last bits.
    """
    model = build(name)
    model.compile(keras.optimizers.SGD(1e-4), jit_compile=jit_compile)
    if start is not None:
        model.set_weights(start)
    with same_noise():
        model.fit(training(model), steps_per_epoch=2, verbose=0)
    return model


def python(*arguments: str | Path, **environment: str) -> str:
    """Runs Python in a process of its own, from the root of the repository, and returns what it printed."""
    command = [sys.executable, *map(str, arguments)]
    process = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=540
    )
    assert process.returncode == 0, process.stderr[-4000:]
    return process.stdout
