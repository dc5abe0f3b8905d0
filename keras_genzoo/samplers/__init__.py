"""Samplers: from noise to images by a denoiser. `paths` says how images become noise, `solvers` how to go back."""

from keras_genzoo.samplers.paths import KarrasPath, LinearPath, Path, VariancePreservingPath
from keras_genzoo.samplers.solvers import (
    SamplerName,
    ddim,
    dpm_solver,
    euler,
    flow,
    heun,
    log_likelihood,
    noise_in,
    towards_noise,
)

__all__ = [
    "KarrasPath",
    "LinearPath",
    "Path",
    "SamplerName",
    "VariancePreservingPath",
    "ddim",
    "dpm_solver",
    "euler",
    "flow",
    "heun",
    "log_likelihood",
    "noise_in",
    "towards_noise",
]
