"""Losses: pure functions of tensors, each citing its equation. Sums are over pixels or latents, means over images."""

from keras_genzoo.losses.adversarial import (
    logistic_discriminator,
    non_saturating_generator,
    wasserstein_critic,
    wasserstein_generator,
)
from keras_genzoo.losses.divergence import gaussian_kl
from keras_genzoo.losses.penalty import gradient_penalty
from keras_genzoo.losses.reconstruction import bernoulli_nll, gaussian_nll

__all__ = [
    "bernoulli_nll",
    "gaussian_kl",
    "gaussian_nll",
    "gradient_penalty",
    "logistic_discriminator",
    "non_saturating_generator",
    "wasserstein_critic",
    "wasserstein_generator",
]
