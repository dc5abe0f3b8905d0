"""The small layers of progressive GAN, in closed form."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.channel_bias import ChannelBias
from keras_genzoo.layers.fade import Fade
from keras_genzoo.layers.minibatch_deviation import MinibatchDeviation
from keras_genzoo.layers.pixel_normalization import PixelNormalization

RNG = np.random.default_rng(0)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def test_pixels_get_the_mean_square_1():
    x = RNG.standard_normal((2, 3, 3, 8)).astype("float32") * np.array([1e-3, 1e3]).reshape(2, 1, 1, 1)
    found = array(PixelNormalization()(x))
    np.testing.assert_allclose(found, x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-8), rtol=1e-4)


def test_pixels_do_not_overflow_in_half_precision():
    found = array(PixelNormalization(dtype="mixed_float16")(np.full((1, 1, 1, 4), 3e4, "float16")))
    np.testing.assert_allclose(found, 1.0, rtol=1e-3)


def deviation(x, groups):
    """By the definition: images i with the same i % groups are a group."""
    found = np.zeros(len(x))
    for group in range(groups):
        members = np.arange(len(x)) % groups == group
        found[members] = np.sqrt(x[members].var(axis=0) + 1e-8).mean()
    return found


@pytest.mark.parametrize(("count", "groups"), [(8, 2), (4, 1), (3, 1), (1, 1), (10, 2), (12, 3)])
def test_a_batch_s_deviation_by_groups(count, groups):
    x = RNG.standard_normal((count, 2, 2, 3)).astype("float32")
    found = array(MinibatchDeviation(4)(x))
    assert found.shape == (count, 2, 2, 4)
    np.testing.assert_array_equal(found[..., :3], x)
    expected = deviation(x, groups).reshape(-1, 1, 1) * np.ones((1, 2, 2))
    np.testing.assert_allclose(found[..., 3], expected, rtol=1e-4, atol=1e-6)


def test_equal_images_have_a_finite_gradient():
    import tensorflow as tf

    x = tf.Variable(np.ones((4, 2, 2, 3), "float32"))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(MinibatchDeviation(4)(x))
    assert np.isfinite(tape.gradient(total, x).numpy()).all()


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_a_fade(alpha):
    first, second = RNG.standard_normal((2, 3, 2, 2, 1)).astype("float32")
    layer = Fade()
    assert array(layer([first, second])) == pytest.approx(first)
    layer.alpha.assign(alpha)
    assert array(layer([first, second])) == pytest.approx((1 - alpha) * first + alpha * second, abs=1e-6)
    assert not layer.trainable_weights


def test_a_bias_for_each_channel():
    layer = ChannelBias()
    x = RNG.standard_normal((2, 3, 3, 2)).astype("float32")
    np.testing.assert_array_equal(array(layer(x)), x)
    layer.set_weights([np.array([1.0, -2.0])])
    np.testing.assert_allclose(array(layer(x)), x + np.array([1.0, -2.0]), atol=1e-6)
    assert keras.layers.deserialize(keras.layers.serialize(layer)).name == layer.name
