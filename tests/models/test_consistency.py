"""Geng et al. 2024: an image without noise is itself, times come closer, and few steps make images."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.consistency import Consistency
from keras_genzoo.models.edm import EDM
from keras_genzoo.models.flow_matching import FlowMatching

MLP = {"network": "mlp_denoiser", "units": 8, "blocks": 1}
RNG = np.random.default_rng(0)


def build(kind=Consistency, **arguments):
    keras.utils.set_random_seed(0)
    model = kind(image_shape=(2, 2, 1), denoiser=MLP, noise_features=8, **arguments)
    rng = np.random.default_rng(1)
    for weight in model.denoiser.trainable_weights:
        weight.assign(weight + 0.3 * rng.normal(size=weight.shape))
    return model


@pytest.mark.parametrize("formula", ["edm", "flow_matching"])
def test_an_image_without_noise_is_itself(formula):
    model = build(formula=formula)
    x = RNG.normal(size=(3, 2, 2, 1)).astype("float32")
    found = model.denoised(ops.convert_to_tensor(x), ops.full((3,), 1e-6), network=model.denoiser)
    np.testing.assert_allclose(ops.convert_to_numpy(found), x, atol=1e-4)


@pytest.mark.parametrize(("formula", "kind"), [("edm", EDM), ("flow_matching", FlowMatching)])
def test_it_begins_as_the_model_that_it_comes_from(formula, kind):
    model, first = build(formula=formula), build(kind)
    x, t = RNG.normal(size=(3, 2, 2, 1)).astype("float32"), np.array([0.1, 1.0, 7.0], "float32")
    found = model.denoised(ops.convert_to_tensor(x), ops.convert_to_tensor(t), network=model.denoiser)
    if formula == "flow_matching":  # whose path is the same in other units
        x, t = x / (1 + t.reshape(-1, 1, 1, 1)), t / (1 + t)
    expected = first.denoised(ops.convert_to_tensor(x), ops.convert_to_tensor(t), network=first.denoiser)
    np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(expected), rtol=1e-4, atol=1e-5)


def test_times_come_closer_with_each_stage():
    """Equation 12 with k 8, b 1 and q 2: at first r is 0, and the loss that of diffusion."""
    model, t = build(), ops.convert_to_tensor(np.array([0.01, 1.0, 50.0], "float32"))
    n = 1 + 8 / (1 + np.exp([0.01, 1.0, 50.0]))
    for stage in (0, 1, 4, 8):
        r, gap = model.neighbour(t, ops.convert_to_tensor(float(stage)))
        expected = np.minimum(n / 2 ** (stage + 1), 1)
        np.testing.assert_allclose(ops.convert_to_numpy(gap), expected, rtol=1e-4)
        np.testing.assert_allclose(ops.convert_to_numpy(r), np.array([0.01, 1.0, 50.0]) * (1 - expected), atol=1e-5)


def test_one_step_is_the_denoiser_and_more_steps_add_noise():
    model = build()
    one, two = model.generate(6, steps=1), model.generate(6, steps=2)
    assert (one != two).any()
    z = ops.convert_to_numpy(model.sample_latents(ops.arange(6), np.uint32(0)))
    np.testing.assert_array_equal(one, model.decode(z))
    np.testing.assert_array_equal(two[4:], model.generate(2, steps=2, start=4, batch_size=1))
    assert model.sampling_protocol({})["evaluations"] == 2


def test_nothing_is_learned_from_the_side_that_stays():
    model = build(stage_images=8)
    model.compile(keras.optimizers.SGD(0.1))
    before = model.denoiser.get_weights()
    model.fit(np.zeros((8, 2, 2, 1), "float32"), batch_size=8, epochs=2, verbose=0)
    assert any((a != b).any() for a, b in zip(before, model.denoiser.get_weights(), strict=True))
