import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import backend, losses
from keras_genzoo.layers.layer_normalization import LayerNormalization
from keras_genzoo.networks.convolutional import conv_encoder
from keras_genzoo.networks.dcgan import dcgan_discriminator
from keras_genzoo.networks.resnet import resnet_critic


def value(loss):
    assert tuple(loss.shape) == ()
    return float(ops.convert_to_numpy(loss))


def test_it_is_the_squared_distance_of_the_norm_from_one():
    gradient = np.random.default_rng(0).standard_normal((5, 4, 3, 2)).astype("float32")
    norms = np.sqrt((gradient.astype("float64") ** 2).sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(value(losses.gradient_penalty(gradient)), ((norms - 1) ** 2).mean(), rtol=1e-5)


def test_both_sides_of_one_are_penalized():
    unit = np.full((2, 1, 1, 4), 0.5, "float32")
    for factor, penalty in ((0.0, 1.0), (0.5, 0.25), (1.0, 0.0), (3.0, 4.0)):
        np.testing.assert_allclose(value(losses.gradient_penalty(factor * unit)), penalty, atol=2e-6)


def test_half_precision_gradients_do_not_overflow():
    gradient = np.full((1, 1, 1, 4), 1000.0, "float16")  # its square is beyond float16
    np.testing.assert_allclose(value(losses.gradient_penalty(gradient)), 1999.0**2, rtol=1e-5)


def test_r1_is_the_squared_norm():
    gradient = np.random.default_rng(0).standard_normal((5, 4, 3, 2)).astype("float32")
    expected = (gradient.astype("float64") ** 2).sum(axis=(1, 2, 3)).mean()
    np.testing.assert_allclose(value(losses.r1_penalty(gradient)), expected, rtol=1e-5)
    np.testing.assert_allclose(value(losses.r1_penalty(np.full((1, 1, 1, 4), 1000.0, "float16"))), 4e6, rtol=1e-5)


def test_lecam_compares_scores_with_the_other_kind_s_average():
    real, fake = np.array([[1.0], [3.0]], "float32"), np.array([[-2.0], [0.0]], "float32")
    found = value(losses.lecam_penalty(real, fake, average_real=2.0, average_fake=-1.0))
    np.testing.assert_allclose(found, (2**2 + 4**2) / 2 + (4**2 + 2**2) / 2)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="differentiates with TensorFlow's tape")
class TestSecondOrder:
    """The gradient of the penalty by the critic's weights."""

    @staticmethod
    def penalty(critic, x):
        return losses.gradient_penalty(backend.input_gradient(critic, x, critic))

    def gradients(self, critic, x):
        """By the trainable variables: of the penalty, differentiated; None where the tape finds no way."""
        variables = critic.trainable_variables
        _, gradients, _ = backend.value_and_grad(lambda: (self.penalty(critic, x), {}), variables, critic)
        return variables, gradients

    def assert_finite_differences(self, critic, x, step, tolerance):
        for variable, gradient in zip(*self.gradients(critic, x), strict=True):
            value = np.array(variable.numpy())
            direction = np.random.default_rng(1).standard_normal(value.shape)
            ends = []
            for sign in (1, -1):
                variable.assign(value + sign * step * direction)
                ends.append(float(self.penalty(critic, x)))
            variable.assign(value)
            given = 0.0 if gradient is None else float(np.sum(ops.convert_to_numpy(gradient) * direction))
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(given, **tolerance), variable.path

    def test_a_flat_critic_has_a_finite_gradient(self):
        critic = keras.Sequential([layers.Input((4, 4, 1)), layers.Flatten(), layers.Dense(1)])
        critic.set_weights([np.zeros_like(weight) for weight in critic.get_weights()])
        x = ops.ones((2, 4, 4, 1))
        assert float(self.penalty(critic, x)) == pytest.approx(1.0, abs=1e-5)
        kernel, bias = self.gradients(critic, x)[1]
        assert bias is None and np.isfinite(kernel).all()

    def test_a_linear_critic_in_closed_form(self):
        critic = keras.Sequential([layers.Input((1, 1, 2)), layers.Flatten(), layers.Dense(1, use_bias=False)])
        critic.set_weights([np.array([[3.0], [4.0]])])  # (|w| - 1)^2 = 16, by w: 2 (|w| - 1) w / |w|
        x = ops.zeros((5, 1, 1, 2))
        assert float(self.penalty(critic, x)) == pytest.approx(16.0, rel=1e-5)
        (gradient,) = self.gradients(critic, x)[1]
        np.testing.assert_allclose(gradient, [[4.8], [6.4]], rtol=1e-5)

    def test_equals_finite_differences(self):
        keras.utils.set_random_seed(0)
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("float64")
        try:
            inputs = layers.Input((6, 6, 2))
            x = layers.Conv2D(3, 3, padding="same", activation="softplus")(inputs)
            x = LayerNormalization()(layers.Conv2D(3, 3, strides=2, activation="tanh")(x))
            critic = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(layers.UpSampling2D(2)(x))))
        finally:
            keras.config.set_dtype_policy(policy)
        x = ops.convert_to_tensor(np.random.default_rng(0).uniform(-1, 1, (3, 6, 6, 2)))
        # The penalty itself is float32: steps are wide, and what they see is smooth.
        self.assert_finite_differences(critic, x, 1e-3, {"rel": 2e-3, "abs": 2e-4})

    @pytest.mark.parametrize(
        "critic",
        [
            lambda: dcgan_discriminator((8, 8, 1), filters=(3, 4), normalization=None),
            lambda: dcgan_discriminator((8, 8, 1), filters=(3, 4), normalization="layer"),
            lambda: resnet_critic((8, 8, 1), filters=(3, 4)),
            lambda: conv_encoder((8, 8, 1), 1, filters=(3, 4), normalization=None),
        ],
        ids=["dcgan", "dcgan with layer norm", "resnet", "conv"],
    )
    def test_reaches_every_kernel_of_our_critics(self, critic):
        keras.utils.set_random_seed(0)
        network = critic()
        for variable in network.trainable_variables:
            variable.assign(variable + 0.05 * keras.random.normal(variable.shape, seed=1))
        x = keras.random.uniform((3, 8, 8, 1), -1, 1, seed=2)
        for variable, gradient in zip(*self.gradients(network, x), strict=True):
            if variable.name == "kernel":  # behind the last kinked activation a bias has no influence on a gradient
                assert gradient is not None and np.abs(gradient).max() > 0, variable.path

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "critic",
        [
            lambda: dcgan_discriminator((8, 8, 1), filters=(3, 4), normalization="layer"),
            lambda: resnet_critic((8, 8, 1), filters=(3, 4)),
        ],
        ids=["dcgan", "resnet"],
    )
    def test_of_our_normalized_critics_equals_finite_differences(self, critic):
        keras.utils.set_random_seed(0)
        network = critic()
        for variable in network.trainable_variables:
            variable.assign(variable + 0.3 * keras.random.normal(variable.shape, seed=1))
        x = keras.random.uniform((3, 8, 8, 1), -1, 1, seed=2)
        # In float32 differences are good to three digits; with Keras' own layer normalization the first is wrong.
        self.assert_finite_differences(network, x, 1e-3, {"rel": 3e-3, "abs": 2e-3})
