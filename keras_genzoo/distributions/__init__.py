"""Distributions: likelihoods of pixels, priors and posteriors of latents; each a layer with its own weights.

Each is registered under the name by which a spec chooses it: `{"prior": "vamp", "components": 500}`.
"""

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
