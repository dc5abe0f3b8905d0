import types

import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from keras_genzoo import backend
from keras_genzoo.layers.warp import warped

RNG = np.random.default_rng(0)
SIZE = 16
NOISE = RNG.standard_normal((1, SIZE, SIZE, 2)).astype("float32")
SMOOTH = ndimage.gaussian_filter(RNG.standard_normal((1, SIZE, SIZE, 2)), (0, 3, 3, 0), mode="wrap").astype("float32")
SMOOTH /= SMOOTH.std()


def rotation(degrees):
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def translation(right, down):
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1]], "float64")


def moved(images, matrix):
    return ops.convert_to_numpy(warped(ops.convert_to_tensor(images), ops.convert_to_tensor(matrix[None], "float32")))


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (np.eye(3), lambda x: x),
        (np.diag([-1, 1, 1]), lambda x: x[:, ::-1]),
        (np.diag([1, -1, 1]), lambda x: x[::-1]),
        (rotation(90), lambda x: np.rot90(x, 1)),
        (rotation(180), lambda x: np.rot90(x, 2)),
        (rotation(270), lambda x: np.rot90(x, 3)),
        (translation(-3, 0), lambda x: np.concatenate([x[:, 2::-1], x[:, :-3]], axis=1)),
        (translation(0, 2), lambda x: np.concatenate([x[2:], x[:-3:-1]], axis=0)),
    ],
    ids=["identity", "columns", "rows", "90", "180", "270", "right", "up"],
)
def test_pixels_go_to_pixels(matrix, expected):
    np.testing.assert_allclose(moved(NOISE, matrix)[0], expected(NOISE[0]), atol=1e-4)


@pytest.mark.parametrize(
    "matrix",
    [
        *(rotation(degrees) for degrees in (10, 40, 60, 130, 200, -80)),
        translation(0.4, -1.7),
        np.diag([0.7, 0.8, 1]),
        rotation(70) @ np.diag([0.8, 1.2, 1]) @ rotation(-30) @ translation(2.2, 1.1),
    ],
)
def test_it_is_scipy_s_affine_map_of_smooth_images(matrix):
    """SciPy counts rows first, and from the corner; far beyond the border the second pass mirrors another way."""
    swapped = matrix[:2, :2][::-1, ::-1]
    middle = np.full(2, (SIZE - 1) / 2)
    offset = middle + matrix[:2, 2][::-1] - swapped @ middle
    expected = np.stack(
        [ndimage.affine_transform(SMOOTH[0, ..., c], swapped, offset, order=1, mode="reflect") for c in range(2)], -1
    )
    difference = moved(SMOOTH, matrix)[0] - expected
    inside = difference[3:-3, 3:-3]
    assert np.sqrt((inside**2).mean()) < 0.1 and np.abs(inside).max() < 0.35


def test_where_an_image_becomes_smaller_its_pixels_are_averaged():
    checkers = np.indices((SIZE, SIZE)).sum(axis=0)[None, ..., None] % 2.0
    small = moved(checkers.astype("float32"), np.diag([2, 2, 1]))[0, 5:11, 5:11, 0]
    np.testing.assert_allclose(small, 0.5, atol=0.05)


def test_gradients_are_the_map_turned_round():
    """A linear map W: the gradient of <w, W x> is W^T w, and <W^T w, x> is <w, W x>."""
    matrix = ops.convert_to_tensor((rotation(33) @ np.diag([0.9, 1.3, 1]))[None], "float32")
    weights = RNG.standard_normal(NOISE.shape).astype("float32")
    nothing = types.SimpleNamespace(variables=[])

    def product(x):
        return weights * warped(x, matrix)

    gradient = ops.convert_to_numpy(backend.input_gradient(product, ops.convert_to_tensor(NOISE), nothing))
    assert (gradient * NOISE).sum() == pytest.approx(float(ops.sum(product(ops.convert_to_tensor(NOISE)))), rel=1e-4)
