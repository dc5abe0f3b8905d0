"""Kingma & Welling 2014: the bound's parts against an independent computation."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from keras_genzoo import counter_rng, losses
from keras_genzoo.images import from_pixels, to_pixels
from keras_genzoo.models.vae import VAE
from keras_genzoo.networks import budget

X = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 3)).astype("float32")
EPSILON = np.random.default_rng(1).standard_normal((6, 4)).astype("float32")


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = VAE(**{**VAE.tiny, **arguments})
    model.compile(keras.optimizers.SGD(0.0))
    return model


@pytest.fixture
def known_noise(monkeypatch):
    """Every draw is EPSILON."""

    def normal(shape, seed):
        assert tuple(shape) == EPSILON.shape and isinstance(seed, keras.random.SeedGenerator)
        return ops.convert_to_tensor(EPSILON)

    monkeypatch.setattr(keras.random, "normal", normal)


def parts(model, likelihood):
    """Reconstruction and KL divergence by SciPy, from the networks' outputs."""
    mean, log_var = np.split(model.encoder.predict(X, verbose=0).astype("float64"), 2, axis=-1)
    deviation = np.exp(0.5 * log_var)
    output = model.decoder.predict((mean + deviation * EPSILON).astype("float32"), verbose=0).astype("float64")
    reconstruction = likelihood(output).sum(axis=(1, 2, 3)).mean()
    # KL(p || q) = cross-entropy - entropy; E_p[-log N(z; 0, 1)] = (log 2 pi + mean^2 + variance) / 2
    cross = 0.5 * (np.log(2 * np.pi) + mean**2 + deviation**2)
    return reconstruction, (cross - stats.norm(mean, deviation).entropy()).sum(axis=-1).mean()


def values(logs):
    return {name: float(value) for name, value in logs.items()}


@pytest.mark.slow
@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_the_bound_with_gaussian_pixels(known_noise, beta):
    model = build(beta=beta, likelihood={"likelihood": "gaussian", "scale": 0.3})
    reconstruction, kl = parts(model, lambda mean: -stats.norm.logpdf(X, mean, 0.3))
    logs = values(model.validation_step((X,)))
    assert logs == pytest.approx(
        {"reconstruction": reconstruction, "kl": kl, "loss": reconstruction + beta * kl}, rel=1e-4
    )


def test_the_bound_with_black_and_white_pixels(known_noise):
    model = build(likelihood="bernoulli")
    white = (X + 1) / 2
    reconstruction, kl = parts(
        model, lambda logits: -(white * special.log_expit(logits) + (1 - white) * special.log_expit(-logits))
    )
    logs = values(model.validation_step((X,)))
    assert logs == pytest.approx({"reconstruction": reconstruction, "kl": kl, "loss": reconstruction + kl}, rel=1e-4)


def test_training_plays_the_same_loss(known_noise):
    model = build(encoder={"network": "conv_encoder", "filters": (4, 8), "normalization": None})
    loss, logs = model.negative_elbo(X, None, training=True)
    assert float(loss) == float(logs["loss"])
    assert float(loss) == pytest.approx(float(logs["reconstruction"]) + float(logs["kl"]), rel=1e-6)


@pytest.mark.slow
def test_beta_may_be_a_schedule():
    ramp = keras.optimizers.schedules.PolynomialDecay(0.0, 4, 1.0)
    model = build(beta=ramp)
    for step in range(5):
        model.reset_metrics()
        logs = values(model.training_step((X,)))
        assert logs["loss"] - logs["reconstruction"] == pytest.approx(step / 4 * logs["kl"], abs=1e-3)


@pytest.mark.slow
def test_it_learns_one_batch():
    model = build()
    model.compile(keras.optimizers.Adam(1e-2))
    flat = np.repeat(np.linspace(-0.5, 0.5, 6, dtype="float32"), 8 * 8 * 3).reshape(X.shape)
    losses = model.fit(flat, batch_size=6, epochs=100, verbose=0).history["loss"]
    assert losses[-1] < 0 < losses[0]
    assert np.corrcoef(model.reconstruct(flat).mean(axis=(1, 2, 3)), flat.mean(axis=(1, 2, 3)))[0, 1] > 0.99


@pytest.mark.slow
def test_the_reconstruction_teaches_the_encoder_through_the_noise():
    model = build(beta=0.0)
    model.compile(keras.optimizers.SGD(1e-4))
    head = model.encoder.layers[-1]
    before = head.get_weights()[0]
    model.training_step((X,))
    moved = np.abs(head.get_weights()[0] - before)
    assert moved[:, :4].max() > 0 and moved[:, 4:].max() > 0  # means and log variances


@pytest.mark.slow
def test_images_are_drawn_from_the_prior_by_number():
    model = build()
    z = counter_rng.normal(7, np.arange(10, 13), 4)
    np.testing.assert_allclose(
        model.generate(3, seed=7, start=10).astype(int), to_pixels(model.decoder.predict(z, verbose=0)), atol=1
    )


@pytest.mark.slow
def test_pixels_taken_as_probabilities_are_shown_as_their_means():
    model = build(likelihood="bernoulli")
    z = np.random.default_rng(2).standard_normal((3, 4)).astype("float32")
    probabilities = special.expit(model.decoder.predict(z, verbose=0))
    np.testing.assert_allclose(ops.convert_to_numpy(model.images_of(z)), 2 * probabilities - 1, atol=1e-6)
    np.testing.assert_allclose(model.decode(z).astype(int), np.rint(255 * probabilities), atol=1)


@pytest.mark.slow
def test_encoding_is_the_posterior_s_mean_of_pixels_or_floats():
    model = build()
    pixels = to_pixels(X)
    means = model.encoder.predict(from_pixels(pixels), verbose=0)[:, :4]
    for images in (pixels, from_pixels(pixels), from_pixels(pixels).astype("float64")):
        z = model.encode(images, batch_size=4)
        assert z.dtype == "float32"
        np.testing.assert_allclose(z, means, atol=1e-5)


@pytest.mark.slow
def test_reconstruction_decodes_what_was_encoded():
    model = build()
    images = model.reconstruct(to_pixels(X), batch_size=4)
    assert images.dtype == "uint8" and images.shape == X.shape
    np.testing.assert_allclose(images.astype(int), model.decode(model.encode(to_pixels(X))), atol=1)
    floats = ops.convert_to_numpy(model(from_pixels(to_pixels(X))))
    np.testing.assert_allclose(images.astype(int), to_pixels(floats), atol=1)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["encode", "reconstruct"])
def test_images_it_cannot_take(method):
    model = build()
    with pytest.raises(
        ValueError, match=rf"VAE.{method}: images have shape \(6, 8, 8\), but \(n, 8, 8, 3\) is expected"
    ):
        getattr(model, method)(X[..., 0])
    with pytest.raises(ValueError, match=rf"VAE.{method}: images lie in \[.*\], but floats in \[-1, 1\] are expected"):
        getattr(model, method)(255 * X)


def test_an_unknown_likelihood():
    with pytest.raises(
        ValueError,
        match=r"VAE.likelihood: there is no likelihood 'laplace'; there are: bernoulli, discretized_logistic, gaussian",
    ):
        build(likelihood="laplace")


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", [{"likelihood": "gaussian", "scale": 0.3}, "bernoulli"])
def test_importance_weights_are_the_ratio_of_the_densities(likelihood):
    model = build(likelihood=likelihood)
    indices, samples = np.arange(20, 26), np.array([0, 5])
    found = ops.convert_to_numpy(model.log_importance_weight(X, indices, np.uint32(3), samples))
    assert found.shape == (6, 2) and found.dtype == "float32"
    mean, log_var = np.split(model.encoder.predict(X, verbose=0).astype("float64"), 2, axis=-1)
    deviation = np.exp(0.5 * log_var)
    for column, sample in enumerate(samples):
        z = mean + deviation * counter_rng.normal(3, indices, 4, stream=sample + 1)
        output = model.decoder.predict(z.astype("float32"), verbose=0).astype("float64")
        if likelihood != "bernoulli":
            given = stats.norm.logpdf(X, output, 0.3)
        else:
            white = (X + 1) / 2
            given = white * special.log_expit(output) + (1 - white) * special.log_expit(-output)
        ratio = (stats.norm.logpdf(z) - stats.norm.logpdf(z, mean, deviation)).sum(axis=-1)
        np.testing.assert_allclose(found[:, column], given.sum(axis=(1, 2, 3)) + ratio, rtol=1e-4)


@pytest.mark.slow
def test_the_mean_importance_weight_is_the_bound_that_training_sees():
    model = build(encoder={"network": "conv_encoder", "filters": (4, 8), "normalization": None})
    x = np.repeat(X, 50, axis=0)
    losses = [float(model.negative_elbo(x, None, training=False)[0]) for _ in range(8)]
    weights = ops.convert_to_numpy(model.log_importance_weight(x, np.arange(300), np.uint32(0), np.arange(8)))
    spread = np.hypot(np.std(losses), np.std(weights.mean(axis=0))) / 8**0.5
    assert weights.mean() == pytest.approx(-np.mean(losses), abs=6 * spread)


# What the arguments make of the loss

SMALL = {
    "encoder": {"network": "mlp_encoder", "hidden": (8,)},
    "decoder": {"network": "mlp_decoder", "hidden": (8,)},
}


def logs_of(model):
    return values(model.negative_elbo(X, None, training=False)[1])


def moments(model):
    return np.split(model.encoder.predict(X, verbose=0), 2, axis=-1)


@pytest.mark.slow
def test_free_bits_are_not_paid(known_noise):
    kl = losses.gaussian_kl_per_latent(*moments(build(**SMALL)))
    floor = float(np.median(ops.convert_to_numpy(kl).mean(axis=0)))
    model = build(beta=2.0, free_bits=floor, **SMALL)
    logs = logs_of(model)
    paid = np.maximum(ops.convert_to_numpy(kl).mean(axis=0), floor).sum()
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + 2 * paid, rel=1e-5)
    assert logs["kl"] == pytest.approx(ops.convert_to_numpy(kl).sum(axis=1).mean(), rel=1e-5) and paid > logs["kl"]


def test_the_capacity_is_a_number_of_nats_to_reach(known_noise):
    rising = keras.optimizers.schedules.PolynomialDecay(0.0, 10, 25.0)
    for capacity, now in ((3.0, 3.0), (rising, 0.0)):
        logs = logs_of(build(beta=10.0, capacity=capacity, **SMALL))
        assert logs["loss"] == pytest.approx(logs["reconstruction"] + 10 * abs(logs["kl"] - now), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("decorrelation", ["dip_i", "dip_ii", "total_correlation"])
def test_dependent_latents_cost(known_noise, decorrelation):
    model = build(decorrelation=decorrelation, decorrelation_weight=7.0, **SMALL)
    mean, log_var = moments(model)
    covariance, eye = np.cov(mean.T, bias=True), np.eye(4)
    if decorrelation == "dip_ii":
        covariance = covariance + np.diag(np.exp(log_var).mean(axis=0))
    off, on = ((covariance * (1 - eye)) ** 2).sum(), ((np.diag(covariance) - 1) ** 2).sum()
    expected = off + (10 if decorrelation == "dip_i" else 1) * on
    if decorrelation == "total_correlation":
        z = mean + np.exp(0.5 * log_var) * EPSILON
        expected = float(losses.total_correlation(z, mean, log_var))
    logs = logs_of(model)
    assert logs["decorrelation"] == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + logs["kl"] + 7 * logs["decorrelation"], rel=1e-5)
    assert (
        set(values(model.validation_step((X,)))) == set(model.logs) == {"loss", "reconstruction", "kl", "decorrelation"}
    )


# Other distributions

RICHER = [
    {"posterior": {"posterior": "planar", "steps": 2}},
    {"posterior": {"posterior": "iaf", "steps": 2}},
    {"prior": {"prior": "vamp", "components": 5}},
    {"likelihood": {"likelihood": "discretized_logistic", "scale": "learned"}},
    {"likelihood": {"likelihood": "gaussian", "scale": "learned"}},
    {"likelihood": {"likelihood": "bernoulli", "binarize": True}},
]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", RICHER)
def test_the_mean_importance_weight_is_the_bound_of_richer_models_too(arguments):
    model = build(**SMALL, **arguments)
    x = np.repeat(X, 50, axis=0)
    found = [float(model.negative_elbo(x, None, training=False)[0]) for _ in range(8)]
    weights = ops.convert_to_numpy(model.log_importance_weight(x, np.arange(300), np.uint32(0), np.arange(8)))
    error = np.hypot(np.std(found), np.std(weights.mean(axis=0)) + np.std(weights.mean(axis=1)) / 300**0.5) / 8**0.5
    assert weights.mean() == pytest.approx(-np.mean(found), abs=6 * error)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", RICHER[:5])
def test_what_a_distribution_has_to_learn_is_moved_saved_and_counted(arguments, tmp_path):
    model = build(**SMALL, **arguments)
    model.compile(keras.optimizers.SGD(1e-3))
    (player,) = model.players()
    learned = [getattr(model, name) for name in player.networks if name.endswith("_distribution")]
    before = [weight.numpy() if hasattr(weight, "numpy") else weight for one in learned for weight in one.get_weights()]
    model.training_step((X,))
    after = [weight for one in learned for weight in one.get_weights()]
    assert len(learned) == (0 if arguments == RICHER[0] else 1)
    for old, new in zip(before, after, strict=True):
        assert np.isfinite(new).all() and np.abs(new - old).max() > 0
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    twin = VAE.from_config(model.get_config())
    twin.compile(keras.optimizers.SGD(1e-3))
    twin.load_weights(path)
    np.testing.assert_array_equal(twin.generate(3), model.generate(3))


@pytest.mark.slow
def test_with_one_component_at_the_prior_a_vamp_model_is_the_plain_one(known_noise):
    plain, vamp = build(**SMALL), build(prior={"prior": "vamp", "components": 1}, **SMALL)
    for model in (plain, vamp):
        head = model.encoder.layers[-1]
        head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])  # every posterior is N(0, I)
    vamp.decoder.set_weights(plain.decoder.get_weights())
    logs = logs_of(vamp)
    assert logs["kl"] == pytest.approx(0.0, abs=1e-5) and logs["loss"] == pytest.approx(logs_of(plain)["loss"])
    np.testing.assert_allclose(vamp.generate(3, seed=4).astype(int), plain.generate(3, seed=4), atol=1)


def test_binary_pixels_are_drawn_anew_in_training_and_by_number_in_measurements():
    model = build(likelihood={"likelihood": "bernoulli", "binarize": True}, **SMALL)
    one, other = (ops.convert_to_numpy(model.observed(ops.convert_to_tensor(X))) for _ in range(2))
    assert set(np.unique(one)) == {-1.0, 1.0} and (one != other).any()
    white = np.where(X > 0, 1.0, -1.0).astype("float32")
    weights = [
        ops.convert_to_numpy(model.log_importance_weight(x, indices, np.uint32(3), np.arange(2)))
        for x, indices in ((X, np.arange(6)), (X, np.arange(6)), (X, np.arange(6, 12)), (white, np.arange(6)))
    ]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.abs(weights[0] - weights[2]).min() > 0 and np.abs(weights[0] - weights[3]).min() > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"posterior": "iaf", "prior": "vamp"},
            "VAE: the prior 'vamp', .*, needs the posterior 'gaussian', but the posterior is 'iaf'",
        ),
        (
            {"likelihood": {"likelihood": "gaussian", "binarize": True}},
            "VAE.likelihood.binarize: 'gaussian' takes no such argument; there are: scale",
        ),
        ({"prior": {"components": 3}}, "VAE.prior is {'components': 3}, but the name of a prior, or a mapping with"),
        ({"prior": {"prior": "vamp", "latent_dim": 3}}, "VAE.prior.latent_dim: 'vamp' takes no such argument"),
        ({"free_bits": 0.5, "capacity": 3.0}, "VAE: free_bits=0.5 and a capacity contradict each other"),
        (
            {"decorrelation": "dip"},
            "VAE.decorrelation is 'dip': input should be 'none', 'dip_i', 'dip_ii' or",
        ),
        ({"decorrelation": "dip_i", "posterior": "planar"}, "VAE: the decorrelation 'dip_i' needs the"),
        ({"prior": "vampire"}, "VAE.prior: there is no prior 'vampire'; did you mean 'vamp'"),
        ({"posterior": "full"}, "VAE.posterior: there is no posterior 'full'; there are: gaussian, iaf, planar"),
    ],
)
def test_arguments_that_do_not_go_together(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**SMALL, **arguments)


def test_weights_of_distributions_are_counted_before_they_take_memory():
    with budget.at_most(3_000), pytest.raises(ValueError, match="prior: 192,000 parameters, but at most"):
        build(prior={"prior": "vamp", "components": 1000}, **SMALL)
