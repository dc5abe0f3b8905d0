"""A model with styles, which several files look at."""

import keras
import numpy as np
import pytest

from keras_genzoo.models.stylegan import StyleGAN


@pytest.fixture(scope="session")
def stylegan():
    """A small StyleGAN of 16 pixels, trained for a few steps, whose images differ."""
    keras.utils.set_random_seed(0)
    filters = {"synthesis": "style_synthesis", "discriminator": "progressive_discriminator"}
    networks = {name: {"network": network, "filters": [8, 8, 8]} for name, network in filters.items()}
    model = StyleGAN(**{**StyleGAN.tiny, "image_shape": (16, 16, 3), "growth": ({"size": 16},), **networks})
    model.compile()
    x = np.random.default_rng(0).uniform(-1, 1, (16, 16, 16, 3)).astype("float32")
    model.fit(x, batch_size=8, epochs=1, verbose=0)
    return model
