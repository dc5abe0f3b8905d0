"""JAX: gradients, optimizer steps, graphs, and the train step's signature."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import jax
import keras
from keras import ops

from keras_genzoo.backend.common import Assigned, Logs, LossAndLogs, Tensor, other_state


def value_and_grad(
    loss_and_logs: LossAndLogs, variables: list[keras.Variable], model: keras.Model
) -> tuple[Any, list[Tensor], Assigned]:
    """Calls `loss_and_logs` and differentiates its loss with respect to `variables`; see `backend.tensorflow`."""
    state = other_state(variables, model)
    before = [variable.value for variable in state]

    def pure(values: list[Tensor]) -> tuple[Tensor, tuple[Any, list[Tensor]]]:
        pairs = [*zip(variables, values, strict=True), *zip(state, before, strict=True)]
        with keras.StatelessScope(pairs, collect_losses=True) as scope:
            loss, logs = loss_and_logs()
        return loss, (logs, [scope.get_current_value(variable) for variable in state])

    gradients, (logs, after) = jax.grad(pure, has_aux=True)([variable.value for variable in variables])
    triples = zip(state, before, after, strict=True)
    return logs, gradients, [(variable, new) for variable, old, new in triples if new is not old]


def apply_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: list[Tensor], variables: list[keras.Variable]
) -> None:
    """Lets the optimizer of one player take its step (a plain `apply` leaks tracers under loss scaling)."""
    slots = optimizer.variables
    values, state = optimizer.stateless_apply([v.value for v in slots], gradients, [v.value for v in variables])
    for variable, value in [*zip(variables, values, strict=True), *zip(slots, state, strict=True)]:
        variable.assign(value)


def input_gradient(function: Callable[[Tensor], Tensor], x: Tensor, model: keras.Model) -> Tensor:
    """The gradient of `sum(function(x))` with respect to `x`, itself differentiable; see `backend.tensorflow`."""
    state = [(variable, variable.value) for variable in model.variables]

    def total(x: Tensor) -> Tensor:
        with keras.StatelessScope(state):  # BatchNormalization's assignments inside would leak tracers
            return ops.sum(function(x))

    return jax.grad(total)(x)


def grouped_convolution(inputs: Tensor, kernel: Tensor, strides: tuple[int, int], padding: str) -> Tensor | None:
    """The convolution of groups of channels; see `backend.tensorflow`."""
    if jax.default_backend() == "cpu":
        return None
    return jax.lax.conv_general_dilated(
        inputs,
        kernel,
        strides,
        padding.upper(),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=inputs.shape[-1] // kernel.shape[2],
    )


def compiled(function: Callable[..., Tensor], model: keras.Model) -> Callable[..., Tensor]:
    """`function` of tensors, which reads the model's variables and assigns none, compiled."""

    optimizer = getattr(model, "optimizer", None)  # whose counts schedules read
    variables = [*model.variables, *([] if optimizer is None else [optimizer.iterations, optimizer.images_seen])]

    @jax.jit
    def pure(values: list[Tensor], *arguments: Tensor, **keywords: Tensor) -> Tensor:
        with keras.StatelessScope(zip(variables, values, strict=True)):
            return function(*arguments, **keywords)

    return lambda *arguments, **keywords: pure([v.value for v in variables], *arguments, **keywords)


def make_deterministic() -> None:
    """Lets every operation give the same bits each time; see `backend.tensorflow`."""
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()


def replicas(model: keras.Model | None = None) -> int:
    """The number of replicas that take the same step: JAX shards one step instead."""
    return 1


def replica_id() -> Tensor:
    """The number of the replica that runs this, from 0."""
    return 0


def gathered(x: Tensor) -> Tensor:
    """The tensors of all replicas: see `backend.tensorflow`."""
    return x


class TrainStep(keras.Model):
    """`train_step` and `test_step` as Keras' JAX trainer calls them: functions of the state.

    The same imperative step runs inside a scope that collects what it assigns.
    """

    def _get_jax_state(self, **groups: bool) -> tuple:
        """What Keras takes out of the variables, kept where `jax_state_sync` finds it: an error in the first step of
        a `fit` would lose it otherwise (Keras 3.15)."""
        state = super()._get_jax_state(**groups)
        names = [name for name, wanted in groups.items() if wanted and name != "purge_model_variables"]
        self._jax_state = dict(zip(names, state, strict=True))
        return state

    @contextlib.contextmanager
    def handing_back_state(self) -> Iterator[None]:
        """Hands the state back to the variables when an error, or an interrupt, ends the block."""
        try:
            yield
        except BaseException:
            self.jax_state_sync()
            raise

    def _state(self) -> Iterator[list[keras.Variable]]:
        yield from (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )

    def _pure(self, step: Callable[[Any], Logs], groups: list[list], state: tuple, data: Any) -> tuple:
        pairs = [p for group, values in zip(groups, state, strict=True) for p in zip(group, values, strict=True)]
        with keras.StatelessScope(pairs) as scope:
            logs = step(data)
        return logs, tuple([scope.get_current_value(variable) for variable in group] for group in groups)

    def train_step(self, state: tuple, data: Any) -> tuple[Logs, tuple]:
        """Updates every player once."""
        return self._pure(self.training_step, list(self._state()), state, data)

    def test_step(self, state: tuple, data: Any) -> tuple[Logs, tuple]:
        """Computes every player's losses without an update."""
        trainable, rest, _, metrics = self._state()
        return self._pure(self.validation_step, [trainable, rest, metrics], state, data)
