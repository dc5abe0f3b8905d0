"""LatentReport: the information in each latent of an autoencoder, and whether its posterior has collapsed."""

import contextlib
import os
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_genzoo.artifacts.records import Latents
from keras_genzoo.callbacks.warn import warn_on_error
from keras_genzoo.capabilities import HasLatentStatistics, HasLikelihood
from keras_genzoo.diagnosis.rules import COLLAPSED
from keras_genzoo.files import read_lines, write_json, write_lines
from keras_genzoo.images import as_floats
from keras_genzoo.model import GenerativeModel
from keras_genzoo.models.vae import VAE
from keras_genzoo.printable import printable
from keras_genzoo.untrusted import UntrustedError

_MOST_CORRELATED = 256  # latents: their correlations are as many numbers squared
CARRIES = 0.01
"""The nats, or the variance of its mean (Burda et al. 2016, section 5), above which a latent is in use."""


class LatentSummary(NamedTuple):
    """The information in each latent, over some images.

    Args:
        kl: float array (latent_dim,), the mean of KL(q(z given x) || p(z)) of each over images, in nats; None where it
            has no closed form (flows, VampPrior).
        variance: float array (latent_dim,), Var_x(E[z given x]) of each.
        correlation: float array (latent_dim, latent_dim), of the means E[z given x]; 0 where a mean is constant.
    """

    kl: np.ndarray | None
    variance: np.ndarray
    correlation: np.ndarray

    @property
    def active_units(self) -> int:
        """The number of latents whose mean varies with the image: variance above 0.01, Burda's criterion."""
        return int((self.variance > CARRIES).sum())

    @property
    def in_use(self) -> int:
        """The number of latents that carry more than 0.01 nats; where that is not known, the active units."""
        return self.active_units if self.kl is None else int((self.kl > CARRIES).sum())

    @property
    def mean_correlation(self) -> float | None:
        """The mean absolute correlation of two active units; None of fewer than two."""
        active = self.variance > CARRIES
        count = int(active.sum())
        if count < 2:
            return None
        among = np.abs(self.correlation[np.ix_(active, active)])
        return float((among.sum() - count) / (count * (count - 1)))

    def words(self, beta: float | None) -> str:
        """The summary in a line, with a warning of a collapse.

        Args:
            beta: the present weight of the KL term; None for a loss without that term.
        """
        carry = "carry more than 0.01 nats" if self.kl is not None else "are active (variance of the mean above 0.01)"
        text = f"{self.in_use} of {len(self.variance)} latents {carry}"
        if self.in_use < COLLAPSED * len(self.variance) and beta is not None:
            text += f"; the weight of the KL term is {beta:g}: posterior collapse; lower beta or anneal it"
        elif self.in_use < COLLAPSED * len(self.variance) and self.kl is not None:
            text += ": posterior collapse; give the reconstruction loss a larger weight"
        return text


def latent_summary(model: GenerativeModel, images: np.ndarray, batch_size: int = 64) -> LatentSummary:
    """Returns what each latent carries, over some images.

    Reference: Burda et al. 2016, arXiv:1509.00519, section 5 (active units).

    Args:
        model: an autoencoder that has `latent_statistics`.
        images: array of shape (n, height, width, channels), uint8 or float in [-1, 1], n at least 2.
        batch_size: integer, images at a time.

    Raises:
        ValueError: the model has no `latent_statistics`, or these are not images for it, or fewer than two.

    Example:
        >>> print(latent_summary(model, held_out[np.arange(1000)]["image"]).words(beta=1.0))
        7 of 64 latents carry more than 0.01 nats; the weight of the KL term is 1: posterior collapse; ...
    """
    if not isinstance(model, HasLatentStatistics):
        raise ValueError(
            f"latent_summary: {type(model).__name__} has no latent_statistics, the measures of its latents: give a "
            "model that has them, such as a VAE."
        )
    x = as_floats(images, model.image_shape, "latent_summary")
    if len(x) < 2:
        raise ValueError(f"latent_summary: got {len(x)} images, but the variance over images needs at least 2.")
    found = model.in_batches("latent_statistics", x, batch_size).astype("float64")
    centered = found[:, 0] - found[:, 0].mean(axis=0)
    covariance = centered.T @ centered / len(centered)
    variance = np.diag(covariance)
    deviation = np.sqrt(np.where(variance > 0, variance, np.inf))
    kl = found[:, 1].mean(axis=0) if found.shape[1] > 1 else None
    return LatentSummary(kl, variance, covariance / np.outer(deviation, deviation))


class LatentReport(keras.callbacks.Callback):
    """Writes after each epoch the information in each latent, over held-out images.

    `latents.jsonl` gets a line an epoch: KL of each latent, active units, mean absolute correlation; `latents.json` has
    the last epoch's with the correlations of up to 256 latents. Errors become warnings.

    Args:
        images: array of held-out images, uint8 or float in [-1, 1]; some hundreds are enough.
        folder: where to write; made if it is missing.
        batch_size: integer, images at a time.

    Example:
        >>> report = LatentReport(held_out[np.arange(500)]["image"], "runs/faces")
        >>> model.fit(train, epochs=20, callbacks=[report])
        >>> print(report.words)
    """

    def __init__(self, images: np.ndarray, folder: str | os.PathLike, batch_size: int = 64):
        super().__init__()
        self.images = images
        self.folder = Path(folder)
        self.batch_size = batch_size
        self.words: str | None = None
        """The last epoch's summary in a line; None before the first."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measures, and writes."""
        try:
            summary = latent_summary(self.model, self.images, self.batch_size)
        except Exception as error:  # even memory that runs out here must not end a training
            warnings.warn(
                f"the latents of epoch {epoch + 1} could not be measured: {error}",
                stacklevel=1,
            )
            return
        if not all(np.isfinite(part).all() for part in summary if part is not None):
            return  # the training has diverged, which Guard reports
        beta = _weight_of_kl(self.model)
        self.words = summary.words(beta)
        line = {
            "epoch": epoch + 1,
            "beta": beta,
            "active_units": summary.active_units,
            "mean_correlation": _rounded(summary.mean_correlation),
            "kl": _rounded(summary.kl),
            "words": self.words,
        }
        more = {"variance": _rounded(summary.variance)}
        if len(summary.variance) <= _MOST_CORRELATED:
            more["correlation"] = _rounded(summary.correlation)
        with warn_on_error(f"the latents of epoch {epoch + 1}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            # A training that went back to an earlier checkpoint comes to the same epochs again.
            lines = [*(before for before in _lines(self.folder) if before["epoch"] <= epoch), line]
            write_lines(self.folder / "latents.jsonl", lines)
            write_json(self.folder / "latents.json", {**line, **more})


def latent_report_in_words(folder: Path) -> str | None:
    """Returns the last line of a run folder's `LatentReport` in words; None if there is none."""
    lines = _lines(folder)
    return printable(lines[-1].get("words")) if lines else None


def _weight_of_kl(model: GenerativeModel) -> float | None:
    """The present weight of the KL term in a model's loss; None for a loss without that term."""
    if isinstance(model, VAE):
        return float(ops.convert_to_numpy(model.scheduled(model.beta)))
    return 1.0 if isinstance(model, HasLikelihood) else None


def _lines(folder: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(UntrustedError):
        return read_lines(folder / "latents.jsonl", Latents)
    return []


def _rounded(values: Any) -> Any:
    return None if values is None else np.round(values, 5).tolist()
