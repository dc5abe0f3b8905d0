"""The layers of StyleGAN, in closed form."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.blur import Blur
from keras_genzoo.layers.constant import Constant
from keras_genzoo.layers.running_mean import RunningMean
from keras_genzoo.layers.scaled_noise import ScaledNoise
from keras_genzoo.layers.style import Style

RNG = np.random.default_rng(0)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def test_the_blur_of_a_point():
    x = np.zeros((1, 5, 5, 2), "float32")
    x[0, 2, 2] = 16.0, 32.0
    found = array(Blur()(x))
    np.testing.assert_allclose(found[0, 1:4, 1:4, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    np.testing.assert_allclose(found[..., 1], 2 * found[..., 0])
    assert found.sum() == pytest.approx(48.0)


def test_a_blur_has_a_second_derivative():
    """Of sum(blur(x)^3) along v: 6 sum(blur(x) blur(v) blur(v))."""
    import tensorflow as tf

    x, v = (tf.constant(RNG.standard_normal((1, 4, 4, 2)), "float32") for _ in range(2))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            total = tf.reduce_sum(Blur()(x) ** 3)
        along = tf.reduce_sum(inner.gradient(total, x) * v)
    found = tf.reduce_sum(outer.gradient(along, x) * v)
    assert float(found) == pytest.approx(6 * float(tf.reduce_sum(Blur()(x) * Blur()(v) ** 2)), rel=1e-4)


@pytest.mark.parametrize("batch", [1, 3])
def test_noise_of_each_channel_s_strength(batch):
    layer = ScaledNoise()
    x, noise = RNG.standard_normal((3, 2, 4, 5)).astype("float32"), RNG.standard_normal((batch, 8)).astype("float32")
    np.testing.assert_array_equal(array(layer([x, noise])), x)  # strengths begin at 0
    strength = np.arange(5.0)
    layer.set_weights([strength])
    np.testing.assert_allclose(array(layer([x, noise])), x + noise.reshape(batch, 2, 4, 1) * strength, atol=1e-5)


def test_a_style_sets_means_and_deviations():
    layer = Style()
    x = (5 + 3 * RNG.standard_normal((2, 8, 8, 3))).astype("float32")
    w = RNG.standard_normal((2, 4)).astype("float32")
    found = array(layer([x, w]))
    scale, offset = np.split(w @ layer.affine.get_weights()[0] / math.sqrt(4), 2, axis=1)
    np.testing.assert_allclose(found.mean((1, 2)), offset, atol=1e-4)
    np.testing.assert_allclose(found.std((1, 2)), np.abs(1 + scale), atol=1e-4)


def test_a_style_of_even_maps_is_its_offset():
    layer = Style()
    w = RNG.standard_normal((1, 4)).astype("float32")
    found = array(layer([np.full((1, 4, 4, 2), 7.0, "float32"), w]))
    offset = np.split(array(layer.affine(w)), 2, axis=1)[1]
    np.testing.assert_allclose(found, np.broadcast_to(offset[:, None, None], (1, 4, 4, 2)), atol=1e-5)


def test_a_style_does_not_overflow_in_half_precision():
    x = np.tile(np.array([-6e4, 6e4], "float16"), 8).reshape(1, 4, 4, 1)
    found = array(Style(dtype="mixed_float16")([x, np.zeros((1, 4), "float16")]))
    np.testing.assert_allclose(np.abs(found), 1.0, rtol=1e-2)


def test_a_constant_for_each_example():
    layer = Constant((2, 2, 3))
    np.testing.assert_array_equal(array(layer(np.zeros((4, 7)))), np.ones((4, 2, 2, 3)))
    assert layer.compute_output_shape((None, 7)) == (None, 2, 2, 3)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.shape == (2, 2, 3)


def test_a_running_mean_moves_in_training_alone():
    layer = RunningMean(0.9)
    x = RNG.standard_normal((16, 3)).astype("float32")
    np.testing.assert_array_equal(array(layer(x)), x)
    np.testing.assert_array_equal(array(layer.mean), 0.0)
    for _ in range(2):
        np.testing.assert_array_equal(array(layer(x, training=True)), x)
    np.testing.assert_allclose(array(layer.mean), (1 - 0.9**2) * x.mean(0), rtol=1e-4, atol=1e-6)
    assert not layer.trainable_weights
