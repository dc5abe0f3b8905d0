"""Samplers of a Gaussian mixture, whose denoiser and density are known: order, agreement, noise, likelihood."""

import math

import numpy as np
import pytest
from keras import ops
from scipy import special

from keras_genzoo import backend, counter_rng, samplers
from keras_genzoo.samplers import KarrasPath, LinearPath, VariancePreservingPath
from tests.toys import Toy

PATHS = {
    "linear": LinearPath(),
    "karras": KarrasPath(sigma_max=20.0),
    "cosine": VariancePreservingPath("cosine"),
    "cosine to noise alone": VariancePreservingPath("cosine", zero_terminal_snr=True),
    "ddpm": VariancePreservingPath("linear"),
}
MEANS = np.stack(np.meshgrid([-0.8, -0.4, 0.0, 0.4, 0.8], [-0.8, -0.4, 0.0, 0.4, 0.8]), -1).reshape(25, 2)
DEVIATION = 0.05
each_path = pytest.mark.parametrize("name", PATHS)


def exact(path, means=MEANS, deviation=DEVIATION):
    """The mean of x_0 given x_t of a mixture of Gaussians."""
    means = ops.convert_to_tensor(means, "float32")

    def denoise(x, t):
        alpha, sigma = path.alpha(t), path.sigma(t)
        variance = alpha**2 * deviation**2 + sigma**2
        gaps = x[:, None] - alpha * means[None]
        weights = ops.softmax(-0.5 * ops.sum(gaps**2, axis=-1) / variance, axis=-1)
        each = means[None] + alpha * deviation**2 / variance * gaps
        return ops.sum(weights[..., None] * each, axis=1)

    return denoise


def start(count, path):
    return path.scale * counter_rng.normal(3, np.arange(count), 2)


def fresh(count):
    return lambda i: counter_rng.normal(5, ops.arange(count), 2, i + 1, xp=ops)


def solver(name, path, count=None, **options):
    """A sampler as a function of x and the number of steps."""
    denoise = exact(path)
    noise = fresh(count) if count else None
    return {
        "ddim": lambda x, n: samplers.ddim(denoise, x, path, n, noise),
        "ancestral": lambda x, n: samplers.ddim(denoise, x, path, n, noise, 1.0),
        "euler": lambda x, n: samplers.euler(denoise, x, path, n),
        "heun": lambda x, n: samplers.heun(denoise, x, path, n, noise, **options),
        "dpm_solver": lambda x, n: samplers.dpm_solver(denoise, x, path, n),
    }[name]


def array(function, *arguments):
    """What a function of arrays and numbers gives, as a graph."""
    tensors = [ops.convert_to_tensor(np.asarray(a, "int32" if isinstance(a, int) else "float32")) for a in arguments]
    return ops.convert_to_numpy(backend.compiled(function, Toy())(*tensors))


@each_path
@pytest.mark.parametrize("sampler", ["ddim", "ancestral", "euler", "heun", "dpm_solver"])
def test_a_hundred_steps_reach_every_mode_and_stay_there(name, sampler):
    path = PATHS[name]
    points = array(solver(sampler, path, 2000), start(2000, path), 100)
    distances = np.linalg.norm(points[:, None] - MEANS[None], axis=-1)
    near = distances.min(axis=1) < 4 * DEVIATION
    assert near.mean() > 0.97
    counts = np.bincount(distances.argmin(axis=1)[near], minlength=25)
    assert counts.min() > 40  # of 80 on average


@pytest.mark.parametrize(
    ("name", "sampler", "order"),
    [
        ("karras", "euler", 1),
        ("karras", "ddim", 1),
        ("karras", "heun", 2),
        ("karras", "dpm_solver", 2),
        ("linear", "euler", 1),
        ("linear", "heun", 2),
        ("cosine", "euler", 1),
    ],
)
def test_the_order_of_convergence(name, sampler, order):
    """Of a single Gaussian, whose flow is known: what is left of the noise is in proportion."""
    path, mean, deviation = PATHS[name], np.array([0.3, -0.2], "float32"), 0.5
    denoise = exact(path, means=mean[None], deviation=deviation)
    run = {
        "euler": lambda x, n: samplers.euler(denoise, x, path, n),
        "ddim": lambda x, n: samplers.ddim(denoise, x, path, n, fresh(64)),
        "heun": lambda x, n: samplers.heun(denoise, x, path, n, fresh(64)),
        "dpm_solver": lambda x, n: samplers.dpm_solver(denoise, x, path, n),
    }[sampler]
    x = start(64, path)
    alpha, sigma = (float(part(ops.convert_to_tensor(path.last))) for part in (path.alpha, path.sigma))
    expected = mean + deviation * (x - alpha * mean) / math.hypot(alpha * deviation, sigma)
    errors = [np.abs(array(run, x, n) - expected).max() for n in (20, 40)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


@pytest.mark.parametrize("name", ["linear", "karras"])
def test_of_straight_paths_ddim_is_euler(name):
    path = PATHS[name]
    x = start(16, path)
    np.testing.assert_allclose(array(solver("ddim", path), x, 12), array(solver("euler", path), x, 12), atol=1e-4)


@each_path
@pytest.mark.parametrize("sampler", ["ddim", "euler", "heun", "dpm_solver"])
def test_one_step_is_the_mean_of_all_images(name, sampler):
    path = PATHS[name]
    x = start(4, path)
    np.testing.assert_allclose(array(solver(sampler, path), x, 1), array(exact(path), x, path.last), atol=1e-4)


@pytest.mark.parametrize("name", ["linear", "karras", "ddpm"])
def test_churn_keeps_the_distribution(name):
    path = PATHS[name]
    points = array(solver("heun", path, 2000, churn=40.0), start(2000, path), 100)
    nearest = np.linalg.norm(points[:, None] - MEANS[None], axis=-1).min(axis=1)
    assert np.quantile(nearest, 0.95) < 3.5 * DEVIATION
    plain = array(solver("heun", path), start(2000, path), 100)
    assert np.abs(points - plain).mean() > 0.1  # it was there


@each_path
def test_noise_of_images_leads_to_them_again(name):
    path = PATHS[name]
    images = MEANS + DEVIATION * np.random.default_rng(0).normal(size=(25, 2))
    noise = array(lambda x, n: samplers.towards_noise(exact(path), x, path, n), images, 200)
    again = array(solver("heun", path), noise, 200)
    assert np.abs(again - images).mean() < 0.01


@pytest.mark.parametrize("name", ["linear", "karras", "ddpm"])
def test_the_likelihood_along_the_exact_flow(name):
    """Within 0.02 nats of the density of the mixture, by an exact divergence."""
    path, rng = PATHS[name], np.random.default_rng(1)
    points = (MEANS[rng.integers(0, 25, 200)] + 0.15 * rng.normal(size=(200, 2))).astype("float32")
    denoise = exact(path, deviation=0.15)
    gaps = np.linalg.norm(points[:, None] - MEANS[None], axis=-1)
    density = special.logsumexp(-0.5 * (gaps / 0.15) ** 2, axis=1) - math.log(25 * 2 * math.pi * 0.15**2)
    one_hot = math.sqrt(2.0) * np.repeat(np.eye(2, dtype="float32")[:, None], 200, axis=1)
    model = Toy()

    def product(function, x, v):
        return function(x), ops.sum(backend.input_gradient(lambda x: function(x) * v, x, model) * v, axis=-1)

    probes = ops.convert_to_tensor(one_hot)
    found = array(lambda x, n: samplers.log_likelihood(denoise, product, x, path, n, probes), points, 60)
    assert abs(found.mean() - density.mean()) < 0.02
    np.testing.assert_allclose(found, density, atol=0.1)
