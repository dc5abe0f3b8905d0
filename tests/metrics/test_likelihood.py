"""A linear Gaussian VAE, whose likelihood is known: x ~ N(b, W W^T + s^2 I)."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy import special, stats

from keras_genzoo.distributions import InverseAutoregressiveFlow, PlanarFlow
from keras_genzoo.images import from_pixels
from keras_genzoo.metrics.likelihood import elbo, importance_weighted_log_likelihood, likelihood_protocol
from keras_genzoo.models.vae import VAE
from tests.toys import Toy

SHAPE, LATENTS, SCALE = (2, 3, 1), 2, 0.3
W = 0.4 * np.linalg.qr(np.random.default_rng(0).normal(size=(6, LATENTS)))[0] * [1.0, 0.5]  # orthogonal columns
B = np.linspace(-0.2, 0.2, 6)
VARIANCE = 1 / (1 + (W**2).sum(axis=0) / SCALE**2)  # of the posterior, which is diagonal
TO_MEAN = W * VARIANCE / SCALE**2
X = np.random.default_rng(1).uniform(-0.9, 0.9, (7, *SHAPE)).astype("float32")
EXACT = stats.multivariate_normal(B, W @ W.T + SCALE**2 * np.eye(6)).logpdf(X.reshape(7, 6))


GAUSSIAN = {"likelihood": "gaussian", "scale": SCALE}


def linear_vae(stretch=1.0, shift=0.0, **arguments):
    """The VAE with the true posterior, or one whose deviation is stretched and whose mean is shifted."""
    log_variance = np.log(VARIANCE) + 2 * np.log(stretch)
    kernel = np.concatenate([TO_MEAN, np.zeros((6, LATENTS))], axis=1)
    encoder = dense(SHAPE, [kernel, np.concatenate([shift - B @ TO_MEAN, log_variance])])
    return VAE(SHAPE, LATENTS, encoder=encoder, decoder=linear_decoder(), **{"likelihood": GAUSSIAN, **arguments})


def dense(shape, weights, *last):
    """A network of one dense layer."""
    network = keras.Sequential([layers.Input(shape), layers.Flatten(), layers.Dense(len(weights[1])), *last])
    network.set_weights(weights)
    return network


def linear_decoder():
    return dense((LATENTS,), [W.T, B], layers.Reshape(SHAPE))


@pytest.fixture(scope="module")
def exact():
    return linear_vae()


@pytest.fixture(scope="module")
def wrong():
    return linear_vae(stretch=1.5, shift=0.4)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1, 20])
@pytest.mark.parametrize("bound", [elbo, importance_weighted_log_likelihood])
def test_with_the_true_posterior_every_draw_gives_the_likelihood(exact, bound, samples):
    found = bound(exact, X, samples=samples, seed=samples)
    assert found.dtype == "float64"
    np.testing.assert_allclose(found, EXACT, atol=2e-5)


def test_with_a_wrong_posterior_more_samples_come_nearer(wrong):
    bounds = [elbo(wrong, X, samples=2000).mean()]
    bounds += [importance_weighted_log_likelihood(wrong, X, samples=samples).mean() for samples in (8, 2000)]
    assert bounds == sorted(bounds) and bounds[0] < EXACT.mean() - 0.3
    assert bounds[-1] == pytest.approx(EXACT.mean(), abs=0.01)


def test_the_gap_of_the_elbo_is_the_divergence_from_the_true_posterior(wrong):
    deviation = 1.5
    divergence = 0.5 * (deviation**2 + 0.4**2 / VARIANCE - 1 - 2 * np.log(deviation)).sum()
    np.testing.assert_allclose(elbo(wrong, X, samples=4000), EXACT - divergence, atol=0.15)


def test_both_bounds_are_means_of_the_same_weights(wrong):
    single = np.stack([elbo(wrong, X, samples=samples) * samples for samples in (1, 2, 3)])
    weights = np.diff(single, axis=0, prepend=0)
    np.testing.assert_allclose(
        importance_weighted_log_likelihood(wrong, X, samples=3),
        special.logsumexp(weights, axis=0) - np.log(3),
        atol=1e-4,
    )
    assert weights.std(axis=0).max() > 0.1


def test_a_learned_scale_gives_the_likelihood_of_its_value(exact):
    learned = linear_vae(likelihood={"likelihood": "gaussian", "scale": "learned"})
    assert likelihood_protocol(learned)["scale"] == "learned"
    (weight,) = learned.pixel_distribution.trainable_variables
    weight.assign((np.log(np.expm1(np.log(SCALE) + 6)) - 6) / 10)  # the inverse of the soft bound
    np.testing.assert_allclose(elbo(learned, X), EXACT, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("posterior", "made"), [("planar", PlanarFlow), ("iaf", InverseAutoregressiveFlow)])
def test_a_bent_posterior_comes_to_the_same_likelihood(posterior, made):
    """Any posterior will do, if its density is right: here one that is far off, and wide enough."""
    keras.utils.set_random_seed(0)
    size = made(LATENTS, 2).size
    bends = np.random.default_rng(2).normal(size=size - 2 * LATENTS)
    kernel = np.concatenate([TO_MEAN, np.zeros((6, size - LATENTS))], axis=1)
    bias = np.concatenate([-B @ TO_MEAN, np.log(VARIANCE) + 2 * np.log(1.5), bends])
    flow = VAE(
        SHAPE,
        LATENTS,
        likelihood=GAUSSIAN,
        posterior={"posterior": posterior, "steps": 2},
        encoder=dense(SHAPE, [kernel, bias]),
        decoder=linear_decoder(),
    )
    if posterior == "iaf":
        for layer in flow.posterior_distribution.trainable_variables:
            if "gate_bias" not in layer.path and len(layer.shape) == 1:
                layer.assign(0.3 * np.random.default_rng(4).normal(size=layer.shape))
    assert elbo(flow, X, samples=500).mean() < EXACT.mean() - 0.1
    found = importance_weighted_log_likelihood(flow, X, samples=4000)
    np.testing.assert_allclose(found, EXACT, atol=0.25)
    assert found.mean() == pytest.approx(EXACT.mean(), abs=0.05)


@pytest.mark.slow
def test_a_vamp_prior_is_a_mixture_of_known_likelihoods():
    """Of pseudo-inputs u_k the prior is the mixture of N(m_k, V), so x is of N(W m_k + b, W V W^T + s^2 I)."""
    model = linear_vae(stretch=1.5, prior={"prior": "vamp", "components": 3})
    centers, _ = model._moments_of(model.prior_distribution.pseudo_inputs)
    covariance = W @ np.diag(VARIANCE * 1.5**2) @ W.T + SCALE**2 * np.eye(6)
    each = [
        stats.multivariate_normal(W @ center + B, covariance).logpdf(X.reshape(7, 6)) for center in np.array(centers)
    ]
    expected = special.logsumexp(each, axis=0) - np.log(3)
    np.testing.assert_allclose(importance_weighted_log_likelihood(model, X, samples=4000), expected, atol=0.1)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_an_image_s_number_alone_decides_its_noise(wrong, batch_size):
    whole = importance_weighted_log_likelihood(wrong, X, samples=5, seed=2)
    np.testing.assert_allclose(
        importance_weighted_log_likelihood(wrong, X, samples=5, seed=2, batch_size=batch_size), whole, atol=1e-5
    )
    piece = importance_weighted_log_likelihood(wrong, X[4:], samples=5, seed=2, batch_size=batch_size, start=4)
    np.testing.assert_allclose(piece, whole[4:], atol=1e-5)
    assert np.abs(importance_weighted_log_likelihood(wrong, X[4:], samples=5, seed=2) - whole[4:]).min() > 1e-3
    assert np.abs(importance_weighted_log_likelihood(wrong, X, samples=5, seed=3) - whole).min() > 1e-4


def test_pixels_count_as_the_floats_they_stand_for(exact):
    pixels = np.random.default_rng(3).integers(0, 256, (4, *SHAPE), "uint8")
    np.testing.assert_allclose(elbo(exact, pixels), elbo(exact, from_pixels(pixels)), atol=1e-4)


def test_far_below_what_exponentials_can_hold():
    model = linear_vae(
        stretch=2.0, likelihood={"likelihood": "gaussian", "scale": 1e-3}
    )  # a hundred thousand nats below zero
    found = importance_weighted_log_likelihood(model, X, samples=4)
    assert np.isfinite(found).all() and found.max() < -1000


def test_the_record_says_what_was_measured(exact):
    protocol = likelihood_protocol(exact)
    assert (protocol["unit"], protocol["likelihood"], protocol["scale"], protocol["dimensions"]) == (
        "nats an image",
        "gaussian",
        SCALE,
        6,
    )
    assert protocol["normalized"] and "[-1, 1]" in protocol["density"]
    bernoulli = likelihood_protocol(linear_vae(likelihood="bernoulli"))
    assert bernoulli["scale"] is None and not bernoulli["normalized"]
    binary = likelihood_protocol(linear_vae(likelihood={"likelihood": "bernoulli", "binarize": True}))
    assert binary["normalized"] and "black and white pixels, drawn" in binary["density"]
    levels = likelihood_protocol(linear_vae(likelihood={"likelihood": "discretized_logistic", "scale": SCALE}))
    assert levels["normalized"] and levels["scale"] == SCALE and "256 grey levels" in levels["density"]


@pytest.mark.parametrize("function", [elbo, importance_weighted_log_likelihood])
def test_models_without_a_posterior_are_refused(function):
    with pytest.raises(ValueError, match=f"{function.__name__}: Toy has no log_importance_weight"):
        function(Toy(), X)
    with pytest.raises(ValueError, match="likelihood_protocol: Toy has no"):
        likelihood_protocol(Toy())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 0}, "elbo: samples=0, but an integer of at least 1"),
        ({"batch_size": 0}, "elbo: batch_size=0, but an integer of at least 1"),
        ({"start": -1}, "elbo: start=-1, but an integer from 0"),
        ({"seed": 2**32}, "elbo: seed=4294967296, but an integer from 0 to 4,294,967,295"),
        ({"seed": 1.5}, "elbo: seed=1.5"),
        ({"images": X[:0]}, "elbo: there are no images"),
        ({"images": X[..., 0]}, r"elbo: images have shape \(7, 2, 3\), but \(n, 2, 3, 1\)"),
        ({"images": 255 * X}, r"elbo: images lie in .* floats in \[-1, 1\]"),
    ],
)
def test_what_cannot_be_measured(exact, arguments, message):
    with pytest.raises(ValueError, match=message):
        elbo(exact, **{"images": X, **arguments})
