"""What autoencoders share: the prior that is fitted after training."""

import keras
import numpy as np
import pytest

from keras_genzoo import counter_rng
from keras_genzoo.capabilities import FitsPrior
from keras_genzoo.images import to_pixels
from keras_genzoo.models.ae import AE
from keras_genzoo.models.vae import VAE

X = np.random.default_rng(0).uniform(-1, 1, (60, 8, 8, 3)).astype("float32")


SMALL = {
    "image_shape": (8, 8, 3),
    "latent_dim": 4,
    "encoder": {"network": "mlp_encoder", "hidden": ()},
    "decoder": {"network": "mlp_decoder", "hidden": ()},
}


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = AE(**{**SMALL, **arguments})
    model.compile("sgd")
    return model


def decoded(model, z):
    return to_pixels(model.decoder.predict(z, verbose=0))


@pytest.mark.slow
def test_before_the_fit_latents_are_standard_normal():
    model = build()
    z = counter_rng.normal(7, np.arange(10, 13), 4)
    np.testing.assert_allclose(model.generate(3, seed=7, start=10).astype(int), decoded(model, z), atol=1)
    assert isinstance(model, FitsPrior) and not isinstance(VAE(**VAE.tiny), FitsPrior)


def test_after_the_fit_they_are_like_those_of_the_images():
    model = build(mixture_components=1)
    before = model.generate(3)
    model.fit_prior(X)
    z = model.encode(X)
    drawn = np.array(model.sample_latents(np.arange(20_000), np.uint32(0)))
    np.testing.assert_allclose(drawn.mean(axis=0), z.mean(axis=0), atol=0.03 * z.std())
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(z.T), atol=0.05 * z.var())
    after = model.generate(3)  # by the graph that was made before the fit
    np.testing.assert_allclose(after.astype(int), decoded(model, drawn[:3]), atol=1)
    assert (after != before).any()


def test_pixels_and_floats_give_the_same_mixture():
    pixels = to_pixels(X)
    one, other = build(), build()
    one.fit_prior(pixels, batch_size=7)
    other.fit_prior((pixels / 127.5 - 1).astype("float32"))
    for a, b in zip(one.mixture.get_weights(), other.mixture.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["state.weights.h5", "whole.keras"])
def test_what_is_saved_holds_the_mixture(tmp_path, name):
    model = build(mixture_components=3)
    model.fit_prior(X)
    if name.endswith("keras"):
        model.save(tmp_path / name)
        again = keras.saving.load_model(tmp_path / name)
    else:
        model.save_weights(tmp_path / name)
        again = build(mixture_components=3)
        again.load_weights(tmp_path / name)
    np.testing.assert_array_equal(again.generate(5), model.generate(5))
    for a, b in zip(again.mixture.get_weights(), model.mixture.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_goes_on_as_if_there_had_been_no_fit():
    models = build(), build()
    models[0].fit_prior(X)
    for model in models:
        model.fit(X, epochs=1, verbose=0)
    for network in ("encoder", "decoder"):
        pair = (getattr(model, network).get_weights() for model in models)
        for a, b in zip(*pair, strict=True):
            np.testing.assert_array_equal(a, b)


def test_latents_that_diverged_are_told():
    model = build()
    kernel, bias = model.encoder.layers[-1].get_weights()
    model.encoder.layers[-1].set_weights([kernel * np.nan, bias])
    with pytest.raises(ValueError, match="there is NaN or infinity among the latents: the training diverged"):
        model.fit_prior(X)


def test_images_of_another_shape():
    with pytest.raises(ValueError, match=r"images have shape \(60, 8, 8\), but \(n, 8, 8, 3\) is expected"):
        build().fit_prior(X[..., 0])


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a SavedModel is TensorFlow's")
def test_an_exported_model_draws_from_the_mixture(tmp_path):
    import tensorflow as tf

    model = build()
    model.fit_prior(X)
    model.export(tmp_path / "exported", verify=False)
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    made = loaded.sample(tf.constant([0, 5], "int32"), tf.constant(3, "int64")).numpy()
    np.testing.assert_allclose(made.astype(int), model.generate(6, seed=3)[[0, 5]], atol=1)
