"""Vincent et al. 2010: the corruptions, the clean target, and decibels."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import counter_rng, metrics
from keras_genzoo.images import from_pixels, to_pixels
from keras_genzoo.models.denoising_ae import DenoisingAE

KINDS = ["gaussian", "masking", "salt_and_pepper"]
X = np.random.default_rng(0).uniform(-0.5, 0.5, (16, 8, 8, 3)).astype("float32")
GREY = np.zeros((400, 8, 8, 3), "float32")


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = DenoisingAE(**{**DenoisingAE.tiny, **arguments})
    model.compile(keras.optimizers.SGD(0.0))
    return model


def copying():
    """A model whose networks copy."""
    inputs, latents = keras.Input((8, 8, 3)), keras.Input((192,))
    encoder = keras.Model(inputs, layers.Flatten()(inputs))
    return build(latent_dim=192, encoder=encoder, decoder=keras.Model(latents, layers.Reshape((8, 8, 3))(latents)))


@pytest.fixture
def known_noise(monkeypatch):
    """Draws of `keras.random`, by seed: as many as are asked for."""
    drawn = {
        "normal": np.random.default_rng(1).standard_normal(X.shape).astype("float32"),
        "uniform": np.random.default_rng(2).uniform(size=X.shape).astype("float32"),
    }

    def draw(kind):
        def made(shape, seed):
            assert tuple(shape) == X.shape and isinstance(seed, keras.random.SeedGenerator)
            return ops.convert_to_tensor(drawn[kind])

        return made

    for kind in drawn:
        monkeypatch.setattr(keras.random, kind, draw(kind))
    return drawn


def corrupted(kind, amount, drawn):
    if kind == "gaussian":
        return np.clip(X + amount * drawn["normal"], -1, 1)
    number = drawn["uniform"]
    if kind == "masking":
        return np.where(number < amount, -1, X)
    return np.select([number < amount / 2, number < amount], [-1, 1], X)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_clean_image_is_the_target(known_noise, kind):
    model = build(corruption=kind, amount=0.3)
    noisy = corrupted(kind, 0.3, known_noise).astype("float32")
    output = ops.convert_to_numpy(model(noisy))
    logs = {name: float(value) for name, value in model.validation_step((X,)).items()}
    assert logs == pytest.approx(
        {
            "loss": ((X - output) ** 2).sum() / len(X),
            "psnr_input": metrics.psnr(X, noisy).mean(),
            "psnr_output": -10 * np.log10((((X - output) / 2) ** 2).mean(axis=(1, 2, 3))).mean(),
        },
        rel=1e-4,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_how_much_is_changed(kind):
    amount = 0.25
    changed = build(corruption=kind, amount=amount).corrupt(GREY).astype(int) - to_pixels(GREY)
    if kind == "gaussian":
        assert changed.std() == pytest.approx(127.5 * amount, rel=0.03)
        assert abs(changed.mean()) < 2
    else:
        assert (changed != 0).mean() == pytest.approx(amount, abs=0.02)
        values = {-128} if kind == "masking" else {-128, 127}
        assert set(np.unique(changed)) == {0, *values}
    if kind == "salt_and_pepper":
        assert (changed > 0).mean() == pytest.approx(amount / 2, abs=0.02)


def test_the_default_is_20_decibels():
    model = build()
    noisy = model.corrupt(GREY)
    assert metrics.psnr(noisy, to_pixels(GREY)).mean() == pytest.approx(20.0, abs=0.1)


def test_what_is_corrupted_depends_on_seed_and_number():
    model = build()
    pixels = to_pixels(X)
    whole = model.corrupt(pixels, seed=3)
    assert whole.dtype == "uint8" and whole.shape == X.shape
    np.testing.assert_array_equal(model.corrupt(pixels[4:9], seed=3, start=4), whole[4:9])
    np.testing.assert_array_equal(model.corrupt(from_pixels(pixels), seed=3), whole)
    assert (model.corrupt(pixels, seed=4) != whole).mean() > 0.9
    epsilon = counter_rng.normal(3, np.arange(16), 192, stream=3).reshape(X.shape)
    np.testing.assert_allclose(
        whole.astype(int), to_pixels(np.clip(from_pixels(pixels) + 0.2 * epsilon, -1, 1)), atol=1
    )


def test_an_image_is_encoded_as_it_is():
    model = copying()
    np.testing.assert_array_equal(model.reconstruct(to_pixels(X)), to_pixels(X))
    np.testing.assert_allclose(model.encode(X), X.reshape(16, -1), atol=1e-6)


def test_an_identical_image_has_a_finite_psnr(known_noise):
    known_noise["normal"][:8] = 0.0
    logs = {name: float(value) for name, value in copying().validation_step((X,)).items()}
    noisy = metrics.psnr(X[8:], corrupted("gaussian", 0.2, known_noise)[8:].astype("float32")).mean()
    assert logs["psnr_input"] == pytest.approx((100 + noisy) / 2, rel=1e-5)
    assert logs["psnr_output"] == pytest.approx(logs["psnr_input"])


@pytest.mark.slow
def test_it_learns_to_remove_noise():
    model = build(amount=0.5)
    model.compile(keras.optimizers.Adam(1e-2))
    flat = np.repeat(np.linspace(-0.5, 0.5, 64, dtype="float32"), 8 * 8 * 3).reshape(64, 8, 8, 3)
    logs = model.fit(flat, batch_size=16, epochs=25, verbose=0).history
    assert logs["psnr_output"][-1] > logs["psnr_input"][-1] + 4
    noisy = model.corrupt(flat, seed=9)
    clean = to_pixels(flat)
    assert metrics.psnr(model.reconstruct(noisy), clean).mean() > metrics.psnr(noisy, clean).mean() + 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"corruption": "blur"},
            "DenoisingAE.corruption is 'blur': input should be 'gaussian', 'masking' or",
        ),
        (
            {"corruption": "masking", "amount": 1.5},
            r"DenoisingAE.amount is 1.5, but for 'masking' a fraction in \(0, 1\]",
        ),
        ({"latent_dim": 70}, "DenoisingAE.*70 latents are no whole number of feature maps of 4 x 4"),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)
