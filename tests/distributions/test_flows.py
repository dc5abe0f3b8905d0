import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from keras_genzoo import backend
from keras_genzoo.distributions.flows import PlanarFlow, made_masks


@pytest.mark.parametrize(("inputs", "units"), [(2, 256), (5, 4), (256, 256), (300, 256)])
def test_outputs_are_reached_by_the_inputs_before_them_alone(inputs, units):
    inward, outward = made_masks(inputs, units)
    reached = inward @ outward > 0
    before = np.triu(np.ones((inputs, inputs), bool), 1)
    assert not (reached & ~before).any()
    if units >= inputs - 1:
        assert (reached == before).all()
    assert reached.any(axis=1).sum() >= inputs - 2  # where units are few, hardly an input is left out


def test_a_plane_that_almost_folds_has_a_finite_density():
    flow = PlanarFlow(latent_dim=2, steps=1)
    parameters = np.array([[0.0, 0.0, 0.0, 0.0, -30.0, 0.0, 30.0, 0.0, 0.0]], "float32")  # w u = -900, at the plane
    z, log_q = flow.sample(parameters, np.zeros((1, 2), "float32"))
    assert np.isfinite(np.asarray(z)).all() and np.isfinite(np.asarray(log_q)).all()


@pytest.mark.parametrize("scale", [0.0, 1e-12, 1e-7, 1e-5, 1e-3, 1.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_planes_without_a_direction(scale, sign):
    """As w goes to 0 a plane shifts all latents alike; the density is exact on the way (by finite differences)."""
    flow = PlanarFlow(latent_dim=2, steps=1)
    u, w, b = np.array([0.7, -2.0]), scale * np.array([sign, 0.4]), 0.3
    parameters = np.concatenate([np.zeros(4), u, w, [b]]).astype("float32")[None]
    epsilon = np.array([[0.4, -0.9]], "float32")

    def z_of(epsilon):
        product = w @ u
        shorter = 1.0 if product >= 0 else np.expm1(product) / product
        return epsilon + shorter * u * np.tanh(epsilon @ w + b)

    z, log_q = (np.asarray(part) for part in flow.sample(parameters, epsilon))
    np.testing.assert_allclose(z, z_of(epsilon.astype("float64")[0])[None], rtol=1e-5)
    assert np.abs(z - epsilon).max() <= np.abs(u).max()
    step = 1e-6 * np.eye(2)
    jacobian = np.stack([(z_of(epsilon[0] + d) - z_of(epsilon[0] - d)) / 2e-6 for d in step], axis=1)
    expected = stats.norm.logpdf(epsilon[0]).sum() - np.linalg.slogdet(jacobian)[1]
    np.testing.assert_allclose(log_q, [expected], atol=1e-5)


class Density(keras.layers.Layer):
    def __init__(self, flow):
        super().__init__()
        self.flow = flow

    def call(self, parameters):
        return self.flow.sample(parameters, ops.ones((1, 2)))[1]


def test_gradients_of_a_plane_without_a_direction_are_finite():
    model = keras.Sequential([keras.layers.Input((9,)), Density(PlanarFlow(latent_dim=2, steps=1))])
    parameters = ops.convert_to_tensor(np.array([[0, 0, 0, 0, 0.5, 0.5, 0, 0, 0.1]], "float32"))
    gradient = ops.convert_to_numpy(backend.input_gradient(model, parameters, model))
    assert np.isfinite(gradient).all() and np.abs(gradient[0, 6:8]).min() > 0
