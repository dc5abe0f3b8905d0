"""Perceptual path length in closed form."""

import numpy as np
import pytest

from keras_genzoo.metrics.path_length import perceptual_path_length


def test_the_speed_on_a_circle():
    """Features that turn by an angle a over a step of length s: 2 (1 - cos a) / s^2, about (a / s)^2."""
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 500)
    before, after = (5 * np.stack([np.cos(at), np.sin(at)], axis=1) for at in (angles, angles + 0.02))
    assert perceptual_path_length(before, 3 * after, step=0.01) == pytest.approx(4.0, rel=1e-3)


def test_the_ends_are_left_out():
    before = np.tile([1.0, 0.0], (200, 1))
    after = np.tile([np.cos(0.01), np.sin(0.01)], (200, 1))
    after[0] = 0.0, 1.0  # a jump
    assert perceptual_path_length(before, after, step=0.01) == pytest.approx(1.0, rel=1e-3)


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"shapes \(3, 2\) and \(2, 2\), but \(n, size\)"):
        perceptual_path_length(np.ones((3, 2)), np.ones((2, 2)))
