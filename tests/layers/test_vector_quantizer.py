"""van den Oord et al. 2017: the nearest code, its moving averages, and how many codes are in use."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.vector_quantizer import VectorQuantizer, perplexity

RNG = np.random.default_rng(0)


def build(codes, **arguments):
    """A quantizer with the given codes."""
    codes = np.asarray(codes, "float32")
    quantizer = VectorQuantizer(*codes.shape, **arguments)
    (quantizer.vectors if quantizer.decay is None else quantizer.sums).assign(codes)
    return quantizer


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("decay", [0.99, None])
def test_the_nearest_code_is_the_one_of_least_distance(decay):
    codes = RNG.standard_normal((7, 3)).astype("float32") * np.arange(1, 8)[:, None]  # of all lengths
    z = 3 * RNG.standard_normal((5, 2, 4, 3)).astype("float32")
    quantizer = build(codes, decay=decay)
    expected = ((z[..., None, :] - codes) ** 2).sum(axis=-1).argmin(axis=-1)
    found = numbers(quantizer.nearest(z))
    assert found.dtype == "int32"
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(numbers(quantizer(z)), codes[expected], rtol=1e-6)


def test_half_precision_keeps_it_in_float32():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        quantizer = VectorQuantizer(4, 2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert quantizer.compute_dtype == "float32"
    # In float16 both codes are one.
    quantizer.sums.assign([[2000.0, 0.0], [2000.5, 0.0], [0.0, 0.0], [0.0, 1.0]])
    z = np.array([[2000.4, 0.0]], "float32")
    np.testing.assert_array_equal(numbers(quantizer(z)), [[2000.5, 0.0]])


def test_codes_are_moving_means_of_what_is_nearest_to_them():
    quantizer = build([[0.0, 0.0], [4.0, 4.0], [9.0, 0.0]], decay=0.9, epsilon=0.0)
    batches = [
        (np.array([[1.0, 0.0], [0.0, 3.0], [5.0, 4.0]], "float32"), [0, 0, 1]),
        (np.array([[1.0, 1.0], [6.0, 4.0], [4.0, 6.0]], "float32"), [0, 1, 1]),
    ]
    for z, indices in batches:
        quantizer.update(ops.convert_to_tensor(z), ops.convert_to_tensor(np.array(indices, "int32")))
    # By hand: N = 0.9 N + 0.1 n, m = 0.9 m + 0.1 sum of z, from N = 1 and m = the code.
    np.testing.assert_allclose(numbers(quantizer.counts), [0.81 + 0.18 + 0.1, 0.81 + 0.09 + 0.2, 0.81], rtol=1e-6)
    sums = np.array([[0.09 + 0.1, 0.27 + 0.1], [3.24 + 0.45 + 1.0, 3.24 + 0.36 + 1.0], [7.29, 0.0]])
    np.testing.assert_allclose(numbers(quantizer.sums), sums, rtol=1e-6)
    np.testing.assert_allclose(numbers(quantizer.codebook), sums / [[1.09], [1.1], [0.81]], rtol=1e-6)


def test_counts_are_smoothed():
    quantizer = build([[2.0], [3.0], [5.0]], epsilon=0.5)
    quantizer.counts.assign([6.0, 3.0, 0.0])
    smoothed = np.array([6.5, 3.5, 0.5]) / 10.5 * 9.0
    np.testing.assert_allclose(numbers(quantizer.codebook)[:, 0], [2, 3, 5] / smoothed, rtol=1e-6)


def test_a_code_that_is_never_used_stays_finite():
    quantizer = build([[1.0], [50.0]], decay=0.0)
    quantizer.update(ops.ones((4, 1)), ops.zeros((4,), "int32"))
    np.testing.assert_allclose(numbers(quantizer.codebook), [[1.0], [0.0]], atol=1e-4)


def test_the_codes_that_are_hardly_used_are_restarted():
    quantizer = build([[8.0, 8.0], [1.0, 0.0], [0.3, 0.3], [6.0, 6.0]], epsilon=0.0)
    quantizer.counts.assign([4.0, 1.0, 0.3, 2.7])  # 2 in the mean
    before = numbers(quantizer.codebook)
    candidates = RNG.standard_normal((4, 2)).astype("float32")
    quantizer.restart(ops.convert_to_tensor(candidates), 0.2)
    np.testing.assert_allclose(numbers(quantizer.codebook), [before[0], before[1], candidates[2], before[3]], rtol=1e-6)
    np.testing.assert_allclose(numbers(quantizer.counts), [4.0, 1.0, 2.0, 2.7], rtol=1e-6)


def test_usage_is_each_code_s_share():
    indices = np.array([[0, 2, 2], [2, 3, 0]], "int32")
    np.testing.assert_allclose(numbers(VectorQuantizer(5, 2).usage(indices)), [2 / 6, 0, 3 / 6, 1 / 6, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [([1.0, 0.0, 0.0], 1.0), ([0.25] * 4, 4.0), ([0.5, 0.5, 0.0], 2.0), ([0.5, 0.25, 0.25], 2**1.5)],
)
def test_perplexity(shares, expected):
    assert float(perplexity(ops.convert_to_tensor(shares))) == pytest.approx(expected, rel=1e-5)


def test_what_is_trained():
    averaged, learned = VectorQuantizer(3, 2), VectorQuantizer(3, 2, decay=None)
    assert not averaged.trainable_variables and len(averaged.weights) == 2
    assert [one.path for one in learned.trainable_variables] == [one.path for one in learned.weights]
    lengths = np.linalg.norm(numbers(VectorQuantizer(500, 64).codebook), axis=1)
    assert lengths.mean() == pytest.approx(1.0, abs=0.02)
    assert VectorQuantizer.from_config(learned.get_config()).get_config() == learned.get_config()


def test_a_learned_codebook_has_no_averages():
    with pytest.raises(ValueError, match="update: decay is None, so a loss trains the codes"):
        VectorQuantizer(3, 2, decay=None).update(ops.zeros((1, 2)), ops.zeros((1,), "int32"))
