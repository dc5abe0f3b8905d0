"""DDPM, EDM, flow matching: losses against closed forms, preconditioning, likelihood, options, bad input."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import metrics
from keras_genzoo.models.cedm import ConditionalEDM
from keras_genzoo.models.ddpm import DDPM
from keras_genzoo.models.edm import EDM, preconditioning
from keras_genzoo.models.flow_matching import FlowMatching

MLP = {"network": "mlp_denoiser", "units": 8, "blocks": 1}
KINDS = {"ddpm": DDPM, "edm": EDM, "flow_matching": FlowMatching}
each = pytest.mark.parametrize("name", KINDS)
RNG = np.random.default_rng(0)


def build(kind, image_shape=(2, 2, 1), **arguments):
    keras.utils.set_random_seed(0)
    return kind(image_shape=image_shape, denoiser=MLP, noise_features=8, **arguments)


def shaken(model, by=0.3):
    """With weights that are not those of a network that says 0."""
    for weight in model.denoiser.trainable_weights:
        weight.assign(weight + by * RNG.normal(size=weight.shape))
    return model


def array(tensor):
    return ops.convert_to_numpy(tensor)


def loss_of(model, x, repeat=2000):
    x = ops.convert_to_tensor(np.repeat(np.asarray(x, "float32").reshape(-1, 2, 2, 1), repeat, axis=0))
    return float(model.denoising_loss(x, None, False)[0])


class TestLossesOfANetworkThatSaysZero:
    """Their expectations are known."""

    def test_ddpm(self):
        assert loss_of(build(DDPM), [[0.5] * 4]) == pytest.approx(1.0, rel=0.05)  # E n^2
        assert loss_of(build(DDPM, prediction="image"), [[0.5] * 4]) == pytest.approx(0.25, rel=1e-4)
        model = build(DDPM, prediction="v")
        t = np.linspace(1e-3, 1, 10_000, dtype="float32")
        sigma = array(model.noise_path.sigma(ops.convert_to_tensor(t)))
        expected = (1 - sigma**2 + sigma**2 * 0.25).mean()  # alpha^2 E n^2 + sigma^2 x^2
        assert loss_of(model, [[0.5] * 4]) == pytest.approx(expected, rel=0.05)

    def test_edm(self):
        """1 at every noise level, of images of variance sigma_data squared: equation 8's weights."""
        x = 0.5 * np.sign(RNG.normal(size=(3000, 4)))
        assert loss_of(build(EDM), x, 1) == pytest.approx(1.0, rel=0.05)

    def test_flow_matching(self):
        assert loss_of(build(FlowMatching), [[0.5] * 4]) == pytest.approx(1.0 + 0.25, rel=0.05)


def test_edm_preconditioning():
    """Karras et al. 2022, table 1, at sigma 2 and sigma_data 0.5."""
    skip, out, into, noise = (float(part) for part in preconditioning(ops.convert_to_tensor(2.0), 0.5))
    assert (skip, into) == (pytest.approx(0.25 / 4.25), pytest.approx(1 / math.sqrt(4.25)))
    assert (out, noise) == (pytest.approx(2 * 0.5 / math.sqrt(4.25)), pytest.approx(math.log(2) / 4))
    skip, out, *_ = preconditioning(ops.convert_to_tensor(0.0), 0.5)
    assert (float(skip), float(out)) == (1.0, 0.0)  # without noise an image is itself


@pytest.mark.parametrize("prediction", ["noise", "image", "v"])
def test_min_snr_weights_are_those_of_the_image(prediction):
    """Hang et al. 2023: the squared error of the image that follows, times min(SNR, gamma)."""
    model = shaken(build(DDPM, prediction=prediction, min_snr_gamma=5.0, clip=False))
    t = ops.convert_to_tensor(np.array([0.2, 0.5, 0.9], "float32"))
    x = ops.convert_to_tensor(RNG.uniform(-1, 1, (3, 2, 2, 1)).astype("float32"))
    noisy, noise = model.noisy(x, t)
    said = model.denoiser([noisy, 1000.0 * t])
    alpha, sigma = (array(part).reshape(-1, 1, 1, 1) for part in (model.noise_path.alpha(t), model.noise_path.sigma(t)))
    target = {"noise": noise, "image": x, "v": alpha * array(noise) - sigma * array(x)}[prediction]
    weighted = array(model.snr_weights(t)) * ((array(said) - array(target)) ** 2).mean(axis=(1, 2, 3))
    image = array(model.denoised(noisy, t, network=model.denoiser))
    snr = (alpha / sigma).ravel() ** 2
    expected = np.minimum(snr, 5.0) * ((image - array(x)) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(weighted, expected, rtol=1e-3)


@pytest.mark.parametrize("arguments", [{}, {"prediction": "image"}, {"prediction": "v", "zero_terminal_snr": True}])
def test_ddpm_finds_the_image_if_the_network_is_right(arguments):
    model = build(DDPM, clip=False, **arguments)
    x, noise = (ops.convert_to_tensor(RNG.normal(size=(4, 2, 2, 1)).astype("float32")) for _ in range(2))
    t = ops.convert_to_tensor(np.array([0.1, 0.4, 0.7, 0.95], "float32"))
    alpha, sigma = (ops.reshape(part, (-1, 1, 1, 1)) for part in (model.noise_path.alpha(t), model.noise_path.sigma(t)))
    right = {"noise": noise, "image": x, "v": alpha * noise - sigma * x}[model.prediction]
    found = model.denoised(alpha * x + sigma * noise, t, network=lambda inputs, training: right)
    np.testing.assert_allclose(array(found), array(x), atol=1e-4)


@each
def test_latents_lead_to_the_image_again(name):
    """In the middle of a trained model's range the flow is smooth; here of weights that are nearly 0."""
    model = shaken(build(KINDS[name], **({"clip": False, "prediction": "v"} if name == "ddpm" else {})), 0.05)
    x = RNG.integers(64, 192, (6, 2, 2, 1)).astype("uint8")
    z = model.encode(x)
    assert z.shape == (6, 4)
    again = model.decode(z, sampler="heun", steps=200)
    assert np.abs(again.astype(int) - x).mean() < 4
    assert model.reconstruct(x).shape == x.shape


def test_the_likelihood_is_that_of_the_flow():
    """Of the network that says 0 an EDM's x is Gaussian, with the deviation sigma_data."""
    model = build(EDM)
    x = RNG.uniform(-0.9, 0.9, (5, 2, 2, 1)).astype("float32")
    probes = (2.0 * np.eye(4)).reshape(4, 1, 2, 2, 1).repeat(5, axis=1).astype("float32")
    density = model.graph("log_density", steps=24)(ops.convert_to_tensor(x), ops.convert_to_tensor(probes))
    expected = -0.5 * (x.reshape(5, -1) ** 2).sum(1) / 0.25 - 4 * (0.5 * math.log(2 * math.pi) + math.log(0.5))
    np.testing.assert_allclose(array(density), expected, atol=0.02)


def test_the_denoiser_is_told_what_was_done_to_images():
    model = shaken(build(ConditionalEDM, num_classes=3, augmentation=0.5))
    assert [tuple(part.shape[1:]) for part in model.denoiser.inputs] == [(2, 2, 1), (), (3,), (6,)]
    x, t = ops.ones((2, 2, 2, 1)), ops.convert_to_tensor(np.array([1.0, 1.0], "float32"))
    code, done = ops.zeros((2, 3)), ops.convert_to_tensor(np.eye(2, 6, dtype="float32"))
    plain = array(model.denoised(x, t, code, network=model.denoiser))
    np.testing.assert_allclose(plain[0], plain[1], rtol=1e-5)  # nothing was done
    assert np.abs(array(model.denoised(x, t, code, network=model.denoiser, done=done)) - plain).min() > 1e-5
    assert np.isfinite(float(model.denoising_loss(ops.zeros((8, 2, 2, 1)), ops.zeros((8,), "int32"), True)[0]))


def test_bits_of_grey_levels():
    model = build(EDM)
    x = RNG.integers(0, 256, (8, 2, 2, 1)).astype("uint8")
    nats = metrics.elbo(model, x, samples=4)
    density = -0.5 * ((x / 127.5 - 1) ** 2).sum((1, 2, 3)) / 0.25 - 4 * (0.5 * math.log(2 * math.pi) + math.log(0.5))
    assert nats.mean() == pytest.approx((density - 4 * math.log(128)).mean(), abs=0.05)
    assert metrics.likelihood_protocol(model)["draws"] == 1


@each
@pytest.mark.parametrize("sampler", ["ddim", "ancestral", "euler", "heun", "dpm_solver"])
def test_every_sampler_makes_the_same_image_in_every_batch(name, sampler):
    model = shaken(build(KINDS[name]))
    together = model.generate(5, seed=3, sampler=sampler, steps=3)
    alone = model.generate(2, seed=3, start=3, batch_size=1, sampler=sampler, steps=3)
    np.testing.assert_allclose(together[3:].astype(int), alone, atol=1)
    assert len(np.unique(together.reshape(5, -1), axis=0)) > 1


def test_noise_is_replaced_by_eta_and_churn():
    model = shaken(build(EDM))
    plain = model.generate(8, sampler="ddim", steps=4)
    assert (plain != model.generate(8, sampler="ddim", steps=4, eta=0.5)).any()
    np.testing.assert_array_equal(
        model.generate(8, sampler="ddim", steps=4, eta=1.0), model.generate(8, sampler="ancestral", steps=4)
    )
    assert (model.generate(8, steps=4) != model.generate(8, steps=4, churn=2.0)).any()


class TestLabels:
    def test_guidance_leads_away_from_what_has_no_label(self):
        model = shaken(build(ConditionalEDM, num_classes=3))
        x = ops.convert_to_tensor(RNG.normal(size=(3, 2, 2, 1)).astype("float32"))
        labels, t = ops.arange(3), ops.convert_to_tensor(1.3)
        given = array(model._denoise(3, labels)(x, t))
        free = array(model._denoise(3, None)(x, t))
        guided = array(model._denoise(3, labels, guidance=2.5)(x, t))
        np.testing.assert_allclose(guided, free + 2.5 * (given - free), rtol=1e-4, atol=1e-5)
        outside = array(model._denoise(3, labels, guidance=2.5, guidance_to=1.0)(x, t))
        np.testing.assert_allclose(outside, given, rtol=1e-4, atol=1e-5)
        assert np.abs(given - free).max() > 1e-3

    def test_some_labels_are_dropped_in_training(self):
        model = build(ConditionalEDM, num_classes=3, label_dropout=0.25)
        (code,) = model.training_code(ops.zeros((4000,), "int32"), True)
        assert array(code).sum() == pytest.approx(3000, rel=0.05)
        assert array(model.training_code(ops.zeros((10,), "int32"), False)[0]).sum() == 10

    def test_protocols_count_evaluations(self):
        model = build(ConditionalEDM, num_classes=3)
        assert model.sampling_protocol({"steps": 10})["evaluations"] == 19
        assert model.sampling_protocol({"steps": 10, "sampler": "ddim", "guidance": 2.0})["evaluations"] == 20


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"steps": 0}, "steps=0, but an integer of at least 1"),
            ({"steps": 2.5}, "steps=2.5, but an integer"),
            ({"sampler": "eular"}, "sampler='eular', but one of ddim, ancestral"),
            ({"churn": 1.0, "sampler": "euler"}, "churn=1.0 is of heun, but the sampler is euler"),
            ({"guidance": 2.0}, "without the option 'guidance'"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(ValueError, match=message):
            build(EDM).generate(1, **options)

    def test_guidance_without_dropped_labels(self):
        with pytest.raises(ValueError, match=r"guidance=.* no labels were dropped in training \(label_dropout=0\)"):
            build(ConditionalEDM, num_classes=3, label_dropout=0.0).generate(1, guidance=2.0)

    def test_noise_for_an_image_that_is_given(self):
        with pytest.raises(ValueError, match="are made without more of it"):
            build(EDM).decode(np.zeros((1, 4), "float32"), sampler="ancestral")

    def test_noise_where_there_is_nothing_else(self):
        with pytest.raises(ValueError, match="zero_terminal_snr=True there is nothing but noise"):
            build(DDPM, zero_terminal_snr=True)

    def test_images_that_do_not_halve(self):
        for network, message in (
            ({"network": "diffusion_unet", "filters": [4, 4, 4]}, "an image of 6 x 6 pixels cannot be halved 2 times"),
            ({"network": "diffusion_unet", "filters": [4], "patch_size": 4}, "patches of 4 pixels do not fit"),
            ({"network": "dit", "patch_size": 4}, "patches of 4 pixels do not fit"),
            ({"network": "diffusion_unet", "filters": [4], "attention": [3]}, "attention at 3, but"),
            ({"network": "dit", "units": 10, "heads": 4}, "units=10 do not divide into heads=4"),
        ):
            with pytest.raises(ValueError, match=message):
                EDM(image_shape=(6, 6, 1), denoiser=network)
