"""Callbacks: they watch a training, and write its logs, checkpoints, images and diagnosis."""

from keras_genzoo.callbacks.diagnosis import Diagnosis
from keras_genzoo.callbacks.evaluating import Evaluating
from keras_genzoo.callbacks.fit_prior import FitPrior
from keras_genzoo.callbacks.image_grid import (
    ImageGrid,
    reconstructions,
    samples,
    sheet_of_translations,
    translations,
    write_sheet,
)
from keras_genzoo.callbacks.latent_walk import latent_walk
from keras_genzoo.callbacks.latents import LatentReport, latent_report_in_words, latent_summary
from keras_genzoo.callbacks.progress import Progress
from keras_genzoo.callbacks.run_log import RunLog, SaveError, StoppedError
from keras_genzoo.callbacks.warn import warn_on_error
from keras_genzoo.guard import Divergence, Guard

__all__ = [
    "Diagnosis",
    "Divergence",
    "Evaluating",
    "FitPrior",
    "Guard",
    "ImageGrid",
    "LatentReport",
    "Progress",
    "RunLog",
    "SaveError",
    "StoppedError",
    "latent_report_in_words",
    "latent_summary",
    "latent_walk",
    "reconstructions",
    "samples",
    "sheet_of_translations",
    "translations",
    "warn_on_error",
    "write_sheet",
]
