import numpy as np
import pytest
from keras import ops
from PIL import Image

from keras_genzoo.features.resize import METHODS, interpolation, resize

SIZES = [(8, 8, 20, 20), (20, 12, 7, 9), (9, 33, 33, 9), (64, 48, 299, 299), (16, 16, 16, 16), (1, 3, 5, 2)]
PILLOW = {"clean": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR, "box": Image.Resampling.BOX}


def images(height, width):
    """Noise of 0 and 255: the hardest edges there are."""
    return np.random.default_rng(height).choice([0.0, 255.0], (2, height, width, 3)).astype("float32")


def by_pillow(x, height, width, method):
    """Each channel for itself, in float, as clean-fid does it."""

    def resized_by_pillow(channel):
        return np.asarray(Image.fromarray(channel, "F").resize((width, height), PILLOW[method]))

    resized = np.stack([np.stack([resized_by_pillow(image[..., c]) for c in range(3)], axis=-1) for image in x])
    return resized.clip(0, 255) if method == "clean" else resized


@pytest.mark.parametrize(("height", "width", "to_height", "to_width"), SIZES)
def test_legacy_is_the_resize_of_tensorflow_1(height, width, to_height, to_width):
    tf = pytest.importorskip("tensorflow")
    x = images(height, width)
    expected = tf.compat.v1.image.resize_bilinear(x, (to_height, to_width)).numpy()
    np.testing.assert_allclose(resize(x, to_height, to_width, "legacy"), expected, atol=1e-4)


@pytest.mark.parametrize("method", PILLOW)
@pytest.mark.parametrize(("height", "width", "to_height", "to_width"), SIZES)
def test_the_others_are_pillow_s(height, width, to_height, to_width, method):
    x = images(height, width)
    expected = by_pillow(x, to_height, to_width, method)
    np.testing.assert_allclose(resize(x, to_height, to_width, method), expected, atol=2e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_stays_and_the_same_size_changes_nothing(method):
    np.testing.assert_allclose(resize(np.full((1, 5, 40, 1), 200.0), 30, 7, method), 200.0, rtol=1e-6)
    np.testing.assert_array_equal(resize(images(6, 9), 6, 9, method), images(6, 9))


def test_clean_stays_within_the_grey_levels_though_bicubic_overshoots():
    edge = np.repeat([[0.0, 255.0]], 4, axis=1).reshape(1, 1, 8, 1)
    assert np.max(interpolation("clean", 8, 40) @ edge[0, 0]) > 255.0
    resized = ops.convert_to_numpy(resize(edge, 1, 40, "clean"))
    assert resized.min() == 0.0 and resized.max() == 255.0


def test_a_fine_pattern_becomes_grey_unless_the_method_is_legacy():
    stripes = np.tile([0.0, 255.0], 32).reshape(1, 1, 64, 1)
    np.testing.assert_array_equal(resize(stripes, 1, 32, "legacy"), 0.0)
    np.testing.assert_allclose(resize(stripes, 1, 32, "box"), 127.5, rtol=1e-6)


def test_an_unknown_method_is_told():
    with pytest.raises(ValueError, match=r"no resize method .cleen.: did you mean .clean."):
        interpolation("cleen", 8, 8)
