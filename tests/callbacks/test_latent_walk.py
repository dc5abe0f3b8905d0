import numpy as np
import pytest

from keras_genzoo import models  # noqa: F401 - fills the registry
from keras_genzoo.callbacks.latent_walk import latent_walk
from keras_genzoo.registry import MODELS


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae", "dcgan"])
def test_the_ends_are_samples_of_the_prior(name):
    model = MODELS[name](**MODELS[name].tiny)
    sheet = latent_walk(model, rows=2, columns=3, seed=4)
    assert sheet.shape == (18, 28, 3)
    samples = model.generate(4, seed=4).astype(int)
    for row, column, sample in ((0, 0, 0), (1, 0, 1), (0, 2, 2), (1, 2, 3)):
        image = sheet[10 * row : 10 * row + 8, 10 * column : 10 * column + 8]
        assert np.abs(image - samples[sample]).max() <= 1
