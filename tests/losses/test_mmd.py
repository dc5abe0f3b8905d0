"""The unbiased estimate of MMD^2 with the inverse multiquadratics kernel."""

import numpy as np
import pytest
from keras import ops

from keras_genzoo import losses
from keras_genzoo.losses.mmd import SCALES

DIM = 3


def estimate(z, prior, variance=1.0):
    loss = losses.mmd(*(ops.convert_to_tensor(np.asarray(one, "float32")) for one in (z, prior)), variance)
    assert tuple(loss.shape) == ()
    return float(ops.convert_to_numpy(loss))


def draws(number, size=20):
    return np.random.default_rng(number).standard_normal((2, size, DIM))


def kernel(a, b, variance):
    widths = 2 * DIM * variance * np.array(SCALES)
    return (widths / (widths + ((a - b) ** 2).sum())).sum()


@pytest.mark.parametrize("variance", [1.0, 2.5])
def test_it_is_the_sum_over_pairs(variance):
    z, prior = draws(0, size=7)
    total = 0.0
    for i in range(7):
        for j in range(7):
            if i != j:
                total += (kernel(z[i], z[j], variance) + kernel(prior[i], prior[j], variance)) / (7 * 6)
            total -= 2 * kernel(z[i], prior[j], variance) / 7**2
    assert estimate(z, prior, variance) == pytest.approx(total, abs=1e-5)


def test_it_is_zero_in_the_mean_for_one_distribution():
    found = np.array([estimate(*draws(number)) for number in range(40)])
    assert found.min() < 0 < found.max()
    assert abs(found.mean()) < 3 * found.std() / np.sqrt(len(found))


@pytest.mark.parametrize("change", [lambda z, by: z + by, lambda z, by: z * (1 + by), lambda z, by: z / (1 + by)])
def test_it_grows_with_the_distance_of_the_distributions(change):
    """So its gradient draws latents that are shifted, too wide or too narrow back to the prior."""
    z, prior = draws(1, size=400)
    found = [estimate(change(z, by), prior) for by in (0.0, 0.25, 0.5, 1.0, 2.0)]
    assert (np.diff(found) > 0).all() and found[0] < 0.02 < found[2]


def test_it_has_a_slope_far_away():
    z, prior = draws(2)
    assert estimate(z + 101, prior) - estimate(z + 100, prior) > 1e-5


def test_the_bounds():
    z = np.zeros((4, DIM))
    assert estimate(z, z + 1e4) == pytest.approx(2 * len(SCALES), rel=1e-4)
    assert estimate(z, z) == pytest.approx(0.0, abs=1e-6)


def test_a_single_latent_has_no_pairs():
    assert estimate(*draws(3, size=1)) == 0.0
