import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.layers.layer_normalization import InstanceNormalization, LayerNormalization

X = np.random.default_rng(0).normal(3.0, 2.0, (4, 5, 3, 2)).astype("float32")


def scaled(layer):
    """The layer with a scale and an offset that are not its initial ones."""
    layer.build(X.shape)
    layer.set_weights([np.array([0.5, 2.0]), np.array([-1.0, 3.0])])
    return layer


def test_an_image_has_mean_zero_and_variance_one():
    y = ops.convert_to_numpy(LayerNormalization()(X))
    np.testing.assert_allclose(y.mean(axis=(1, 2, 3)), 0.0, atol=1e-5)
    np.testing.assert_allclose(y.var(axis=(1, 2, 3)), 1.0, atol=1e-4)


def test_it_is_group_normalization_of_one_group():
    ours, theirs = scaled(LayerNormalization(epsilon=0.1)), scaled(layers.GroupNormalization(1, epsilon=0.1))
    np.testing.assert_allclose(ops.convert_to_numpy(ours(X)), ops.convert_to_numpy(theirs(X)), atol=1e-5)


def test_an_image_does_not_depend_on_its_neighbors():
    layer = scaled(LayerNormalization())
    alone = ops.convert_to_numpy(layer(X[:1]))
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X))[:1], alone, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_normalized_in_float32(policy):
    large = (1000 * X).astype("float32")  # whose squares are beyond float16
    y = LayerNormalization(dtype=policy)(large)
    assert keras.backend.standardize_dtype(y.dtype) == policy.removeprefix("mixed_")
    expected = ops.convert_to_numpy(LayerNormalization()(large))
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(y, "float32")), expected, atol=0.05)


@pytest.mark.parametrize("kind", [LayerNormalization, InstanceNormalization])
def test_config_round_trips(kind):
    layer = kind(epsilon=0.25, affine=False, name="norm")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(twin) is kind and twin.get_config() == layer.get_config()


@pytest.mark.parametrize("affine", [True, False])
def test_by_instance_each_channel_of_an_image_is_normalized_over_its_places(affine):
    layer = InstanceNormalization(epsilon=0.1, affine=affine)
    scale, offset = (np.array([0.5, 2.0]), np.array([-1.0, 3.0])) if affine else (1.0, 0.0)
    if affine:
        scaled(layer)
    x = X.astype("float64")
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    expected = (x - mean) / np.sqrt(variance + 0.1) * scale + offset
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X)), expected, atol=1e-5)
    alone = ops.convert_to_numpy(layer(X[:1]))
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X))[:1], alone, atol=1e-6)
    assert len(layer.weights) == (2 if affine else 0)


def test_by_instance_of_one_place_nothing_but_the_offset_is_left():
    layer = scaled(InstanceNormalization())
    found = ops.convert_to_numpy(layer(X[:, :1, :1]))
    np.testing.assert_allclose(found, np.broadcast_to([-1.0, 3.0], (4, 1, 1, 2)), atol=1e-6)


def test_values_far_from_zero_lose_no_digits():
    """The variance is that of centered values, not a difference of two large numbers."""
    far = (X + 4096).astype("float32")
    x = far.astype("float64")
    expected = (x - x.mean(axis=(1, 2), keepdims=True)) / np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(InstanceNormalization()(far)), expected, atol=1e-3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="differentiates with TensorFlow's tape")
@pytest.mark.parametrize("kind", [LayerNormalization, InstanceNormalization])
def test_derivatives_equal_differences(kind):
    import tensorflow as tf

    layer = kind(dtype="float64")
    scaled(layer)
    cubes = np.random.default_rng(1).normal(size=X.shape)

    def total_of(x):
        return float(ops.sum(cubes * layer(x) ** 3))

    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(cubes * layer(x) ** 3)
        return tape.gradient(total, x)

    x, direction = (tf.constant(np.random.default_rng(seed).normal(size=X.shape)) for seed in (2, 3))
    ends = [total_of(x + step * direction) for step in (1e-5, -1e-5)]
    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(float(ops.sum(slope(x) * direction)), rel=1e-6)
    with tf.GradientTape() as tape:
        tape.watch(x)
        product = ops.sum(slope(x) * cubes[::-1])
    second = float(ops.sum(tape.gradient(product, x) * direction))
    ends = [float(ops.sum(slope(x + step * direction) * cubes[::-1])) for step in (1e-5, -1e-5)]
    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(second, rel=1e-6)
