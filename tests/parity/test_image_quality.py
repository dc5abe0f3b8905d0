"""Our MSE, PSNR and SSIM beside those of scikit-image and piq."""

import numpy as np
import pytest

from keras_genzoo.metrics.image_quality import mse, psnr, ssim

skimage = pytest.importorskip("skimage.metrics", reason="needs scikit-image: make parity")
torch = pytest.importorskip("torch", reason="needs PyTorch: make parity")
piq = pytest.importorskip("piq", reason="needs piq: make parity")


@pytest.fixture(scope="module")
def pair():
    """Smooth images, and the same with noise of a strength for each."""
    rng = np.random.default_rng(5)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(3, 40, 32, 3)), axis=1), axis=2)
    x = 255 * (smooth - smooth.min()) / np.ptp(smooth)
    noise = rng.normal(scale=[[[[4]]], [[[12]]], [[[40]]]], size=x.shape)
    return x.round().astype("uint8"), np.clip(x + noise, 0, 255).round().astype("uint8")


def tensors(pair):
    return [torch.from_numpy(x.transpose(0, 3, 1, 2) / 255) for x in pair]


def test_mse_and_psnr_are_those_of_scikit_image(pair):
    images = list(zip(*pair, strict=True))
    expected = [skimage.mean_squared_error(x / 255, y / 255) for x, y in images]
    np.testing.assert_allclose(mse(*pair), expected, rtol=1e-10)
    np.testing.assert_allclose(psnr(*pair), [skimage.peak_signal_noise_ratio(x, y) for x, y in images], rtol=1e-10)


def test_psnr_is_that_of_piq(pair):
    expected = piq.psnr(*tensors(pair), data_range=1.0, reduction="none")
    np.testing.assert_allclose(psnr(*pair), expected.numpy(), rtol=1e-5)  # piq adds 1e-8 to the error


def test_ssim_is_that_of_piq(pair):
    expected = piq.ssim(*tensors(pair), data_range=1.0, downsample=False, reduction="none")
    np.testing.assert_allclose(ssim(*pair), expected.numpy(), rtol=1e-6)
    assert expected.min() < 0.3 and expected.max() > 0.9


def test_ssim_is_that_of_scikit_image(pair):
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    for ours, x, y in zip(ssim(*pair), *pair, strict=True):
        _, full = skimage.structural_similarity(x, y, channel_axis=-1, full=True, **options)
        np.testing.assert_allclose(ours, full[5:-5, 5:-5].mean(), rtol=1e-6)  # where the window lies inside
