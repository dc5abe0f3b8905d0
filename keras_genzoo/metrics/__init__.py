"""Metrics: what the field measures images by, as functions of arrays."""

from keras_genzoo.metrics.image_quality import mse, psnr, ssim

__all__ = ["mse", "psnr", "ssim"]
