"""The only file that differentiates: gradients, and the train step's signature, on TensorFlow and JAX."""

import functools
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
from keras import ops

Tensor = Any
Logs = dict[str, Tensor]
Game = Callable[[], tuple[Tensor, Logs]]

NAME: str = keras.backend.backend()


class DatasetFacts(NamedTuple):
    """What a dataset tells of itself before it is read; None where it does not know.

    Args:
        batch_size: integer, images in each batch.
        dtype: string, of the images.
        batches: integer, in one pass; negative if endless.
    """

    batch_size: int | None
    dtype: str
    batches: int | None


if NAME == "tensorflow":
    import tensorflow as tf

    def value_and_grad(game: Game, variables: list[keras.Variable], model: keras.Model) -> tuple[Logs, list[Tensor]]:
        """Plays `game` and differentiates its loss by `variables`.

        Args:
            game: function without arguments that returns (loss, logs).
            variables: the variables of the player whose turn it is.
            model: the model; on JAX its other state is carried through.

        Returns:
            The logs, and the gradients in the order of `variables`.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for variable in variables:
                tape.watch(variable.value)
            loss, logs = game()
            loss /= replicas()  # Keras sums the replicas' gradients; a mean is meant
        return logs, tape.gradient(loss, [variable.value for variable in variables])

    def apply_gradients(
        optimizer: keras.optimizers.Optimizer, gradients: list[Tensor], variables: list[keras.Variable]
    ) -> None:
        """Lets the optimizer of one player take its step.

        Adam takes it by TensorFlow's own kernel, which passes over the weights once and in place. Keras 3.15 writes a
        tensor as large as the weights for each operation, which on a CPU takes up to ten times as long.
        """
        # Keras calls the method for each variable, after it has clipped, scaled and decayed.
        fused = type(optimizer) in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad
        if not fused or tf.distribute.has_strategy():
            optimizer.apply(gradients, variables)
            return
        vars(optimizer)["update_step"] = functools.partial(_adam_step, optimizer)
        try:
            optimizer.apply(gradients, variables)
        finally:
            del vars(optimizer)["update_step"]

    def _adam_step(optimizer: keras.optimizers.Adam, gradient: Tensor, variable: tf.Variable, rate: Tensor) -> None:
        """`Adam.update_step` of a variable, in one operation: Kingma & Ba 2015, arXiv:1412.6980, end of section 2."""
        if isinstance(gradient, tf.IndexedSlices):
            type(optimizer).update_step(optimizer, gradient, variable, rate)
            return
        index, dtype = optimizer._get_variable_index(variable), variable.dtype
        step = tf.cast(optimizer.iterations.value + 1, dtype)
        beta_1, beta_2 = tf.cast(optimizer.beta_1, dtype), tf.cast(optimizer.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=optimizer._momentums[index].value.handle,
            v=optimizer._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(optimizer.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )

    def input_gradient(function: Callable[[Tensor], Tensor], x: Tensor, model: keras.Model) -> Tensor:
        """The gradient of `sum(function(x))` by `x`, itself differentiable, for penalties on it.

        What `function` assigns (running means of BatchNormalization) is dropped on JAX.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            total = ops.sum(function(x))
        return tape.gradient(total, x)

    def compiled(function: Callable[..., Tensor], model: keras.Model) -> Callable[..., Tensor]:
        """`function` of tensors, which reads the model's variables and assigns none, as a graph."""
        return tf.function(function, reduce_retracing=True)

    def make_deterministic() -> None:
        """Lets every operation give the same bits each time, on a GPU too, where that takes longer.

        To be called before anything is computed.
        """
        tf.config.experimental.enable_op_determinism()

    def replicas(model: keras.Model | None = None) -> int:
        """The number of replicas that play the same step: of `model`, or of the strategy in whose scope this runs."""
        strategy = tf.distribute.get_strategy() if model is None else model.distribute_strategy
        return strategy.num_replicas_in_sync

    def replica_id() -> Tensor:
        """The number of the replica that runs this, from 0."""
        context = tf.distribute.get_replica_context()
        return 0 if context is None else context.replica_id_in_sync_group

    def dataset_facts(data: Any) -> DatasetFacts | None:
        """What a `tf.data.Dataset` tells of itself; None of anything else."""
        if not isinstance(data, tf.data.Dataset):
            return None
        images = tf.nest.flatten(data.element_spec)[0]
        batches = int(data.cardinality())
        return DatasetFacts(
            batch_size=images.shape[0] if images.shape.rank else None,
            dtype=images.dtype.name,
            batches=None if batches == tf.data.UNKNOWN_CARDINALITY else batches,
        )

    class TrainStep(keras.Model):
        """`train_step` and `test_step` as Keras' TensorFlow trainer calls them."""

        def train_step(self, data: Any) -> Logs:
            """Plays one step of the game."""
            return self.play(data)

        def test_step(self, data: Any) -> Logs:
            """Computes every player's losses without an update."""
            return self.judge(data)

elif NAME == "jax":
    import jax

    def value_and_grad(game: Game, variables: list[keras.Variable], model: keras.Model) -> tuple[Logs, list[Tensor]]:
        """Plays `game` and differentiates its loss by `variables`; see the TensorFlow twin."""
        owned = {id(variable) for variable in variables}
        state = [v for v in [*model.variables, *model.optimizer.variables] if id(v) not in owned]
        before = [variable.value for variable in state]

        def pure(values: list[Tensor]) -> tuple[Tensor, tuple[Logs, list[Tensor]]]:
            pairs = [*zip(variables, values, strict=True), *zip(state, before, strict=True)]
            with keras.StatelessScope(pairs) as scope:
                loss, logs = game()
            return loss, (logs, [scope.get_current_value(variable) for variable in state])

        gradients, (logs, after) = jax.grad(pure, has_aux=True)([variable.value for variable in variables])
        for variable, old, new in zip(state, before, after, strict=True):
            if new is not old:
                variable.assign(new)
        return logs, gradients

    def apply_gradients(
        optimizer: keras.optimizers.Optimizer, gradients: list[Tensor], variables: list[keras.Variable]
    ) -> None:
        """Lets the optimizer of one player take its step (a plain `apply` leaks tracers under loss scaling)."""
        slots = optimizer.variables
        values, state = optimizer.stateless_apply([v.value for v in slots], gradients, [v.value for v in variables])
        for variable, value in [*zip(variables, values, strict=True), *zip(slots, state, strict=True)]:
            variable.assign(value)

    def input_gradient(function: Callable[[Tensor], Tensor], x: Tensor, model: keras.Model) -> Tensor:
        """The gradient of `sum(function(x))` by `x`, itself differentiable; see the TensorFlow twin."""
        state = [(variable, variable.value) for variable in model.variables]

        def total(x: Tensor) -> Tensor:
            with keras.StatelessScope(state):  # BatchNormalization's assignments inside would leak tracers
                return ops.sum(function(x))

        return jax.grad(total)(x)

    def compiled(function: Callable[..., Tensor], model: keras.Model) -> Callable[..., Tensor]:
        """`function` of tensors, which reads the model's variables and assigns none, compiled."""

        optimizer = getattr(model, "optimizer", None)  # whose iterations schedules read
        variables = [*model.variables, *([] if optimizer is None else [optimizer.iterations])]

        @jax.jit
        def pure(values: list[Tensor], *arguments: Tensor) -> Tensor:
            with keras.StatelessScope(zip(variables, values, strict=True)):
                return function(*arguments)

        return lambda *arguments: pure([variable.value for variable in variables], *arguments)

    def make_deterministic() -> None:
        """Lets every operation give the same bits each time; see the TensorFlow twin."""
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()

    def replicas(model: keras.Model | None = None) -> int:
        """The number of replicas that play the same step: JAX shards one step instead."""
        return 1

    def replica_id() -> Tensor:
        """The number of the replica that runs this, from 0."""
        return 0

    def dataset_facts(data: Any) -> DatasetFacts | None:
        """What a dataset tells of itself: none does here."""
        return None

    class TrainStep(keras.Model):  # type: ignore[no-redef]
        """`train_step` and `test_step` as Keras' JAX trainer calls them: functions of the state.

        The same imperative step runs inside a scope that collects what it assigns.
        """

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
            """Plays one step of the game."""
            return self._pure(self.play, list(self._state()), state, data)

        def test_step(self, state: tuple, data: Any) -> tuple[Logs, tuple]:
            """Computes every player's losses without an update."""
            trainable, rest, _, metrics = self._state()
            return self._pure(self.judge, [trainable, rest, metrics], state, data)

else:
    raise ImportError(
        f"keras_genzoo trains on TensorFlow and JAX, but Keras runs on '{NAME}': "
        "set the environment variable KERAS_BACKEND to tensorflow or jax before Python starts."
    )


class ReplicaSeedGenerator(keras.random.SeedGenerator):
    """A seed generator whose draws differ between replicas, which would otherwise all draw the same noise."""

    def next(self, ordered: bool = True) -> Tensor:
        """The next seed, with the replica's number folded into it."""
        seed = super().next(ordered)
        if replicas() == 1:
            return seed
        # A large odd factor keeps the seeds of neighboring steps and replicas apart.
        return seed + ops.cast(replica_id(), seed.dtype) * ops.cast([0x9E3779B1, 0], seed.dtype)
