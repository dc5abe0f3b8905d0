import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.reflection_padding import ReflectionPadding2D

X = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype("float32")


@pytest.mark.parametrize("padding", [1, 2, 4])
def test_it_is_numpy_s_reflection(padding):
    layer = ReflectionPadding2D(padding)
    expected = np.pad(X, ((0, 0), (padding, padding), (padding, padding), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(layer(X), expected)
    assert layer.compute_output_shape(X.shape) == expected.shape
    assert layer.compute_output_shape((None, None, 7, 3)) == (None, None, 7 + 2 * padding, 3)
    symbolic = layer(keras.KerasTensor((None, None, None, 3)))
    assert symbolic.shape == (None, None, None, 3)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_kept(policy):
    made = ReflectionPadding2D(1, dtype=policy)(X)
    assert keras.backend.standardize_dtype(made.dtype) == policy.removeprefix("mixed_")


def test_config_round_trips():
    layer = ReflectionPadding2D(3, name="padding")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(twin) is ReflectionPadding2D and twin.get_config() == layer.get_config() and twin.padding == 3


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="differentiates with TensorFlow's tape")
class TestGradients:
    @staticmethod
    def slope(x, weights, layer):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(weights * layer(x) ** 3)
        return tape.gradient(total, x)

    @pytest.mark.parametrize("padding", [1, 3])
    def test_a_pixel_gets_the_sum_of_its_reflections(self, padding):
        import tensorflow as tf

        x = tf.constant(X, "float64")
        layer = ReflectionPadding2D(padding, dtype="float64")
        weights = np.random.default_rng(1).normal(size=layer.compute_output_shape(X.shape))
        expected, places = np.zeros(X.shape), [np.pad(np.arange(n), padding, mode="reflect") for n in X.shape[1:3]]
        for i, row in enumerate(places[0]):
            for j, column in enumerate(places[1]):
                expected[:, row, column] += 3 * weights[:, i, j] * X[:, row, column].astype("float64") ** 2
        np.testing.assert_allclose(self.slope(x, weights, layer), expected, rtol=1e-12)

    def test_the_second_derivative_equals_differences_of_the_first(self):
        import tensorflow as tf

        layer = ReflectionPadding2D(2, dtype="float64")
        weights = np.random.default_rng(1).normal(size=layer.compute_output_shape(X.shape))
        x, direction, other = (tf.constant(np.random.default_rng(seed).normal(size=X.shape)) for seed in (2, 3, 4))
        with tf.GradientTape() as tape:
            tape.watch(x)
            product = ops.sum(self.slope(x, weights, layer) * other)
        second = float(ops.sum(tape.gradient(product, x) * direction))
        ends = [float(ops.sum(self.slope(x + step * direction, weights, layer) * other)) for step in (1e-5, -1e-5)]
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(second, rel=1e-6)
