"""Priors: densities against SciPy's mixtures, and draws that follow them."""

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo import counter_rng
from keras_genzoo.distributions import StandardNormal, VampPrior

Z = np.random.default_rng(0).standard_normal((4, 6, 2)).astype("float32")
MEANS = np.array([[-3.0, 0.0], [0.0, 1.0], [4.0, -1.0]])
DEVIATIONS = np.array([[0.5, 1.0], [0.2, 0.3], [1.0, 0.4]])


def encode(images):
    """Posteriors that ignore their images."""
    assert tuple(images.shape) == (3, 2, 2, 1)
    return ops.convert_to_tensor(MEANS, "float32"), ops.convert_to_tensor(2 * np.log(DEVIATIONS), "float32")


def test_the_standard_normal_density():
    found = ops.convert_to_numpy(StandardNormal(2).log_prob(ops.convert_to_tensor(Z)))
    np.testing.assert_allclose(found, stats.norm.logpdf(Z).sum(axis=-1), rtol=1e-5)


def test_standard_normal_latents_are_those_of_their_numbers():
    found = ops.convert_to_numpy(StandardNormal(2).sample(ops.arange(5, 8), ops.convert_to_tensor(3)))
    np.testing.assert_allclose(found, counter_rng.normal(3, np.arange(5, 8), 2), atol=1e-5)


def test_the_vamp_density_is_that_of_the_mixture():
    found = ops.convert_to_numpy(VampPrior((2, 2, 1), 2, 3).log_prob(ops.convert_to_tensor(Z), encode))
    each = stats.norm.logpdf(Z[..., None, :], MEANS, DEVIATIONS).sum(axis=-1)
    assert found.shape == (4, 6)
    np.testing.assert_allclose(found, special.logsumexp(each, axis=-1) - np.log(3), rtol=1e-4)


def test_vamp_latents_come_from_all_components_alike():
    prior = VampPrior((2, 2, 1), 2, 3)
    found = ops.convert_to_numpy(prior.sample(ops.arange(9_000), ops.convert_to_tensor(1), encode))
    expected = MEANS.mean(axis=0)
    variance = (DEVIATIONS**2 + MEANS**2).mean(axis=0) - expected**2
    np.testing.assert_allclose(found.mean(axis=0), expected, atol=5 * np.sqrt(variance.max() / 9_000))
    np.testing.assert_allclose(found.var(axis=0), variance, rtol=0.06)
    again = ops.convert_to_numpy(prior.sample(ops.arange(70, 73), ops.convert_to_tensor(1), encode))
    np.testing.assert_allclose(again, found[70:73], atol=1e-5)


def test_pseudo_inputs_are_images_that_differ():
    prior = VampPrior((4, 4, 3), 2, 50)
    images = ops.convert_to_numpy(prior.pseudo_inputs)
    assert images.shape == (50, 4, 4, 3) and np.abs(images).max() <= 1
    assert images.std(axis=0).min() > 0.2
    assert [tuple(weight.shape) for weight in prior.trainable_variables] == [(50, 4, 4, 3)]


def test_a_prior_of_one_posterior_is_that_posterior():
    def one(images):
        return ops.zeros((1, 2)) + 2.0, ops.zeros((1, 2))

    found = ops.convert_to_numpy(VampPrior((2, 2, 1), 2, 1).log_prob(ops.convert_to_tensor(Z), one))
    assert found == pytest.approx(stats.norm.logpdf(Z, 2.0).sum(axis=-1), rel=1e-4)
