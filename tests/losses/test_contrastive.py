import numpy as np
import pytest
from keras import ops
from scipy import special

from keras_genzoo import backend
from keras_genzoo.losses.contrastive import patch_nce


def value(loss):
    assert tuple(loss.shape) == ()
    return float(ops.convert_to_numpy(loss))


def unit(*shape, seed=0):
    """Random vectors of length 1."""
    x = np.random.default_rng(seed).normal(size=shape).astype("float32")
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def by_hand(queries, keys, temperature):
    similarity = np.einsum("bqc,bkc->bqk", queries.astype("float64"), keys.astype("float64")) / temperature
    return -np.mean(np.diagonal(special.log_softmax(similarity, axis=-1), axis1=1, axis2=2))


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_it_is_the_cross_entropy_of_finding_the_own_patch(temperature):
    queries, keys = unit(3, 6, 8), unit(3, 6, 8, seed=1)
    assert value(patch_nce(queries, keys, temperature)) == pytest.approx(by_hand(queries, keys, temperature), rel=1e-5)


def test_patches_that_are_all_alike_are_one_in_n():
    alike = np.repeat(unit(2, 1, 8), 5, axis=1)
    assert value(patch_nce(alike, alike)) == pytest.approx(np.log(5), rel=1e-5)
    orthogonal = np.eye(8, dtype="float32")[None, :5]  # queries that are no more like one key than like another
    assert value(patch_nce(np.eye(8, dtype="float32")[None, 5:6].repeat(5, axis=1), orthogonal)) == pytest.approx(
        np.log(5), rel=1e-5
    )
    assert value(patch_nce(alike[:, :1], alike[:, :1])) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_equal_features_in_closed_form(temperature):
    """n orthogonal patches that stay as they are: log(1 + (n - 1) exp(-1 / tau))."""
    features = np.eye(8, dtype="float32")[None, :6]
    expected = np.log1p(5 * np.exp(-1 / temperature))
    assert value(patch_nce(features, features, temperature)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_the_alternatives_are_of_the_same_image():
    queries, keys = unit(3, 6, 8), unit(3, 6, 8, seed=1)
    alone = [value(patch_nce(queries[i : i + 1], keys[i : i + 1])) for i in range(3)]
    assert value(patch_nce(queries, keys)) == pytest.approx(np.mean(alone), rel=1e-5)


def test_half_precision_is_computed_in_float32():
    queries, keys = unit(2, 6, 8).astype("float16"), unit(2, 6, 8, seed=1).astype("float16")
    expected = by_hand(queries, keys, 0.001)  # similarities of 1000, whose exponential no float holds
    assert value(patch_nce(queries, keys, 0.001)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(backend.NAME != "tensorflow", reason="differentiates with TensorFlow's tape")
def test_the_gradient_goes_through_the_queries_alone():
    import tensorflow as tf

    queries, keys = unit(2, 5, 4), unit(2, 5, 4, seed=1)
    variables = [tf.Variable(queries), tf.Variable(keys)]
    with tf.GradientTape() as tape:
        loss = patch_nce(*variables, temperature=0.3)
    by_queries, by_keys = tape.gradient(loss, variables)
    assert by_keys is None
    odds = special.softmax(np.einsum("bqc,bkc->bqk", queries, keys) / 0.3, axis=-1)
    np.testing.assert_allclose(by_queries, (odds @ keys - keys) / 0.3 / 10, atol=1e-6)
