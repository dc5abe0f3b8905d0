"""Paths to noise: endpoints, slopes, inverse levels, sampling times."""

import math

import numpy as np
import pytest
from keras import ops

from keras_genzoo.samplers import KarrasPath, LinearPath, VariancePreservingPath
from tests.samplers.test_solvers import PATHS, each_path


def array(tensor):
    return ops.convert_to_numpy(tensor).astype("float64")


def at(path, t):
    t = ops.convert_to_tensor(np.asarray(t, "float32"))
    return array(path.alpha(t)), array(path.sigma(t))


@each_path
def test_slopes_are_derivatives(name):
    path = PATHS[name]
    t = path.last * np.linspace(0.1, 0.9, 9)
    step = 1e-3 * path.last
    after, before = at(path, t + step), at(path, t - step)
    found = path.slopes(ops.convert_to_tensor(t.astype("float32")))
    for slope, high, low in zip(found, after, before, strict=True):
        np.testing.assert_allclose(array(slope), (high - low) / (2 * step), rtol=2e-3, atol=2e-3)


@each_path
def test_times_of_noise_levels(name):
    path = PATHS[name]
    t = path.last * np.linspace(0.05, 0.95, 10)
    alpha, sigma = at(path, t)
    found = array(path.time_of(ops.convert_to_tensor((sigma / alpha).astype("float32"))))
    np.testing.assert_allclose(found, t, rtol=2e-3)


@each_path
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_times_of_samplers_go_from_noise_to_images(name, steps):
    path = PATHS[name]
    times = [float(path.time(i, steps)) for i in range(steps + 1)]
    assert times[0] == pytest.approx(path.last) and times[-1] == 0.0
    assert times == sorted(times, reverse=True)
    upwards = [float(path.time_upwards(i, steps)) for i in range(steps + 1)]
    assert (upwards[0], upwards[-1]) == (pytest.approx(path.least, rel=1e-4), pytest.approx(path.last))
    assert upwards == sorted(upwards)


def test_the_ends_of_the_paths():
    for name in ("cosine", "ddpm", "linear"):
        alpha, sigma = at(PATHS[name], 0.0)
        assert (alpha, sigma) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-3))
    # Ho et al. 2020, section 4: sqrt(alpha bar) of 1,000 steps with beta from 1e-4 to 0.02.
    betas = np.linspace(1e-4, 0.02, 1000)
    steps = np.sqrt(np.cumprod(1 - betas))
    np.testing.assert_allclose(at(PATHS["ddpm"], np.arange(1, 1001) / 1000)[0], steps, atol=2e-3)
    # Nichol & Dhariwal 2021, equation 17.
    t = np.array([0.0, 0.3, 0.9])
    angle = (t * 0.999 + 0.008) / 1.008 * math.pi / 2
    np.testing.assert_allclose(
        at(PATHS["cosine"], t)[0], np.cos(angle) / math.cos(0.008 / 1.008 * math.pi / 2), rtol=1e-4
    )
    assert at(LinearPath(), 0.3) == (pytest.approx(0.7), pytest.approx(0.3))


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_zero_terminal_snr(schedule):
    """Lin et al. 2024, algorithm 1: the first value stays, the last one is 0."""
    plain, shifted = (VariancePreservingPath(schedule, zero) for zero in (False, True))
    assert at(shifted, [0.0, 1.0])[0] == pytest.approx([1.0, 0.0], abs=1e-6)
    first, middle, last = at(plain, [0.0, 0.4, 1.0])[0]
    assert at(shifted, 0.4)[0] == pytest.approx((middle - last) * first / (first - last), rel=1e-4)
    assert last > 0


def test_karras_times():
    """Karras et al. 2022, equation 5, with rho 7."""
    path = KarrasPath()
    found = [float(path.time(i, 5)) for i in range(6)]
    expected = [(80 ** (1 / 7) + i / 4 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7 for i in range(5)]
    np.testing.assert_allclose(found, [*expected, 0.0], rtol=1e-3)
