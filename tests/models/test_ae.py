"""The linear autoencoder is principal component analysis: Baldi & Hornik 1989."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import linalg

from keras_genzoo.models.ae import AE

SHAPE, RANK = (4, 3, 1), 3
LINEAR = {
    "image_shape": SHAPE,
    "latent_dim": RANK,
    "encoder": {"network": "mlp_encoder", "hidden": ()},
    "decoder": {"network": "mlp_decoder", "hidden": (), "activation": "linear"},
}


def images(num=60):
    """Images with three strong directions, weaker ones, and a mean that is not zero."""
    random = np.random.default_rng(0)
    strong = random.standard_normal((num, RANK)) @ np.linalg.qr(random.standard_normal((12, RANK)))[0].T
    x = 0.2 + 0.2 * strong + 0.06 * random.standard_normal((num, 12))
    return x.reshape(num, *SHAPE).astype("float32")


X = images()
FLAT = X.reshape(len(X), -1).astype("float64")
MEAN = FLAT.mean(axis=0)
SINGULAR, DIRECTIONS = np.linalg.svd(FLAT - MEAN, full_matrices=False)[1:]


def linear():
    keras.utils.set_random_seed(0)
    return AE(**LINEAR)


def principal(chosen):
    """The linear model that projects onto the chosen principal directions."""
    model, v = linear(), DIRECTIONS[chosen]
    model.encoder.set_weights([v.T, -v @ MEAN])
    model.decoder.set_weights([v, MEAN])
    return model


def angles(model):
    """Degrees between the space that the decoder spans and that of the principal directions."""
    kernel = model.decoder.get_weights()[0].astype("float64")
    return np.degrees(linalg.subspace_angles(kernel.T, DIRECTIONS[:RANK].T))


@pytest.mark.slow
def test_a_trained_linear_model_spans_the_principal_directions():
    model = linear()
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-2, 1_000)))
    assert angles(model).max() > 30
    model.fit(X, batch_size=len(X), steps_per_epoch=1_000, verbose=0)
    assert angles(model).max() < 1.0
    model.reset_metrics()
    assert float(model.validation_step((X,))["loss"]) == pytest.approx((SINGULAR[RANK:] ** 2).sum() / len(X), rel=0.02)


def test_the_error_of_principal_directions_is_what_they_leave_out():
    model = principal(slice(RANK))
    model.compile(keras.optimizers.SGD(0.0))
    assert float(model.validation_step((X,))["loss"]) == pytest.approx((SINGULAR[RANK:] ** 2).sum() / len(X), rel=1e-4)


@pytest.mark.parametrize("chosen", [slice(0, RANK), slice(1, RANK + 1)])  # the minimum, and a saddle
def test_the_gradient_vanishes_at_principal_directions_and_nowhere_near(chosen):
    model = principal(chosen)
    model.compile(keras.optimizers.SGD(1.0))

    def step():
        before = model.get_weights()[:4]
        model.training_step((X,))
        return max(np.abs(new - old).max() for new, old in zip(model.get_weights()[:4], before, strict=True))

    assert step() < 1e-5
    kernel, bias = model.decoder.get_weights()
    model.decoder.set_weights([kernel + 0.1, bias])
    assert step() > 1e-3


def test_the_loss_is_the_squared_error_summed_over_pixels():
    model = AE(**AE.tiny)
    model.compile(keras.optimizers.SGD(0.0))
    x = np.random.default_rng(1).uniform(-1, 1, (5, 8, 8, 3)).astype("float32")
    error = x - ops.convert_to_numpy(model(x))
    assert float(model.validation_step((x,))["loss"]) == pytest.approx(float((error**2).sum()) / 5, rel=1e-5)


@pytest.mark.slow
def test_it_learns_a_batch_and_the_gradient_reaches_the_encoder():
    model = AE(**AE.tiny)
    model.compile(keras.optimizers.Adam(1e-2))
    x = np.repeat(np.linspace(-0.8, 0.8, 6, dtype="float32"), 8 * 8 * 3).reshape(6, 8, 8, 3)
    losses = model.fit(x, batch_size=6, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.05 * losses[0]


@pytest.mark.parametrize("size", [1, 2, 7])
def test_any_latent_size(size):
    model = AE(**{**AE.tiny, "latent_dim": size})
    assert model.encode(np.zeros((3, 8, 8, 3), "uint8")).shape == (3, size)
