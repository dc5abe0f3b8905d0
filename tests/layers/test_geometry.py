"""Flips, scales and shifts: known pictures, and what is told of them."""

import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.geometry import NUMBERS, moved

X = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
NEVER, ALWAYS = 0.99, 0.0


def move(chosen, normal=(0, 0, 0, 0), probability=0.5, x=X):
    chosen, normal = (np.tile(np.asarray(row, "float32"), (len(x), 1)) for row in (chosen, normal))
    made, done = moved(
        ops.convert_to_tensor(x), ops.convert_to_tensor(chosen), ops.convert_to_tensor(normal), probability
    )
    return ops.convert_to_numpy(made), ops.convert_to_numpy(done)


def test_an_image_that_is_left_alone_is_the_same():
    made, done = move([NEVER] * 5, [3, 3, 3, 3])
    np.testing.assert_allclose(made, X, atol=1e-6)
    assert done.shape == (2, NUMBERS) and not done.any()
    assert not move([ALWAYS] * 5, [1, 1, 1, 1], probability=0.0)[1].any()


@pytest.mark.parametrize(("number", "axis"), [(0, 2), (1, 1)])
def test_flips(number, axis):
    chosen = [NEVER] * 5
    chosen[number] = ALWAYS
    made, done = move(chosen)
    np.testing.assert_allclose(made, np.flip(X, axis), atol=1e-5)
    assert done[0].tolist() == [float(number == 0), float(number == 1), 0, 0, 0, 0]


def test_shifts_by_whole_pixels_mirror_the_border():
    made, done = move([NEVER] * 4 + [ALWAYS], [0, 0, 2, -1])  # by 2 of 8 rows down, and a column to the left
    np.testing.assert_allclose(made[:, 2:, :7], X[:, :6, 1:], atol=1e-5)
    np.testing.assert_allclose(made[:, :2, :7], X[:, 1::-1, 1:], atol=1e-5)
    assert done[0].tolist() == pytest.approx([0, 0, 0, 0, 2, -1])


def test_scales_keep_the_middle():
    ramp = np.tile(np.linspace(-1, 1, 9, dtype="float32")[None, None, :, None], (1, 9, 1, 1))
    made, done = move(
        [NEVER, NEVER, ALWAYS, NEVER, NEVER], [5, 0, 0, 0], x=ramp
    )  # by 2: a deviation is a fifth of an octave
    np.testing.assert_allclose(made[0, 0, :, 0], np.linspace(-0.5, 0.5, 9), atol=1e-5)
    assert done[0].tolist() == pytest.approx([0, 0, 5, 0, 0, 0])
    made, _ = move([NEVER, NEVER, NEVER, ALWAYS, NEVER], [0, -5, 0, 0], x=ramp)  # columns wider, rows narrower
    np.testing.assert_allclose(made[0, 0, :, 0], np.linspace(-0.5, 0.5, 9), atol=1e-5)
