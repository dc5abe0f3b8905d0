"""Distributions: likelihoods of pixels, priors and posteriors of latents; each a layer, which owns its weights."""

from keras_genzoo.distributions.flows import InverseAutoregressiveFlow, PlanarFlow
from keras_genzoo.distributions.likelihoods import (
    BernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    GaussianLikelihood,
    Scale,
    binarize,
)
from keras_genzoo.distributions.posteriors import DiagonalGaussian, gaussian_log_density
from keras_genzoo.distributions.priors import StandardNormal, VampPrior

__all__ = [
    "BernoulliLikelihood",
    "DiagonalGaussian",
    "DiscretizedLogisticLikelihood",
    "GaussianLikelihood",
    "InverseAutoregressiveFlow",
    "PlanarFlow",
    "Scale",
    "StandardNormal",
    "VampPrior",
    "binarize",
    "gaussian_log_density",
]
