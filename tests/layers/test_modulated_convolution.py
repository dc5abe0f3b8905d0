"""Karras et al. 2020, equations 1 to 3."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.blur import Blur
from keras_genzoo.layers.modulated_convolution import ModulatedConv2D

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((2, 5, 5, 3)).astype("float32"), RNG.standard_normal((2, 4)).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def styles_of(layer):
    affine, bias = layer.affine.get_weights()
    return W @ affine / np.sqrt(4) + bias


def weights_of_images(layer):
    """w'' of each image, from the equations alone."""
    scaled = (
        styles_of(layer)[:, None, None, :, None] * array(layer.kernel)[None] / np.sqrt(np.prod(layer.kernel.shape[:3]))
    )
    if layer.demodulate:
        scaled = scaled / np.sqrt((scaled**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)
    return scaled


@pytest.mark.parametrize("demodulate", [True, False])
def test_it_is_a_convolution_by_weights_of_each_image(demodulate):
    layer = ModulatedConv2D(6, 3, demodulate)
    found = array(layer([X, W]))
    for image, kernel, made in zip(X, weights_of_images(layer), found, strict=True):
        expected = array(ops.conv(image[None], kernel.astype("float32"), padding="same", data_format="channels_last"))
        np.testing.assert_allclose(made, expected[0], rtol=1e-4, atol=1e-5)


def test_demodulated_weights_have_norm_one():
    layer = ModulatedConv2D(6, 3)
    layer([X, W])
    kernel, before, after = map(array, layer.weights_of(ops.convert_to_tensor(W)))
    scaled = kernel[None] * before[:, None, None, :, None] * after[:, None, None, None, :]
    np.testing.assert_allclose((scaled**2).sum(axis=(1, 2, 3)), 1.0, rtol=1e-4)
    np.testing.assert_allclose(np.abs(scaled), np.abs(weights_of_images(layer)), rtol=1e-3, atol=1e-6)


def test_doubling_puts_zeros_between_pixels():
    """A transposed convolution: zeros between the pixels, and a convolution by the kernel turned round."""
    layer = ModulatedConv2D(6, 3, upsample=True)
    found = array(layer([X, W]))
    assert found.shape == (2, 11, 11, 6) == layer.compute_output_shape([X.shape, W.shape])
    for image, kernel, made in zip(X, weights_of_images(layer), found, strict=True):
        spread = np.zeros((13, 13, 3), "float32")
        spread[2:-2:2, 2:-2:2] = image
        expected = ops.conv(
            spread[None], kernel[::-1, ::-1].astype("float32"), padding="valid", data_format="channels_last"
        )
        np.testing.assert_allclose(made, array(expected)[0], rtol=1e-4, atol=1e-5)


def test_its_config():
    layer = ModulatedConv2D(6, 1, demodulate=False, upsample=True)
    again = ModulatedConv2D.from_config(layer.get_config())
    assert (again.filters, again.kernel_size, again.demodulate, again.upsample) == (6, 1, False, True)


def test_large_styles_stay_in_the_range_of_half_precision():
    layer = ModulatedConv2D(6, 3, dtype="mixed_float16")
    found = array(layer([X, 1e4 * W]))
    assert found.dtype == "float16" and np.isfinite(found).all()


def test_a_filter_of_four_taps_has_a_margin():
    blur = Blur(4, 2)
    found = array(blur(ops.ones((1, 6, 6, 2))))
    assert found.shape == (1, 7, 7, 2) == blur.compute_output_shape((1, 6, 6, 2))
    np.testing.assert_allclose(found[0, 2:-2, 2:-2], 1.0, atol=1e-6)
    row = np.array([4, 7, 8, 8, 8, 7, 4]) / 8  # sums of [1, 3, 3, 1] over what lies in the maps
    np.testing.assert_allclose(found[0, ..., 0], np.outer(row, row), atol=1e-6)
    assert keras.layers.deserialize(keras.layers.serialize(blur)).get_config() == blur.get_config()
