"""Metrics of models: their losses, what they make of real images, and their latents."""

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from keras_genzoo import metrics
from keras_genzoo.capabilities import Classifies
from keras_genzoo.evaluation import needs
from keras_genzoo.evaluation.labels import (
    CLASSIFICATION,
    DISENTANGLEMENT,
    GENERATION,
    LIKELIHOOD,
    RECONSTRUCTION,
    Label,
)
from keras_genzoo.evaluation.metric import Metric
from keras_genzoo.evaluation.path_length import path_length
from keras_genzoo.metrics import disentanglement

if TYPE_CHECKING:
    from keras_genzoo.evaluation.measurements import Measurements, Values

DRAWS = 1_000
"""Latents drawn for an image by the importance-weighted likelihood (Burda et al. 2016, section 5)."""


def _quality(name: str, mean: str) -> Callable[["Measurements"], "Values"]:
    return lambda measured: measured.quality(name=name, mean=mean)


def _likelihood(name: str, function: str, draws: int) -> Callable[["Measurements"], "Values"]:
    return lambda measured: measured.likelihood(name, getattr(metrics, function), draws)


def _bits(measured: "Measurements") -> "Values":
    found = measured.likelihood("log_likelihood", metrics.importance_weighted_log_likelihood, DRAWS)
    nats, protocol = found["log_likelihood"]
    assert nats is not None  # it is a mean of finite numbers
    bits = -nats / (protocol["dimensions"] * math.log(2.0))
    return {"bits_per_dimension": (bits, {**protocol, "unit": "bits per dimension"})}


def _accuracy(measured: "Measurements") -> "Values":
    import numpy as np

    from keras_genzoo.evaluation.measurements import AT_ONCE

    model, source = measured.needed_model, measured.reference.source
    assert isinstance(model, Classifies)  # as needed
    right = 0
    with measured.watch(f"classes of {len(source):,} real images", len(source)) as advance:
        for first in range(0, len(source), AT_ONCE):
            examples = source[np.arange(first, min(first + AT_ONCE, len(source)))]
            right += int((model.classify(examples["image"]).argmax(axis=-1) == examples["label"]).sum())
            advance(len(examples["label"]))
    return {"accuracy": (right / len(source), {"real": measured.reference.protocol()})}


def _mig(measured: "Measurements") -> "Values":
    found = disentanglement.mutual_information_gap(measured.encoded.latents, measured.encoded.factors)
    return measured.factor_values(
        {"mig": found.value}, estimator="histograms of bins of one width", bins=disentanglement.BINS
    )


def _sap(measured: "Measurements") -> "Values":
    found = disentanglement.separated_attribute_predictability(measured.encoded.latents, measured.encoded.factors)
    estimator = "R^2; of classes balanced accuracy of the nearest mean"
    return measured.factor_values({"sap": found.value}, estimator=estimator)


def _dci(measured: "Measurements") -> "Values":
    encoded = measured.encoded
    with measured.computing("random forests"):
        found = disentanglement.dci(encoded.latents, encoded.factors, measured.seed)
    values = {
        "dci_disentanglement": found.disentanglement,
        "dci_completeness": found.completeness,
        "dci_informativeness": found.informativeness,
    }
    forests = f"random forests of {disentanglement.TREES} trees, leaves of {disentanglement.LEAF} images or more"
    return measured.factor_values(values, estimator=forests, tested_on="a third")


def _latent_correlation(measured: "Measurements") -> "Values":
    value = disentanglement.latent_correlation(measured.encoded.latents)
    return measured.latent_values(
        {"latent_correlation": value}, mean="of absolute values, of latents of variance > 0.01"
    )


METRICS_OF_MODELS = (
    Metric("losses", "the model's own losses", lambda measured: measured.losses(), (needs.model, needs.targets)),
    Metric(
        "mse",
        "reconstruction error (RE)",
        _quality("mse", "over images"),
        (needs.reconstructions,),
        RECONSTRUCTION,
        {"mse": Label("RE", -1)},
        aliases=("re",),
    ),
    Metric(
        "psnr",
        "peak signal-to-noise ratio, in decibels",
        _quality("psnr", "over images, without identical pairs"),
        (needs.reconstructions,),
        RECONSTRUCTION,
        {"psnr": Label("PSNR", +1, 2, unit="dB")},
    ),
    Metric(
        "ssim",
        "structural similarity",
        _quality("ssim", "over images; Gaussian window of 11 pixels, sigma 1.5"),
        (needs.reconstructions, needs.room_for_a_window),
        RECONSTRUCTION,
        {"ssim": Label("SSIM", +1, 3)},
    ),
    Metric(
        "path_length_z",
        "perceptual path length: how fast images change on arcs between latents",
        functools.partial(path_length, space="z"),
        (needs.drawn_latents, needs.float32, needs.features),
        GENERATION,
        {"path_length_z": Label("PPL z", -1)},
        by_default=False,
    ),
    Metric(
        "path_length_w",
        "the same on lines between styles w",
        functools.partial(path_length, space="w"),
        (needs.styles, needs.float32, needs.features),
        GENERATION,
        {"path_length_w": Label("PPL w", -1)},
        by_default=False,
    ),
    Metric(
        "elbo",
        "bound on the log-likelihood, nats an image",
        _likelihood("elbo", "elbo", 1),
        (needs.likelihood,),
        LIKELIHOOD,
        {"elbo": Label("ELBO", +1, 1)},
        by_default=False,
    ),
    Metric(
        "log_likelihood",
        f"importance-weighted by {DRAWS:,} draws, nats an image",
        _likelihood("log_likelihood", "importance_weighted_log_likelihood", DRAWS),
        (needs.likelihood,),
        LIKELIHOOD,
        {"log_likelihood": Label("log p(x)", +1, 1)},
        by_default=False,
    ),
    Metric(
        "bits_per_dimension",
        f"of pixels of 256 grey levels: exact, or a bound by {DRAWS:,} draws",
        _bits,
        (needs.likelihood, needs.grey_levels),
        LIKELIHOOD,
        {"bits_per_dimension": Label("bits/dim", -1, 3)},
        by_default=False,
    ),
    Metric(
        "accuracy",
        "share of images whose class the model tells",
        _accuracy,
        (needs.classes, needs.labels),
        CLASSIFICATION,
        {"accuracy": Label("accuracy", +1, 4)},
    ),
    Metric(
        "mig",
        "mutual information gap: whether a factor has a latent of its own",
        _mig,
        (needs.latents, needs.factors),
        DISENTANGLEMENT,
        {"mig": Label("MIG", +1, 3)},
        by_default=False,
    ),
    Metric(
        "sap",
        "separated attribute predictability: the same by a line and thresholds",
        _sap,
        (needs.latents, needs.factors),
        DISENTANGLEMENT,
        {"sap": Label("SAP", +1, 3)},
        by_default=False,
    ),
    Metric(
        "dci",
        "disentanglement, completeness and informativeness, by random forests",
        _dci,
        (needs.latents, needs.factors),
        DISENTANGLEMENT,
        {
            "dci_disentanglement": Label("DCI D", +1, 3),
            "dci_completeness": Label("DCI C", +1, 3),
            "dci_informativeness": Label("DCI I", +1, 3),
        },
        by_default=False,
    ),
    Metric(
        "latent_correlation",
        "absolute correlation of two latents, in the mean",
        _latent_correlation,
        (needs.latents,),
        DISENTANGLEMENT,
        {"latent_correlation": Label("|r|", -1, 3)},
        by_default=False,
    ),
)
