"""Discretized logistic mixtures: probabilities that sum to 1, draws that follow them, channels of a pixel together."""

import itertools

import numpy as np
import pytest
from keras import ops
from scipy.special import expit

from keras_genzoo.distributions.logistic_mixture import LogisticMixture, bits_per_dimension

RNG = np.random.default_rng(0)


def levels(count):
    return np.linspace(-1, 1, count)


@pytest.mark.parametrize(("channels", "count"), [(1, 256), (1, 2), (2, 5), (3, 4)])
def test_the_probabilities_of_all_pixels_sum_to_one(channels, count):
    mixture = LogisticMixture(channels, 2, count)
    parameters = RNG.normal(size=(1, mixture.size)).astype("float32")
    x = np.array(list(itertools.product(levels(count), repeat=channels)), "float32")
    nats = ops.convert_to_numpy(mixture.log_prob(x, parameters))
    assert np.exp(nats.astype("float64")).sum() == pytest.approx(1, abs=1e-5)


def test_a_component_has_the_mass_of_its_interval():
    mixture = LogisticMixture(1, 1, 256)
    mean, log_scale, half = 0.1, -2.0, 1 / 255
    parameters = np.array([0.3, mean, log_scale], "float32")
    x = levels(256)[[0, 100, 255]]
    upper, lower = (expit((x + sign * half - mean) * np.exp(-log_scale)) for sign in (1, -1))
    expected = np.where(x == -1, upper, np.where(x == 1, 1 - lower, upper - lower))
    found = ops.convert_to_numpy(mixture.log_prob(x[:, None].astype("float32"), parameters))
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-4)


def test_draws_follow_the_probabilities():
    mixture = LogisticMixture(2, 3, 4)
    parameters = RNG.normal(size=mixture.size).astype("float32")
    x = np.array(list(itertools.product(levels(4), repeat=2)), "float32")
    expected = np.exp(ops.convert_to_numpy(mixture.log_prob(x, parameters)))
    uniform = RNG.uniform(1e-6, 1 - 1e-6, (40_000, 5)).astype("float32")
    drawn = ops.convert_to_numpy(mixture.sample(np.broadcast_to(parameters, (40_000, mixture.size)), uniform))
    numbers = np.rint((drawn + 1) * 1.5).astype(int) @ [4, 1]
    np.testing.assert_allclose(np.bincount(numbers, minlength=16) / 40_000, expected, atol=0.012)


def test_values_are_rounded_to_levels():
    found = ops.convert_to_numpy(LogisticMixture(1, 1, 3).quantized(np.array([-3.0, -0.4, 0.6, 2.0], "float32")))
    np.testing.assert_array_equal(found, [-1, 0, 1, 1])


def test_bits_are_nats_for_each_number():
    assert float(bits_per_dimension(ops.convert_to_tensor(8 * 10 * np.log(2.0)), 10)) == pytest.approx(8)
