"""Priors of codes: the second stage keeps the first as it is, learns its codes, and draws them in few passes."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.cvq_prior import ConditionalVQPrior
from keras_genzoo.models.vq_prior import VQPrior
from keras_genzoo.models.vq_vae import VQVAE

VQ = {
    "image_shape": (4, 4, 1),
    "num_codes": 4,
    "code_dim": 2,
    "downsampling": 2,
    "encoder": {"network": "map_encoder", "filters": (4,), "blocks": 1},
    "decoder": {"network": "map_decoder", "filters": (4,), "blocks": 1},
}
PRIORS = {
    "masked": {"network": "transformer", "units": 16, "blocks": 1, "heads": 2, "dropout": 0.0},
    "autoregressive": {"network": "gated_pixelcnn", "filters": 8, "blocks": 1},
}
X = np.random.default_rng(0).uniform(-1, 1, (32, 4, 4, 1)).astype("float32")


def build(order="masked", kind=VQPrior, **arguments):
    keras.utils.set_random_seed(0)
    model = kind.of(VQVAE(**VQ), order=order, prior=PRIORS[order], embedding_dim=8, **arguments)
    model.compile(keras.optimizers.Adam(1e-2))
    return model


def with_codes(model, codes):
    """A model whose encoder finds these codes in any images."""
    model.codes_of = lambda x: ops.tile(ops.convert_to_tensor(codes, "int32")[None], (ops.shape(x)[0], 1, 1))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("order", PRIORS)
def test_the_codes_of_images_are_learned_and_drawn(order):
    codes = [[0, 3], [2, 1]]
    model = with_codes(build(order), codes)
    model.fit(X, batch_size=32, epochs=150, verbose=0)
    drawn = ops.convert_to_numpy(model.sample_codes(np.arange(64), np.uint32(0)))
    assert (drawn == codes).mean() > 0.95
    loss = model.evaluate(X, batch_size=32, return_dict=True, verbose=0)
    assert loss["bits_per_code"] < 0.3
    np.testing.assert_array_equal(model.generate(1), model.decode_codes(drawn[:1]))


def test_the_first_stage_stays_as_it_is():
    vq_vae = VQVAE(**VQ)
    model = VQPrior.of(vq_vae, prior=PRIORS["masked"], embedding_dim=8)
    model.compile()
    model.fit(X, batch_size=16, epochs=1, verbose=0)
    for name in model.first_stage:
        for one, other in zip(getattr(model, name).get_weights(), getattr(vq_vae, name).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model.codes(X), vq_vae.codes(X))
    np.testing.assert_array_equal(model.reconstruct(X), vq_vae.reconstruct(X))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("cosine", [1, np.cos(np.pi / 8), 0]), ("linear", [1, 0.75, 0]), ("square", [1, 15 / 16, 0])],
)
def test_the_share_of_masked_codes(schedule, expected):
    found = build(mask_schedule=schedule).share_masked(ops.convert_to_tensor([0.0, 0.25, 1.0]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 3, 100])
def test_after_the_last_pass_no_code_is_masked(steps):
    model = build()
    drawn = ops.convert_to_numpy(model.sample_codes(np.arange(200), np.uint32(3), steps=steps))
    assert set(np.unique(drawn)) == set(range(4))
    again = ops.convert_to_numpy(model.sample_codes(np.arange(150, 200), np.uint32(3), steps=steps))
    np.testing.assert_array_equal(drawn[150:], again)


def test_a_low_temperature_draws_the_most_probable_codes():
    model = build("autoregressive")
    for weight in model.prior.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    first = ops.convert_to_numpy(model.sample_codes(np.arange(20), np.uint32(0), temperature=1e-4))
    assert (first == first[0]).all()
    assert "steps" not in model.sample_options and "steps" in build().sample_options


def test_labels_reach_the_prior():
    model = build("autoregressive", ConditionalVQPrior, num_classes=2)
    for weight in model.prior.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    codes = ops.zeros((1, 4), "int32")
    logits = [np.array(model.logits(codes, np.array([label]), 1.0)) for label in (0, 1)]
    assert np.abs(logits[0] - logits[1]).max() > 0.01
    assert model.generate(4, labels=1).shape == (4, 4, 4, 1)
