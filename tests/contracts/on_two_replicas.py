"""A process of its own: every model on two virtual CPUs, under the one MirroredStrategy that a process may have.

Its argument is a folder, where it writes `<name>.<check>.npz`, or why it could not.
"""

import sys
import traceback
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_genzoo.model import GenerativeModel
from tests.contracts import helpers

CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()] * 2)
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def two_steps(name: str, shards: int) -> list[np.ndarray]:
    """The weights after two steps of SGD, on batches that repeat one shard `shards` times."""
    model = helpers.build(name)
    model.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
    stream = helpers.training(model)
    size = model.turns * helpers.BATCH
    steps = [stream.batch(step * size, size, model.targets) for step in range(2)]
    columns = [
        np.concatenate([array for array in column for _ in range(shards)]) for column in zip(*steps, strict=True)
    ]
    data = tf.data.Dataset.from_tensor_slices(tuple(columns))
    counted = GenerativeModel.after_step

    def counting_once(self, images, moved):
        return counted(self, images // shards, moved)  # else schedules of images would differ

    with helpers.same_noise(), mock.patch.object(GenerativeModel, "after_step", counting_once):
        model.fit(data.batch(shards * model.turns * helpers.BATCH, drop_remainder=True), verbose=0)
    assert model.iterations == 2
    return model.get_weights()


def draws(name: str) -> dict[str, np.ndarray]:
    """What each replica draws in two train steps of its own."""
    with STRATEGY.scope():
        model = helpers.build(name)
        model.compile()
    batch = tuple(map(tf.constant, helpers.training(model).batch(0, model.turns * helpers.BATCH, model.targets)))
    drawn: list[list[np.ndarray]] = [[], []]

    def recording(draw):
        def recorded(*args, **kwargs):
            numbers = draw(*args, **kwargs)
            replica = int(tf.distribute.get_replica_context().replica_id_in_sync_group)
            drawn[replica].append(ops.convert_to_numpy(numbers).ravel())
            return numbers

        return recorded

    with (
        STRATEGY.scope(),
        mock.patch.object(keras.random, "normal", recording(keras.random.normal)),
        mock.patch.object(keras.random, "uniform", recording(keras.random.uniform)),
    ):
        for _ in range(2):
            STRATEGY.run(model.training_step, args=(batch,))
    return {f"{replica}_{number}": v for replica, all_ in enumerate(drawn) for number, v in enumerate(all_)}


def fitted(name: str) -> dict[str, np.ndarray]:
    """The history of a fit with validation, as a user writes it."""
    with STRATEGY.scope():
        model = helpers.build(name)
        model.compile()
        return {log: np.array(values) for log, values in helpers.fit(model).items()}


def one_and_two(name: str) -> dict[str, np.ndarray]:
    """The weights that one replica and two replicas come to."""
    one = two_steps(name, shards=1)
    with STRATEGY.scope():
        two = two_steps(name, shards=2)
    return {f"{prefix}_{number}": v for prefix, all_ in (("one", one), ("two", two)) for number, v in enumerate(all_)}


def main(folder: Path, names: list[str]) -> None:
    """Runs every check on these models."""
    for name in names:
        for check in (one_and_two, draws, fitted):
            try:
                np.savez(folder / f"{name}.{check.__name__}.npz", **check(name))
            except Exception:
                (folder / f"{name}.{check.__name__}.error").write_text(traceback.format_exc()[-1500:], encoding="utf-8")


main(Path(sys.argv[1]), sys.argv[2:])
