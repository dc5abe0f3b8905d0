"""Films that loop."""

import numpy as np
import pytest

from keras_genzoo.uses import StyleSpace, decode, draw, walk
from keras_genzoo.uses.walk import loop

POINTS = np.random.default_rng(0).standard_normal((5, 16))


@pytest.mark.parametrize(("keep_length", "sharpest"), [(False, 0.1), (True, 0.5)])
def test_a_closed_way_through_all_points_without_a_jump(keep_length, sharpest):
    way = loop(POINTS, 500, keep_length)
    np.testing.assert_allclose(way[::100], POINTS, atol=1e-9)
    steps = np.linalg.norm(np.diff(np.concatenate([way, way[:1]]), axis=0), axis=1)
    assert steps.max() < 4 * np.median(steps)  # the last, back to the beginning, too
    turns = np.diff(np.concatenate([way, way[:2]]), 2, axis=0)
    assert np.linalg.norm(turns, axis=1).max() < sharpest * np.median(steps)  # it turns smoothly, at the ends too


def test_lengths_are_kept_between_those_of_samples():
    lengths = np.linalg.norm(loop(POINTS, 100, keep_length=True), axis=1)
    ends = np.linalg.norm(POINTS, axis=1)
    assert ends.min() - 1e-9 <= lengths.min() and lengths.max() <= ends.max() + 1e-9


def test_a_film_shows_its_latents(stylegan):
    space = StyleSpace(stylegan)
    w = draw(space, np.arange(3))
    film = walk(space, w, 12)
    assert film.shape == (12, 16, 16, 3)
    assert np.abs(film[::4] - decode(space, w).astype(int)).max() <= 1
    assert walk(stylegan, draw(stylegan, np.arange(2)), 4).shape == (4, 16, 16, 3)


def test_one_point_is_no_way(stylegan):
    with pytest.raises(ValueError, match=r"walk: latents have shape \(1, 4\), but .* n at least 2"):
        walk(stylegan, draw(stylegan, np.arange(1)), 4)
