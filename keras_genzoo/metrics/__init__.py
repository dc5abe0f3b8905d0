"""Metrics of generated images, as functions of arrays, and as `keras.metrics.Metric`s.

Distances of sets of images are taken of features (n, d), which an extractor computes (`keras_genzoo.features`); errors
of single images are taken of pixels.
"""

from typing import TYPE_CHECKING

from keras_genzoo.lazily import lazily
from keras_genzoo.metrics.inception_score import inception_score  # at once: its module has the same name

if TYPE_CHECKING:
    from keras_genzoo.metrics.disentanglement import (
        dci,
        latent_correlation,
        mutual_information_gap,
        separated_attribute_predictability,
    )
    from keras_genzoo.metrics.frechet import frechet_distance, frechet_distance_of_moments, frechet_infinity
    from keras_genzoo.metrics.image_quality import l1, mse, psnr, ssim
    from keras_genzoo.metrics.kernel import kernel_distance, kernel_distance_of_subsets
    from keras_genzoo.metrics.likelihood import elbo, importance_weighted_log_likelihood, likelihood_protocol
    from keras_genzoo.metrics.manifold import Manifold, authenticity, density_coverage, precision_recall
    from keras_genzoo.metrics.modes import Classes, Modes, class_coverage, mode_coverage
    from keras_genzoo.metrics.moments import Moments
    from keras_genzoo.metrics.neighbors import nearest
    from keras_genzoo.metrics.streaming import (
        MSE,
        PSNR,
        SSIM,
        DensityCoverage,
        FrechetDistance,
        KernelDistance,
        PrecisionRecall,
    )

__all__ = [
    "MSE",
    "PSNR",
    "SSIM",
    "Classes",
    "DensityCoverage",
    "FrechetDistance",
    "KernelDistance",
    "Manifold",
    "Modes",
    "Moments",
    "PrecisionRecall",
    "authenticity",
    "class_coverage",
    "dci",
    "density_coverage",
    "elbo",
    "frechet_distance",
    "frechet_distance_of_moments",
    "frechet_infinity",
    "importance_weighted_log_likelihood",
    "inception_score",
    "kernel_distance",
    "kernel_distance_of_subsets",
    "l1",
    "latent_correlation",
    "likelihood_protocol",
    "mode_coverage",
    "mse",
    "mutual_information_gap",
    "nearest",
    "precision_recall",
    "psnr",
    "separated_attribute_predictability",
    "ssim",
]

_HOMES = {
    "disentanglement": "dci latent_correlation mutual_information_gap separated_attribute_predictability",
    "frechet": "frechet_distance frechet_distance_of_moments frechet_infinity",
    "image_quality": "l1 mse psnr ssim",
    "kernel": "kernel_distance kernel_distance_of_subsets",
    "likelihood": "elbo importance_weighted_log_likelihood likelihood_protocol",
    "manifold": "Manifold authenticity density_coverage precision_recall",
    "modes": "Classes Modes class_coverage mode_coverage",
    "moments": "Moments",
    "neighbors": "nearest",
    "streaming": "DensityCoverage FrechetDistance KernelDistance MSE PSNR PrecisionRecall SSIM",
}
# Keras, SciPy and scikit-learn are imported where they compute, not where a metric is named.
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
