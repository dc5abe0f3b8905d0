"""Callbacks: what is seen and kept of a training while it goes on."""

from keras_genzoo.callbacks.diagnosis import Diagnosis
from keras_genzoo.callbacks.evaluating import Evaluating
from keras_genzoo.callbacks.fit_prior import FitPrior
from keras_genzoo.callbacks.guard import Divergence, Guard
from keras_genzoo.callbacks.image_grid import ImageGrid, reconstructions, samples, write_sheet
from keras_genzoo.callbacks.latent_walk import latent_walk
from keras_genzoo.callbacks.latents import LatentReport, last_words, latent_summary
from keras_genzoo.callbacks.progress import Progress
from keras_genzoo.callbacks.run_log import RunLog, SaveError, StoppedError
from keras_genzoo.callbacks.telling import told

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
    "last_words",
    "latent_summary",
    "latent_walk",
    "reconstructions",
    "samples",
    "told",
    "write_sheet",
]
