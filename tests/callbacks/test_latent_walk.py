import numpy as np
import pytest

from keras_genzoo import models, noise  # noqa: F401 - fills the registry
from keras_genzoo.callbacks.latent_walk import latent_walk, slerp
from keras_genzoo.registry import MODELS


@pytest.mark.parametrize("name", ["vae", "dcgan"])
def test_the_ends_are_samples_of_the_prior(name):
    model = MODELS[name](**MODELS[name].tiny)
    sheet = latent_walk(model, rows=2, columns=3, seed=4)
    assert sheet.shape == (18, 28, 3)
    samples = model.generate(4, seed=4).astype(int)
    for row, column, sample in ((0, 0, 0), (1, 0, 1), (0, 2, 2), (1, 2, 3)):
        image = sheet[10 * row : 10 * row + 8, 10 * column : 10 * column + 8]
        assert np.abs(image - samples[sample]).max() <= 1


def test_an_arc_keeps_the_length():
    z = slerp(np.array([3.0, 0.0]), np.array([0.0, 3.0]), np.array([[0.0], [1 / 3], [0.5], [1.0]]))
    expected = [[3, 0], [3 * np.cos(np.pi / 6), 1.5], [3 / np.sqrt(2), 3 / np.sqrt(2)], [0, 3]]
    np.testing.assert_allclose(z, expected, atol=1e-12)


@pytest.mark.parametrize("other", [[2.0, 0.0], [-1.0, 0.0]])
def test_without_an_arc_the_way_is_straight(other):
    a, b = np.array([1.0, 0.0]), np.array(other)
    np.testing.assert_allclose(slerp(a, b, np.array([0.25])), 0.75 * a + 0.25 * b)
