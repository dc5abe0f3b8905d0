import math

import numpy as np
import pytest

from keras_genzoo.images import from_pixels
from keras_genzoo.metrics import l1, mse, psnr, ssim


@pytest.fixture
def pair():
    """Two photographs' worth of structure, and the second one noisier than the first."""
    rng = np.random.default_rng(0)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(3, 24, 20, 3)), axis=1), axis=2)
    x = 255 * (smooth - smooth.min()) / np.ptp(smooth)
    return x.round().astype("uint8"), np.clip(x + rng.normal(scale=20, size=x.shape), 0, 255).round().astype("uint8")


def constant(value, size=16):
    return np.full((2, size, size, 3), value, "uint8")


def naive_ssim(x, y):
    """SSIM of one channel pixel by pixel, from its definition."""
    window = np.exp(-(((np.mgrid[:11, :11] - 5) / 1.5) ** 2).sum(axis=0) / 2)
    window /= window.sum()
    values = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            a, b = (image[top : top + 11, left : left + 11] / 255 for image in (x, y))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            cov = (window * (a - mean_a) * (b - mean_b)).sum()
            above = (2 * mean_a * mean_b + 0.01**2) * (2 * cov + 0.03**2)
            values.append(above / ((mean_a**2 + mean_b**2 + 0.01**2) * (var_a + var_b + 0.03**2)))
    return np.mean(values)


def test_l1_is_on_the_scale_of_mse(pair):
    np.testing.assert_allclose(l1(constant(0), constant(51)), 0.2)
    x, y = pair
    np.testing.assert_allclose(l1(x, y), l1(from_pixels(x), from_pixels(y)), rtol=1e-5)
    assert (l1(x, y) <= np.sqrt(mse(x, y))).all()


def test_mse_and_psnr_of_a_constant_difference():
    np.testing.assert_allclose(mse(constant(0), constant(51)), 0.2**2)
    np.testing.assert_allclose(psnr(constant(0), constant(51)), -20 * math.log10(0.2))


def test_black_against_white_is_the_worst_there_is():
    np.testing.assert_allclose(mse(constant(0), constant(255)), 1.0)
    np.testing.assert_allclose(psnr(constant(0), constant(255)), 0.0)


def test_mse_of_noise_is_its_variance():
    rng = np.random.default_rng(1)
    noise = rng.normal(scale=0.1, size=(4, 64, 64, 3))
    np.testing.assert_allclose(mse(np.zeros_like(noise), np.clip(noise, -1, 1)), 0.05**2, rtol=0.03)


def test_psnr_is_that_of_each_image(pair):
    x, y = pair
    alone = [psnr(x[i : i + 1], y[i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(psnr(x, y), alone)
    assert len(set(alone)) == 3


def test_identical_images(pair):
    x, _ = pair
    assert (mse(x, x) == 0).all()
    assert (psnr(x, x) == math.inf).all()
    np.testing.assert_allclose(ssim(x, x), 1.0)


def test_ssim_of_constants_is_its_luminance_term():
    a, b = 0.2, 0.6
    expected = (2 * a * b + 0.01**2) / (a**2 + b**2 + 0.01**2)
    np.testing.assert_allclose(ssim(constant(51), constant(153)), expected)


def test_ssim_is_what_its_definition_says(pair):
    x, y = pair
    expected = [np.mean([naive_ssim(a[..., c], b[..., c]) for c in range(3)]) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(ssim(x, y), expected, rtol=1e-9)
    assert 0.1 < expected[0] < 0.9


@pytest.mark.parametrize("metric", [mse, psnr, ssim])
def test_floats_and_uint8_measure_the_same(metric, pair):
    x, y = pair
    np.testing.assert_allclose(metric(from_pixels(x), y), metric(x, y), rtol=1e-4)
    np.testing.assert_allclose(metric(from_pixels(x), from_pixels(y)), metric(x, y), rtol=1e-4)


def test_a_single_channel(pair):
    x, y = (image[..., :1] for image in pair)
    assert ssim(x, y).shape == (3,)


@pytest.mark.parametrize("metric", [mse, psnr, ssim])
def test_shapes_must_agree(metric):
    with pytest.raises(ValueError, match=r"got shapes \(2, 16, 16, 3\) and \(2, 12, 12, 3\)"):
        metric(constant(0), constant(0, size=12))
    with pytest.raises(ValueError, match="height, width, channels"):
        metric(constant(0)[0], constant(0)[0])


@pytest.mark.parametrize("metric", [mse, psnr, ssim])
def test_floats_that_are_no_pixels_are_refused(metric):
    with pytest.raises(ValueError, match=r"\[0, 255\]"):
        metric(constant(0), np.linspace(0, 255, 2 * 16 * 16 * 3).reshape(2, 16, 16, 3))


def test_images_smaller_than_the_window_are_refused():
    with pytest.raises(ValueError, match="10 x 10 pixels, but its window needs 11"):
        ssim(constant(0, size=10), constant(0, size=10))
