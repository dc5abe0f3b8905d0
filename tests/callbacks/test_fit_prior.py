import keras
import numpy as np
import pytest

from keras_genzoo.callbacks import fit_prior
from keras_genzoo.callbacks.fit_prior import FitPrior
from keras_genzoo.data import ArraySource, DataError
from keras_genzoo.models.ae import AE
from keras_genzoo.models.vae import VAE

X = np.random.default_rng(0).uniform(-1, 1, (40, 8, 8, 3)).astype("float32")


SMALL = {
    "image_shape": (8, 8, 3),
    "latent_dim": 4,
    "encoder": {"network": "mlp_encoder", "hidden": ()},
    "decoder": {"network": "mlp_decoder", "hidden": ()},
}


def fitted(callback, cls=AE, epochs=3):
    """The model after a fit, and what its mixture was at the end of each epoch."""
    keras.utils.set_random_seed(0)
    model, seen = cls(**SMALL), []
    model.compile("sgd")
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(hasattr(model, "mixture") and model.mixture.get_weights())
    )
    model.fit(X, batch_size=20, epochs=epochs, verbose=0, callbacks=[*callback, look])
    return model, seen


def is_fitted(weights):
    return any((one != other).any() for one, other in zip(weights, AE(**SMALL).mixture.get_weights(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({}, [False, False, True]), ({"every": 2}, [False, True, True]), ({"epochs": 1}, [True, True, True])],
)
def test_it_fits_at_the_end_of_its_epochs(arguments, expected):
    _, seen = fitted([FitPrior(ArraySource(X), **arguments)])
    assert [is_fitted(weights) for weights in seen] == expected


def test_it_fits_the_chosen_images_and_leaves_the_training_as_it_is():
    model, _ = fitted([FitPrior(ArraySource(X), num=30, seed=4)])
    plain, _ = fitted([])
    for network in ("encoder", "decoder"):
        for a, b in zip(getattr(model, network).get_weights(), getattr(plain, network).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    chosen = np.sort(np.random.default_rng([4, 0]).permutation(40)[:30])
    plain.fit_prior(X[chosen], seed=4)
    for a, b in zip(model.mixture.get_weights(), plain.mixture.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_chooses_images_by_the_weights_that_they_are_drawn_by():
    weights = np.zeros(40)
    weights[[3, 8, 20]] = 1, 1, 2
    model, _ = fitted([FitPrior(ArraySource(X), num=40, weights=weights)])
    plain, _ = fitted([])
    plain.fit_prior(X[np.repeat([3, 8, 20], [10, 10, 20])])
    for a, b in zip(model.mixture.get_weights(), plain.mixture.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(DataError, match="weights have shape"):
        FitPrior(ArraySource(X), weights=weights[1:])


def test_large_latents_are_fitted_to_fewer_images(monkeypatch):
    monkeypatch.setattr(fit_prior, "_MOST_NUMBERS", 4 * 10)
    model, _ = fitted([FitPrior(ArraySource(X), seed=4)])
    few, _ = fitted([FitPrior(ArraySource(X), num=10, seed=4)])
    for a, b in zip(model.mixture.get_weights(), few.mixture.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_with_a_prior_is_left_alone():
    model, _ = fitted([FitPrior(ArraySource(X))], cls=VAE)
    assert not hasattr(model, "mixture")


def test_what_cannot_be_fitted_does_not_end_the_training():
    with pytest.warns(UserWarning, match="epoch 3: no prior could be fitted to the latents: .*give those of 2 images"):
        model, _ = fitted([FitPrior(ArraySource(X[:1]))])
    assert model.iterations == 6 and not is_fitted(model.mixture.get_weights())
