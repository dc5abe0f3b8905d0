"""Miyato et al. 2018: what of the model is its own."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.spectral_normalization import SpectralNormalization
from keras_genzoo.models.sngan import SNGAN

X = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 3)).astype("float32")


def small(**arguments):
    keras.utils.set_random_seed(0)
    return SNGAN(
        (8, 8, 3),
        latent_dim=4,
        generator={"network": "dcgan_generator", "filters": (8,)},
        discriminator={"network": "dcgan_discriminator", "filters": (4, 8), "normalization": None, "spectral": True},
        discriminator_steps=1,
        **arguments,
    )


@pytest.mark.slow
def test_each_layer_finds_its_largest_singular_value():
    model = small()
    for _ in range(100):
        model.discriminator(X, training=True)
    normalized = [layer for layer in model.discriminator.layers if isinstance(layer, SpectralNormalization)]
    assert len(normalized) == 3
    for layer in normalized:
        kernel = ops.convert_to_numpy(layer.layer.kernel)
        largest = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        np.testing.assert_allclose(float(ops.convert_to_numpy(layer._sigma(training=False))), largest, rtol=0.01)


def test_the_scale_of_kernels_changes_no_score():
    model = small()
    before = ops.convert_to_numpy(model.discriminator(X))
    for layer in model.discriminator.layers:
        if isinstance(layer, SpectralNormalization):
            layer.layer.kernel.assign(10.0 * ops.convert_to_tensor(layer.layer.kernel))
    np.testing.assert_allclose(ops.convert_to_numpy(model.discriminator(X)), before, rtol=1e-4, atol=1e-5)


def test_u_is_updated_in_training_and_not_in_validation():
    model = small()
    model.compile()
    first = next(layer for layer in model.discriminator.layers if isinstance(layer, SpectralNormalization))
    values = [ops.convert_to_numpy(first.u)]
    for step in (model.validation_step, model.training_step):
        step((X,))
        values.append(ops.convert_to_numpy(first.u))
    np.testing.assert_array_equal(values[0], values[1])
    assert np.abs(values[2] - values[1]).max() > 1e-4


@pytest.mark.parametrize("network", ["dcgan_discriminator", {"network": "resnet_critic", "filters": [4]}])
def test_a_discriminator_that_is_not_normalized_is_refused(network):
    with pytest.raises(ValueError, match=r"SNGAN.discriminator has no layer with spectral normalization: give it"):
        SNGAN((16, 16, 3), generator={"network": "dcgan_generator", "filters": (4,)}, discriminator=network)


def test_defaults_are_the_paper_s():
    defaults = {name: parameter.default for name, parameter in SNGAN.constructor_arguments().items()}
    assert (defaults["discriminator_steps"], defaults["adversarial_loss"]) == (5, "hinge")
    assert defaults["discriminator"]["spectral"] and defaults["discriminator"]["normalization"] is None
    assert SNGAN.default_optimizer["config"] == {"learning_rate": 2e-4, "beta_1": 0.0, "beta_2": 0.9}
