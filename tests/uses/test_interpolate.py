"""Walks between latents: their ends, their length, and the label that stays."""

import numpy as np
import pytest

from keras_genzoo import models  # noqa: F401 - fills the registry
from keras_genzoo.registry import MODELS
from keras_genzoo.uses import at, decode, draw, interpolate, slerp, vectors, with_vectors


@pytest.fixture(scope="module")
def cvae():
    return MODELS["cvae"](**MODELS["cvae"].tiny)


def test_an_arc_keeps_the_length():
    z = slerp(np.array([3.0, 0.0]), np.array([0.0, 3.0]), np.array([[0.0], [1 / 3], [0.5], [1.0]]))
    expected = [[3, 0], [3 * np.cos(np.pi / 6), 1.5], [3 / np.sqrt(2), 3 / np.sqrt(2)], [0, 3]]
    np.testing.assert_allclose(z, expected, atol=1e-12)


@pytest.mark.parametrize("other", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
def test_without_an_arc_the_way_is_straight(other):
    a, b = np.array([1.0, 0.0]), np.array(other)
    np.testing.assert_allclose(slerp(a, b, np.array([0.25])), 0.75 * a + 0.25 * b)


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_the_way_is_the_one_asked_for_and_the_label_stays(cvae, kind):
    a, b = draw(cvae, np.arange(2)), draw(cvae, np.arange(2, 4))
    rows = interpolate(cvae, a, b, np.array([0.0, 0.3, 1.0]), kind)
    way = slerp(a[0], b[0], np.full((1, 1), 0.3)) if kind == "spherical" else 0.7 * a[0] + 0.3 * b[0]
    for column, z in enumerate((a[0], way, b[0])):
        expected = decode(cvae, (z, a[1])).astype(int)
        assert np.abs(rows[:, column] - expected).max() <= 1


@pytest.mark.slow
def test_the_prior_decides_over_the_kind(cvae):
    ae = MODELS["ae"](**MODELS["ae"].tiny)
    ae.decoder.set_weights([weight + 0.1 for weight in ae.decoder.get_weights()])  # so that images differ
    share = np.array([0.5])
    for model, kind, other in ((cvae, "spherical", "linear"), (ae, "linear", "spherical")):
        a, b = draw(model, np.arange(3)), draw(model, np.arange(3, 6))
        b = at(with_vectors(b, 9 * vectors(b)[:, None]), (slice(None), 0))
        np.testing.assert_array_equal(interpolate(model, a, b, share), interpolate(model, a, b, share, kind))
        assert (interpolate(model, a, b, share) != interpolate(model, a, b, share, other)).any()


def test_mistakes(cvae):
    a = draw(cvae, np.arange(2))
    with pytest.raises(ValueError, match=r"shapes \(2, 4\) and \(1, 4\), but \(n, latent_dim\) is expected, the same"):
        interpolate(cvae, a, at(a, slice(1)), np.array([0.5]))
    with pytest.raises(ValueError, match="kind='round', but 'linear' or 'spherical'"):
        interpolate(cvae, a, a, np.array([0.5]), "round")
