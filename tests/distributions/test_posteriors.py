"""Posteriors: their density against SciPy's, numerical Jacobians, and integrals over the plane."""

import numpy as np
import pytest
from keras import ops
from scipy import stats

from keras_genzoo.distributions import DiagonalGaussian, InverseAutoregressiveFlow, PlanarFlow, gaussian_log_density
from keras_genzoo.distributions.flows import made_masks

LATENTS = 3
RNG = np.random.default_rng(0)
EPSILON = RNG.standard_normal((5, LATENTS)).astype("float32")


def flow(make, latents=LATENTS, steps=3):
    """A flow far from the identity, and parameters for five images."""
    made = make(latents, steps)
    random = np.random.default_rng(3)
    for weight in made.trainable_variables:
        if len(weight.shape) == 2:
            weight.assign(random.standard_normal(weight.shape) / weight.shape[0] ** 0.5)
    return made, random.standard_normal((5, made.size)).astype("float32")


def draw(posterior, parameters, epsilon):
    tensors = posterior.sample(ops.convert_to_tensor(parameters), ops.convert_to_tensor(epsilon))
    return tuple(map(ops.convert_to_numpy, tensors))


def jacobians(posterior, parameters, epsilon, by=1e-2):
    """Of z by epsilon, by central differences: (n, latent, latent)."""
    columns = []
    for axis in range(epsilon.shape[1]):
        step = by * np.eye(epsilon.shape[1], dtype="float32")[axis]
        above, below = (draw(posterior, parameters, epsilon + sign * step)[0] for sign in (1, -1))
        columns.append((above - below) / (2 * by))
    return np.stack(columns, axis=-1)


def test_the_elementwise_density():
    found = gaussian_log_density(EPSILON, np.float32(0.3), np.float32(-0.8))
    np.testing.assert_allclose(ops.convert_to_numpy(found), stats.norm.logpdf(EPSILON, 0.3, np.exp(-0.4)), rtol=1e-5)


def test_a_gaussian_draw_and_its_density():
    parameters = RNG.standard_normal((5, 6)).astype("float32")
    mean, deviation = parameters[:, :3], np.exp(0.5 * parameters[:, 3:])
    z, log_q = draw(DiagonalGaussian(LATENTS), parameters, EPSILON)
    np.testing.assert_allclose(z, mean + deviation * EPSILON, rtol=1e-6)
    np.testing.assert_allclose(log_q, stats.norm.logpdf(z, mean, deviation).sum(axis=1), rtol=1e-4)


def test_log_variances_are_bounded():
    parameters = np.array([[0.0, 0.0, 0.0, -500.0, 500.0, 3.0]], "float32")
    _, log_var = DiagonalGaussian(LATENTS).moments(ops.convert_to_tensor(parameters))
    np.testing.assert_array_equal(ops.convert_to_numpy(log_var), [[-30.0, 20.0, 3.0]])
    z, log_q = draw(DiagonalGaussian(LATENTS), parameters, np.ones((1, LATENTS), "float32"))
    assert np.isfinite(z).all() and np.isfinite(log_q).all()


@pytest.mark.parametrize("make", [PlanarFlow, InverseAutoregressiveFlow])
class TestFlows:
    def test_the_density_changes_by_the_determinant_of_the_jacobian(self, make):
        posterior, parameters = flow(make)
        _, log_q = draw(posterior, parameters, EPSILON)
        sign, log_determinant = np.linalg.slogdet(jacobians(posterior, parameters, EPSILON).astype("float64"))
        assert (sign > 0).all()
        expected = stats.norm.logpdf(EPSILON).sum(axis=1) - log_determinant
        np.testing.assert_allclose(log_q, expected, atol=5e-3)

    def test_it_is_no_gaussian(self, make):
        posterior, parameters = flow(make)
        center = ops.convert_to_numpy(posterior.center(ops.convert_to_tensor(parameters)))
        above, below = (draw(posterior, parameters, sign * EPSILON)[0] for sign in (1, -1))
        assert np.abs((above + below) / 2 - center).max() > 0.01  # a Gaussian's draws are symmetric

    def test_the_center_is_the_draw_without_noise(self, make):
        posterior, parameters = flow(make)
        z, _ = draw(posterior, parameters, np.zeros_like(EPSILON))
        np.testing.assert_allclose(ops.convert_to_numpy(posterior.center(ops.convert_to_tensor(parameters))), z)

    @pytest.mark.slow
    def test_the_density_is_that_of_the_draws(self, make):
        """E_q[p / q] = 1 for a p within reach of q: the integral of p, by draws from q."""
        posterior, parameters = flow(make, latents=2, steps=2)
        epsilon = np.random.default_rng(2).standard_normal((1, 200_000, 2)).astype("float32")
        z, log_q = draw(posterior, parameters[:1, None], epsilon)
        narrow = stats.norm(z.mean(axis=1, keepdims=True), 0.3 * z.std(axis=1, keepdims=True))
        ratio = np.exp(narrow.logpdf(z).sum(axis=-1) - log_q)
        assert abs(ratio.mean() - 1) < 5 * ratio.std() / 200_000**0.5 + 1e-3
        assert ratio.std() < 30

    def test_draws_for_one_image_share_its_parameters(self, make):
        posterior, parameters = flow(make)
        several = np.stack([EPSILON, -EPSILON], axis=1)
        z, log_q = draw(posterior, parameters[:, None], several)
        assert z.shape == (5, 2, LATENTS) and log_q.shape == (5, 2)
        alone = draw(posterior, parameters, -EPSILON)
        np.testing.assert_allclose(z[:, 1], alone[0], atol=1e-5)
        np.testing.assert_allclose(log_q[:, 1], alone[1], atol=1e-4)


def test_planes_that_would_fold_are_held_back():
    posterior = PlanarFlow(1, steps=1)
    u, w = -5.0, 2.0  # w u = -10: z + u tanh(w z) would turn back on itself
    line = np.linspace(-4, 4, 2001, dtype="float32")[:, None]
    z, log_q = draw(posterior, np.array([[0.0, 0.0, u, w, 0.3]], "float32"), line)
    assert (np.diff(z[:, 0]) >= 0).all() and np.isfinite(log_q).all()
    assert np.trapezoid(np.exp(log_q), z[:, 0]) == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("inputs", "units"), [(1, 4), (2, 3), (5, 16)])
def test_masked_outputs_depend_on_exactly_the_inputs_before_them(inputs, units, reverse):
    inward, outward = made_masks(inputs, units, reverse)
    seen = (inward @ outward > 0).astype(int)  # (input, output)
    expected = np.triu(np.ones((inputs, inputs), int), 1)
    np.testing.assert_array_equal(seen, expected.T if reverse else expected)


def test_an_autoregressive_step_starts_near_the_identity():
    posterior = InverseAutoregressiveFlow(LATENTS, steps=1)
    parameters = np.zeros((5, posterior.size), "float32")
    z, _ = draw(posterior, parameters, EPSILON)
    assert np.corrcoef(z.ravel(), EPSILON.ravel())[0, 1] > 0.9
