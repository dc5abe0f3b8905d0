"""Losses: pure functions of tensors, each citing its equation. Sums are over pixels or latents, means over images."""

from keras_genzoo.losses.adversarial import (
    logistic_discriminator,
    non_saturating_generator,
    wasserstein_critic,
    wasserstein_generator,
)
from keras_genzoo.losses.decorrelation import covariance, dip_penalty, total_correlation
from keras_genzoo.losses.divergence import free_bits, gaussian_kl, gaussian_kl_per_latent
from keras_genzoo.losses.mmd import mmd
from keras_genzoo.losses.penalty import gradient_penalty
from keras_genzoo.losses.sparsity import kl_sparsity, l1_sparsity, sparseness
from keras_genzoo.losses.squared_error import squared_error

__all__ = [
    "covariance",
    "dip_penalty",
    "free_bits",
    "gaussian_kl",
    "gaussian_kl_per_latent",
    "gradient_penalty",
    "kl_sparsity",
    "l1_sparsity",
    "logistic_discriminator",
    "mmd",
    "non_saturating_generator",
    "sparseness",
    "squared_error",
    "total_correlation",
    "wasserstein_critic",
    "wasserstein_generator",
]
