import copy
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import backend
from tests.toys import Toy

tensorflow = pytest.mark.skipif(backend.NAME != "tensorflow", reason="TensorFlow's own")


class Quadratic(keras.Model):
    """w -> w^2, with a count of the times it was looked at."""

    def __init__(self):
        super().__init__()
        self.w = self.add_weight((2,), initializer="ones", name="w")
        self.other = self.add_weight((2,), initializer="ones", name="other")
        self.count = self.add_weight((), initializer="zeros", trainable=False, name="count")
        self.built = True

    def game(self):
        self.count.assign_add(1.0)
        loss = ops.sum(3.0 * self.w**2) + ops.sum(self.other)
        return loss, {"loss": loss}


def test_gradients_are_those_of_the_player_s_variables_alone():
    model = Quadratic()
    logs, gradients, assigned = backend.value_and_grad(model.game, [model.w], model)
    (gradient,) = gradients
    np.testing.assert_allclose(gradient, [6.0, 6.0])
    assert float(logs["loss"]) == 8.0
    ((variable, value),) = assigned  # by the caller, if at all
    assert variable is model.count and float(value) == 1.0 and float(ops.convert_to_numpy(model.count)) == 0.0


def test_gradients_come_in_the_order_of_the_variables():
    model = Quadratic()
    for variables in ([model.w, model.other], [model.other, model.w]):
        _, gradients, _ = backend.value_and_grad(model.game, variables, model)
        expected = {id(model.w): 6.0, id(model.other): 1.0}
        for variable, gradient in zip(variables, gradients, strict=True):
            np.testing.assert_allclose(gradient, 2 * [expected[id(variable)]])


@tensorflow
def test_a_replica_s_loss_is_its_share_of_the_mean(monkeypatch):
    model = Quadratic()
    monkeypatch.setattr(f"keras_genzoo.backend.{backend.NAME}.replicas", lambda: 4)
    logs, gradients, _ = backend.value_and_grad(model.game, [model.w], model)
    np.testing.assert_allclose(gradients[0], [1.5, 1.5])  # Keras sums four of them
    assert float(logs["loss"]) == 8.0


def test_the_input_gradient_can_be_differentiated_again():
    model = Quadratic()
    x = ops.convert_to_tensor([[1.0, 2.0]])

    def cube(x):
        return ops.sum(model.w * x**3, axis=-1)

    np.testing.assert_allclose(backend.input_gradient(cube, x, model), [[3.0, 12.0]])

    def game():
        slope = backend.input_gradient(cube, x, model)  # 3 w x^2
        return ops.sum(slope**2), {}

    _, gradients, _ = backend.value_and_grad(game, [model.w], model)
    np.testing.assert_allclose(gradients[0], [18.0, 288.0])  # 18 w x^4


def test_an_optimizer_takes_its_step():
    model = Quadratic()
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build([model.w])
    backend.apply_gradients(optimizer, [ops.convert_to_tensor([1.0, 2.0])], [model.w])
    np.testing.assert_allclose(ops.convert_to_numpy(model.w), [0.5, 0.0])
    assert optimizer.iterations == 1


def test_a_compiled_function_sees_new_weights():
    model = Quadratic()
    double = backend.compiled(lambda x: 2.0 * model.w * x, model)
    x = ops.convert_to_tensor([1.0, 2.0])
    np.testing.assert_allclose(double(x), [2.0, 4.0])
    model.w.assign([5.0, 0.0])
    np.testing.assert_allclose(double(x), [10.0, 0.0])


def test_seeds_on_one_replica_are_keras_own():
    ours, theirs = backend.ReplicaSeedGenerator(3), keras.random.SeedGenerator(3)
    for _ in range(3):
        np.testing.assert_array_equal(ops.convert_to_numpy(ours.next()), ops.convert_to_numpy(theirs.next()))


@tensorflow
def test_replicas_have_seeds_of_their_own(monkeypatch):
    monkeypatch.setattr(backend, "replicas", lambda: 8)
    draws = set()
    for replica in range(8):
        monkeypatch.setattr(backend, "replica_id", lambda replica=replica: replica)
        seeds = backend.ReplicaSeedGenerator(3)
        for _ in range(4):
            draws.add(ops.convert_to_numpy(keras.random.normal((4,), seed=seeds)).tobytes())
    assert len(draws) == 32


def test_there_is_one_replica_without_a_strategy():
    assert backend.replicas() == backend.replicas(Toy()) == 1
    assert int(backend.replica_id()) == 0


def test_another_backend_is_refused_by_name():
    code = (  # Keras itself would need PyTorch
        "import sys, types; keras = types.ModuleType('keras'); keras.ops = keras.Model = None;"
        "keras.backend = types.SimpleNamespace(backend=lambda: 'torch'); sys.modules['keras'] = keras;"
        "exec(compile(open(sys.argv[1]).read(), 'backend.py', 'exec'))"
    )
    process = subprocess.run([sys.executable, "-c", code, backend.__file__], capture_output=True, text=True)
    message = "keras_genzoo trains on TensorFlow and JAX, but Keras runs on 'torch': set the environment variable"
    assert message in process.stderr


def _steps(apply, optimizer, gradients, jit):
    """All variables after the steps of an optimizer."""
    import tensorflow as tf

    weights, optimizer = keras.Variable(np.ones((4, 3), "float32")), keras.optimizers.get(optimizer)
    optimizer.build([weights])
    step = tf.function(lambda gradient: apply(optimizer, [gradient], [weights]), jit_compile=jit)
    for gradient in gradients:
        step(gradient)
    assert "update_step" not in vars(optimizer)
    return [ops.convert_to_numpy(one) for one in (weights, *optimizer.variables)]


@pytest.mark.slow
@tensorflow
@pytest.mark.parametrize(
    "optimizer",
    [
        {"class_name": "Adam", "config": {"learning_rate": 0.1, "beta_1": 0.5}},
        {"class_name": "AdamW", "config": {"learning_rate": 0.1, "weight_decay": 0.1, "clipnorm": 0.5}},
        {"class_name": "Adam", "config": {"learning_rate": 0.1, "amsgrad": True}},
        *(
            {"class_name": name, "config": {"learning_rate": 0.1, **arguments}}
            for name in ("Adam", "AdamW")
            for arguments in (
                {"beta_2": 0.9, "epsilon": 1e-3},
                {"clipvalue": 0.1},
                {"global_clipnorm": 0.1},
                {"loss_scale_factor": 8.0},
                {"gradient_accumulation_steps": 2},
                {"gradient_accumulation_steps": 3, "weight_decay": 0.1, "clipnorm": 0.5},
                {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)},
            )
        ),
    ],
    ids=lambda value: value["class_name"] + " " + " ".join(value["config"]),
)
@pytest.mark.parametrize("jit", [False, True])
def test_adam_takes_the_steps_of_keras(optimizer, jit):
    gradients = [keras.random.normal((4, 3), seed=number) * 10.0**-number for number in range(5)]
    optimizer = keras.saving.serialize_keras_object(keras.optimizers.get(copy.deepcopy(optimizer)))
    ours = _steps(backend.apply_gradients, copy.deepcopy(optimizer), gradients, jit)
    theirs = _steps(keras.optimizers.Optimizer.apply, copy.deepcopy(optimizer), gradients, jit)
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=2e-5, atol=1e-7)  # 1 - beta_2 is rounded to float32
    assert ours[1] == len(gradients)  # iterations


@tensorflow
def test_adam_s_step_of_keras_s_own_is_not_called():
    optimizer, weights = keras.optimizers.Adam(0.1), keras.Variable([1.0])
    optimizer.build([weights])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.optimizers.Adam, "update_step", None)
        backend.apply_gradients(optimizer, [ops.convert_to_tensor([2.0])], [weights])
    np.testing.assert_allclose(weights, [0.9], atol=1e-6)  # the first step is the learning rate
