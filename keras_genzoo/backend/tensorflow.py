"""TensorFlow: gradients, optimizer steps, graphs, replicas, and the train step's signature."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_genzoo.backend.common import Assigned, Logs, LossAndLogs, Tensor, other_state


def value_and_grad(
    loss_and_logs: LossAndLogs, variables: list[keras.Variable], model: keras.Model
) -> tuple[Any, list[Tensor], Assigned]:
    """Calls `loss_and_logs` and differentiates its loss with respect to `variables`.

    What layers assign meanwhile (running statistics, seeds) is not assigned yet: the caller decides.

    Args:
        loss_and_logs: function without arguments that returns (loss, logs), or another structure in their place.
        variables: the variables of the player that is updated.
        model: the model, whose other state may change.

    Returns:
        The logs, the gradients in the order of `variables`, and what is to be assigned.
    """
    state = other_state(variables, model)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for variable in variables:
            tape.watch(variable.value)
        pairs = [(variable, variable.value) for variable in variables]  # which regularizers look for there
        with keras.StatelessScope(pairs, collect_losses=True) as scope:
            loss, logs = loss_and_logs()
        loss /= replicas()  # Keras sums the replicas' gradients; a mean is meant
    after = [(variable, scope.get_current_value(variable)) for variable in state]
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    return logs, gradients, [(variable, value) for variable, value in after if value is not None]


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
    # Under gradient accumulation Keras has a tensor here, of the steps that were applied.
    step = tf.cast(ops.convert_to_tensor(optimizer.iterations) + 1, dtype)
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
    """The gradient of `sum(function(x))` with respect to `x`, itself differentiable, for penalties on it.

    What `function` assigns (running means of BatchNormalization) is dropped on JAX.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        total = ops.sum(function(x))
    return tape.gradient(total, x)


@functools.cache
def _knows_groups(dtype: str) -> bool:
    """Whether this machine's kernels convolve groups, and differentiate it: on CPUs oneDNN's do, Eigen's do not."""
    with tf.init_scope():
        x, kernel = tf.ones((1, 4, 4, 4), dtype), tf.ones((3, 3, 2, 4), dtype)
        try:
            made = tf.nn.conv2d(x, kernel, 1, "SAME")
            # Its two gradients by name: in an init_scope a tape records nothing.
            given = {"out_backprop": made, "strides": [1, 1, 1, 1], "padding": "SAME"}
            tf.raw_ops.Conv2DBackpropInput(input_sizes=x.shape, filter=kernel, **given)
            tf.raw_ops.Conv2DBackpropFilter(input=x, filter_sizes=kernel.shape, **given)
        except (tf.errors.OpError, ValueError):
            return False
    return True


def grouped_convolution(inputs: Tensor, kernel: Tensor, strides: tuple[int, int], padding: str) -> Tensor | None:
    """The convolution of groups of channels by a kernel of fewer inputs, channels last; None where it is slow or fails.

    Keras compiles it by XLA, which takes a hundred times as long on a CPU.
    """
    if not _knows_groups(inputs.dtype.name):
        return None
    return tf.nn.conv2d(inputs, kernel, strides, padding.upper())


def compiled(function: Callable[..., Tensor], model: keras.Model) -> Callable[..., Tensor]:
    """`function` of tensors, which reads the model's variables and assigns none, as a graph."""
    return tf.function(function, reduce_retracing=True)


def make_deterministic() -> None:
    """Lets every operation give the same bits each time, on a GPU too, where that takes longer.

    To be called before anything is computed.
    """
    tf.config.experimental.enable_op_determinism()


def replicas(model: keras.Model | None = None) -> int:
    """The number of replicas that take the same step: of `model`, or of the strategy in whose scope this runs."""
    strategy = tf.distribute.get_strategy() if model is None else model.distribute_strategy
    return strategy.num_replicas_in_sync


def replica_id() -> Tensor:
    """The number of the replica that runs this, from 0."""
    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def gathered(x: Tensor) -> Tensor:
    """The tensors (n, ...) of all replicas that run this, one behind the other: the same on each of them."""
    context = tf.distribute.get_replica_context()
    return x if context is None or context.num_replicas_in_sync == 1 else context.all_gather(x, axis=0)


class TrainStep(keras.Model):
    """`train_step` and `test_step` as Keras' TensorFlow trainer calls them."""

    def handing_back_state(self) -> contextlib.AbstractContextManager:
        """See `backend.jax`: here the variables have their values throughout."""
        return contextlib.nullcontext()

    def train_step(self, data: Any) -> Logs:
        """Updates every player once."""
        return self.training_step(data)

    def test_step(self, data: Any) -> Logs:
        """Computes every player's losses without an update."""
        return self.validation_step(data)
