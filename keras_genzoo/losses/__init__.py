"""Losses: pure functions of tensors, each citing its equation. Sums are over pixels or latents, means over images."""

from keras_genzoo.losses.adversarial import (
    ADVERSARIAL_LOSSES,
    AdversarialLoss,
    hinge_discriminator,
    least_squares_discriminator,
    least_squares_generator,
    logistic_discriminator,
    minimax_generator,
    non_saturating_generator,
    relativistic_average_discriminator,
    relativistic_average_generator,
    wasserstein_critic,
    wasserstein_generator,
)
from keras_genzoo.losses.decorrelation import covariance, dip_penalty, total_correlation
from keras_genzoo.losses.divergence import free_bits, gaussian_kl, gaussian_kl_per_latent
from keras_genzoo.losses.mmd import mmd
from keras_genzoo.losses.penalty import gradient_penalty, lecam_penalty, r1_penalty
from keras_genzoo.losses.regularizers import R1, R2, DiscriminatorBatch, GradientPenalty, LeCam, Regularizer
from keras_genzoo.losses.sparsity import kl_sparsity, l1_sparsity, sparseness
from keras_genzoo.losses.squared_error import squared_error

__all__ = [
    "ADVERSARIAL_LOSSES",
    "R1",
    "R2",
    "AdversarialLoss",
    "DiscriminatorBatch",
    "GradientPenalty",
    "LeCam",
    "Regularizer",
    "covariance",
    "dip_penalty",
    "free_bits",
    "gaussian_kl",
    "gaussian_kl_per_latent",
    "gradient_penalty",
    "hinge_discriminator",
    "kl_sparsity",
    "l1_sparsity",
    "least_squares_discriminator",
    "least_squares_generator",
    "lecam_penalty",
    "logistic_discriminator",
    "minimax_generator",
    "mmd",
    "non_saturating_generator",
    "r1_penalty",
    "relativistic_average_discriminator",
    "relativistic_average_generator",
    "sparseness",
    "squared_error",
    "total_correlation",
    "wasserstein_critic",
    "wasserstein_generator",
]
