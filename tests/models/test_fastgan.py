"""FastGAN: the discriminator's reconstructions."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models import fastgan
from keras_genzoo.models.fastgan import FastGAN

X = np.random.default_rng(0).uniform(-1, 1, (8, 32, 32, 3)).astype("float32")


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = FastGAN(**{**FastGAN.tiny, "discriminator_augmentation": None, **arguments})
    model.compile()
    return model


def zeros(network):
    """Lets a decoder say 0 everywhere."""
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])


def test_reconstructions_that_are_zero_lose_the_mean_of_the_images():
    """The whole image and a quarter of it, each by its mean absolute value."""
    model = build(reconstruction_weight=3.0)
    zeros(model.decoder)
    zeros(model.part_decoder)
    images = np.zeros_like(X)
    images[:, :16, :16], images[:, :16, 16:], images[:, 16:, :16], images[:, 16:, 16:] = 0.1, 0.2, 0.3, 0.4
    found = set()
    for _ in range(12):
        loss, logs = model.discriminator_loss(ops.convert_to_tensor(images), None, training=True)
        found.add(round(float(logs["reconstruction"]) - 0.25, 3))
        whole = float(logs["discriminator_loss"]) + 3.0 * float(logs["reconstruction"])
        assert float(loss) == pytest.approx(whole, rel=1e-5)
    assert found <= {0.1, 0.2, 0.3, 0.4} and len(found) > 2


def test_a_part_of_the_maps_is_that_of_the_image():
    maps = np.arange(32).reshape(1, 1, 32, 1) + 100.0 * np.arange(32).reshape(1, 32, 1, 1)
    part = ops.convert_to_numpy(fastgan._part(ops.convert_to_tensor(maps), ops.convert_to_tensor([1, 0]), 16))
    np.testing.assert_array_equal(part[0, ..., 0], maps[0, 16:, :16, 0])


@pytest.mark.slow
def test_it_learns_to_decode():
    model = build()
    smooth = np.repeat(np.repeat(X[:, ::8, ::8], 8, 1), 8, 2)
    history = model.fit(smooth, batch_size=8, epochs=40, verbose=0).history["reconstruction"]
    assert history[-1] < 0.9 * history[0]


def test_it_needs_a_discriminator_with_maps():
    with pytest.raises(ValueError, match=r"FastGAN.discriminator gives maps of .* take 'fast_discriminator'"):
        build(discriminator={"network": "dcgan_discriminator", "filters": (4, 4)})
