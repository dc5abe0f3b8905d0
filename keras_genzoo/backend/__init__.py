"""What differs between TensorFlow and JAX: the only package that differentiates or knows devices."""

from typing import TYPE_CHECKING

import keras
from keras import ops

from keras_genzoo.backend.common import Assigned, Logs, LossAndLogs, Tensor

NAME: str = keras.backend.backend()

if TYPE_CHECKING or NAME == "tensorflow":
    from keras_genzoo.backend.tensorflow import (
        TrainStep,
        apply_gradients,
        compiled,
        gathered,
        grouped_convolution,
        input_gradient,
        make_deterministic,
        replica_id,
        replicas,
        value_and_grad,
    )
elif NAME == "jax":
    from keras_genzoo.backend.jax import (
        TrainStep,
        apply_gradients,
        compiled,
        gathered,
        grouped_convolution,
        input_gradient,
        make_deterministic,
        replica_id,
        replicas,
        value_and_grad,
    )
else:
    raise ImportError(
        f"keras_genzoo trains on TensorFlow and JAX, but Keras runs on '{NAME}': "
        "set the environment variable KERAS_BACKEND to tensorflow or jax before Python starts."
    )

__all__ = [
    "NAME",
    "Assigned",
    "Logs",
    "LossAndLogs",
    "ReplicaSeedGenerator",
    "Tensor",
    "TrainStep",
    "apply_gradients",
    "compiled",
    "gathered",
    "grouped_convolution",
    "input_gradient",
    "make_deterministic",
    "replica_id",
    "replicas",
    "value_and_grad",
]


class ReplicaSeedGenerator(keras.random.SeedGenerator):
    """A seed generator whose draws differ between replicas, which would otherwise all draw the same noise."""

    def next(self, ordered: bool = True) -> Tensor:
        """The next seed, with the replica's number folded into it."""
        seed = super().next(ordered)
        if replicas() == 1:
            return seed
        # A large odd factor keeps the seeds of neighboring steps and replicas apart.
        return seed + ops.cast(replica_id(), seed.dtype) * ops.cast([0x9E3779B1, 0], seed.dtype)
