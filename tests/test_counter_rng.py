import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from keras_genzoo import counter_rng

FULL = 0xFFFFFFFF


@pytest.mark.parametrize("xp", [np, ops], ids=["numpy", "keras.ops"])
@pytest.mark.parametrize(
    ("key", "counter", "words"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((FULL, FULL), (FULL, FULL), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_gives_random123_s_known_answers(xp, key, counter, words):
    def arrays(pair):
        return tuple(xp.array([word], dtype="uint32") for word in pair)

    result = counter_rng.threefry2x32(arrays(key), arrays(counter), xp)
    assert tuple(int(ops.convert_to_numpy(word)[0]) for word in result) == words


def test_a_row_depends_on_its_index_alone():
    indices = np.array([7, 3, 2**31, 7, 0])
    rows = counter_rng.normal(5, indices, 6, stream=2)
    assert rows.shape == (5, 6) and rows.dtype == np.float32
    for row, index in zip(rows, indices, strict=True):
        np.testing.assert_array_equal(row, counter_rng.normal(5, np.array([index]), 6, stream=2)[0])


def test_more_images_or_more_numbers_do_not_change_the_first_ones():
    few = counter_rng.uniform(1, np.arange(4), 3)
    np.testing.assert_array_equal(counter_rng.uniform(1, np.arange(100), 3)[:4], few)
    np.testing.assert_array_equal(counter_rng.uniform(1, np.arange(4), 50)[:, :3], few)


def test_seeds_streams_and_indices_are_kept_apart():
    draws = [
        counter_rng.uniform(seed, np.array([index]), 8, stream).tobytes()
        for seed in (0, 1, 2**32 - 1)
        for stream in (0, 1, 2)
        for index in (0, 1, 2**32 - 1)
    ]
    assert len(set(draws)) == len(draws)


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_uniform_numbers_are_uniform(seed):
    numbers = counter_rng.uniform(seed, np.arange(2000), 50).ravel()
    assert numbers.min() > 0.0 and numbers.max() < 1.0
    assert stats.kstest(numbers, "uniform").pvalue > 0.01
    np.testing.assert_allclose([numbers.mean(), numbers.var()], [1 / 2, 1 / 12], atol=0.005)


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_normal_numbers_are_normal(seed):
    numbers = counter_rng.normal(seed, np.arange(2000), 50)
    assert np.isfinite(numbers).all()
    assert stats.kstest(numbers.ravel(), "norm").pvalue > 0.01
    moments = [numbers.mean(), numbers.var(), stats.skew(numbers, axis=None), stats.kurtosis(numbers, axis=None)]
    np.testing.assert_allclose(moments, [0, 1, 0, 0], atol=0.04)


def test_positions_and_images_are_uncorrelated():
    numbers = counter_rng.normal(3, np.arange(4000), 16)
    off_diagonal = np.corrcoef(numbers, rowvar=False) - np.eye(16)
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(4000)  # 120 pairs: five standard deviations
    neighbors = np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]
    assert abs(neighbors) < 5 / np.sqrt(numbers.size)


def test_uniform_ends_are_never_reached():
    words = np.array([0, FULL], dtype="uint32")
    low, high = counter_rng._unit(words, np)
    assert (low, high) == (2.0**-24, 1 - 2.0**-24)


@pytest.mark.parametrize("draw", [counter_rng.uniform, counter_rng.normal])
def test_keras_draws_what_numpy_draws(draw):
    indices = np.array([0, 1, 12345, 2**31 - 1])
    expected = draw(9, indices, 33, stream=4)
    result = draw(9, ops.convert_to_tensor(indices), 33, stream=4, xp=ops)
    assert keras.backend.standardize_dtype(result.dtype) == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(result), expected, atol=2e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.function is TensorFlow's")
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_compiled_graph_draws_the_same_with_the_seed_as_an_input(jit_compile):
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile, input_signature=[tf.TensorSpec((), tf.int64)])
    def draw(seed):
        return counter_rng.normal(seed, ops.arange(5), 7, xp=ops)

    for seed in (0, 2**32 - 1):
        np.testing.assert_allclose(
            draw(tf.constant(seed, tf.int64)), counter_rng.normal(seed, np.arange(5), 7), atol=2e-6
        )


def test_permutation_is_one_of_all_and_differs_by_seed_and_epoch():
    orders = [counter_rng.permutation(seed, epoch, 50) for seed in (0, 1) for epoch in (0, 1)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({order.tobytes() for order in orders}) == 4
    np.testing.assert_array_equal(counter_rng.permutation(0, 1, 50), orders[1])


def test_permutation_visits_every_place_equally_often():
    first = [counter_rng.permutation(0, epoch, 10)[0] for epoch in range(2000)]
    assert stats.chisquare(np.bincount(first, minlength=10)).pvalue > 0.01
