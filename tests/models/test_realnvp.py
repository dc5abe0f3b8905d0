"""Dinh et al. 2017: exact inverses, a likelihood of grey levels, and noise by which it is bounded."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import metrics
from keras_genzoo.models.realnvp import RealNVP

ARGUMENTS = {
    "image_shape": (4, 4, 1),
    "levels": 2,
    "couplings": 1,
    "coupling": {"network": "coupling_resnet", "filters": 4, "blocks": 0},
}
X = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1), "uint8")


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = RealNVP(**{**ARGUMENTS, **arguments})
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * rng.normal(size=variable.shape))
    return model


@pytest.mark.parametrize("mixing", ["masks", "convolution"])
def test_images_come_back_exactly(mixing):
    model = build(mixing=mixing)
    z = model.encode(X)
    assert z.shape == (8, 16)
    np.testing.assert_array_equal(model.decode(z), X)


@pytest.mark.parametrize("dequantization", ["uniform", "variational"])
def test_the_bound_of_images_of_one_pixel_is_below_probabilities_that_sum_to_one(dequantization):
    arguments = {"image_shape": (1, 1, 1), "levels": 1, "normalization": None, "dequantization": dequantization}
    model = build(**arguments)
    x = np.arange(256, dtype="uint8").reshape(-1, 1, 1, 1)
    bound = metrics.importance_weighted_log_likelihood(model, x, samples=400)
    assert np.exp(bound).sum() == pytest.approx(1, abs=0.05 if dequantization == "variational" else 0.01)
    assert np.exp(metrics.elbo(model, x, samples=400)).sum() < 1 + 1e-6


def test_the_loss_is_the_bound_in_nats_and_bits():
    model = build(normalization=None)
    x = (X / 127.5 - 1).astype("float32")
    loss, logs = model.negative_log_likelihood(ops.convert_to_tensor(x), None, False)
    assert float(logs["bits_per_dimension"]) == pytest.approx(float(loss) / (16 * np.log(2)), rel=1e-6)
    bound = -metrics.elbo(model, X, samples=50).mean()
    assert float(loss) == pytest.approx(bound, rel=0.05)


def test_a_temperature_draws_samples_to_the_middle():
    model = build()
    assert model.generate(4, temperature=0.0).std(axis=0).max() == 0
    assert model.generate(64).std() > model.generate(64, temperature=0.3).std()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (6, 4, 1), "levels": 3}, "6 x 4 pixels cannot be halved 2 times"),
        ({"image_shape": (6, 4, 1), "mixing": "convolution"}, "cannot be halved 2 times"),
        ({"coupling": keras.Sequential()}, "each coupling has a network of its own"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        RealNVP(**{**ARGUMENTS, **arguments})
