import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.optimizers import ScheduledAdam
from keras_genzoo.scalar_schedules import OverImages

Cosine = keras.optimizers.schedules.CosineDecay
STEPS = keras.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.5, 0.9, 0.99])


def moved(optimizer, gradients):
    variable = keras.Variable(np.ones(3), name="w")
    for gradient in gradients:
        optimizer.apply([ops.convert_to_tensor(gradient)], [variable])
    return ops.convert_to_numpy(variable)


GRADIENTS = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")


def test_with_a_number_it_is_adam():
    arguments = {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.8}
    one, other = moved(keras.optimizers.Adam(**arguments), GRADIENTS), moved(ScheduledAdam(**arguments), GRADIENTS)
    np.testing.assert_array_equal(one, other)


def test_beta_2_follows_its_schedule():
    found = moved(ScheduledAdam(0.1, 0.0, STEPS, epsilon=1e-8), GRADIENTS)
    weights, velocity = np.ones(3), np.zeros(3)
    for step, gradient in enumerate(GRADIENTS.astype("float64")):
        beta = float(STEPS(step))
        velocity = beta * velocity + (1 - beta) * gradient**2
        weights -= 0.1 * gradient / (np.sqrt(velocity / (1 - beta ** (step + 1))) + 1e-8)
    np.testing.assert_allclose(found, weights, rtol=1e-4)


@pytest.mark.parametrize("beta_2", [0.9, STEPS, OverImages(STEPS)])
def test_it_comes_back_from_its_config(beta_2):
    config = keras.saving.serialize_keras_object(ScheduledAdam(0.1, 0.5, beta_2))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is ScheduledAdam and again.beta_1 == 0.5
    assert again.get_config()["beta_2"] == config["config"]["beta_2"]
    assert ScheduledAdam.from_config({"learning_rate": 0.1}).beta_2 == 0.999
