"""Outliers: scores of how atypical images are by a trained model, and thresholds of known false alarms."""

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from keras_genzoo import images as pixels
from keras_genzoo.capabilities import Encodes, HasFeatures, HasLikelihood, Reconstructs
from keras_genzoo.metrics import elbo, mse
from keras_genzoo.metrics.likelihood import likelihood_protocol
from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses.properties import Property, means_absent

OF_LIKELIHOOD = ("elbo", "likelihood_ratio", "typicality")
OF_TRAINING = ("typicality", "latent_density", "neighbors")
"""Scores that are relative to images that the model was trained on."""
KINDS = ("reconstruction", *OF_LIKELIHOOD, "latent_density", "neighbors")
_SAMPLES = 4  # a single draw of the posterior would add its own noise to each image's score
_NEIGHBORS = 5
_GAUSSIANS, _MOST_LATENTS = 10, 64  # of the mixture of latents


def outlier_scores(
    model: GenerativeModel,
    images: np.ndarray,
    kind: str = "reconstruction",
    background: GenerativeModel | None = None,
    seed: int = 0,
    batch_size: int = 64,
    start: int = 0,
    train: np.ndarray | None = None,
) -> np.ndarray:
    """Returns scores of images: the higher, the less typical.

    | kind | score | needs |
    | --- | --- | --- |
    | `reconstruction` | mean squared error of the reconstruction, pixels in 0..1 | an autoencoder |
    | `elbo` | minus the ELBO, or minus the log-likelihood where it is exact, in nats | a likelihood |
    | `likelihood_ratio` | the same, less that of `background`, or less the nats of the image as PNG | a likelihood |
    | `typicality` | distance of minus the ELBO from its mean over training images, in nats | a likelihood, `train` |
    | `latent_density` | minus the log density of latents under a mixture of Gaussians | an encoder, `train` |
    | `neighbors` | distance of features to the 5th nearest of training images | a network of features, `train` |

    Use `reconstruction` for any autoencoder. Smooth or dark images of another kind may have a higher likelihood than
    those trained on, so that `elbo` fails: `likelihood_ratio` corrects it by the image's complexity, `typicality` finds
    images that are too probable as well. A PNG's length is on the scale of a likelihood of grey levels
    ("discretized_logistic", a PixelCNN's, a flow's); beside softer ones (a Gaussian of scale 0.2) it outweighs the
    ELBO, and plain images become outliers: there give a background.

    Reference: `likelihood_ratio` with a background: Ren et al. 2019, arXiv:1906.02845, equation 4; with a code's
        length: Serra et al. 2020, arXiv:1909.11480, equation 2, there in bits. `typicality`: Nalisnick et al. 2019,
        arXiv:1906.02994, equation 4, of one image. `neighbors`: Sun et al. 2022, arXiv:2204.06507.

    Differs from the papers: where the likelihood is a bound, it is the ELBO by 4 draws; the background is any other
        model of such images, while Ren et al. train it on images with random pixels.

    Args:
        model: a trained model.
        images: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
        kind: of the table.
        background: optional model, for "likelihood_ratio".
        seed: integer in [0, 2**32), of the draws.
        batch_size: integer, images at a time.
        start: integer, the number of the first image; scores are the same in several calls as in a single one.
        train: images that the model was trained on, for the scores that need them; a few thousand are enough.

    Returns:
        float64 array of shape (n,).

    Raises:
        ValueError: an unknown kind, a model that has no such score, no training images where they are needed, or a
            background that cannot be compared.

    Example:
        >>> outlier_scores(model, held_out[np.arange(100)]["image"], "elbo")
    """
    return OutlierScorer(model, kind, background, train, seed, batch_size)(images, start)


class OutlierScorer:
    """Scores of images in several calls, by what is found of the training images once.

    Args:
        model, kind, background, train, seed, batch_size: as for `outlier_scores`.

    Raises:
        ValueError: as for `outlier_scores`.
    """

    def __init__(
        self,
        model: GenerativeModel,
        kind: str = "reconstruction",
        background: GenerativeModel | None = None,
        train: np.ndarray | None = None,
        seed: int = 0,
        batch_size: int = 64,
    ):
        check_scores(model, kind, background)
        if kind in OF_TRAINING and train is None:
            raise ValueError(f"outliers: the score '{kind}' is relative to training images: give some as train.")
        self.model, self.kind, self.background = model, kind, background
        self.seed, self.batch_size = seed, batch_size
        if kind == "typicality":
            self.usual = float(self._nats(self.model, train, 0).mean())
        elif kind == "latent_density":
            self.mixture = _fitted_mixture(self._latents(train), seed)
        elif kind == "neighbors":
            from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]

            assert isinstance(model, HasFeatures)  # as checked
            self.network = model.feature_network()
            self.nearest = NearestNeighbors(n_neighbors=_NEIGHBORS).fit(self._features(train))

    def __call__(self, images: np.ndarray, start: int = 0) -> np.ndarray:
        """Returns the scores of images, float64 (n,); `start` is the number of the first one."""
        if self.kind == "reconstruction":
            assert isinstance(self.model, Reconstructs)  # as checked
            return mse(images, self.model.reconstruct(images, self.batch_size))
        if self.kind == "latent_density":
            return -self.mixture.score_samples(self._latents(images))
        if self.kind == "neighbors":
            return self.nearest.kneighbors(self._features(images))[0][:, -1].astype("float64")
        nats = self._nats(self.model, images, start)
        if self.kind == "elbo":
            return nats
        if self.kind == "typicality":
            return np.abs(nats - self.usual)
        if self.background is not None:
            return nats - self._nats(self.background, images, start)
        return nats - png_nats(images)

    def _nats(self, model: GenerativeModel, images: Any, start: int) -> np.ndarray:
        draws = 1 if "exact" in likelihood_protocol(model) else _SAMPLES
        return -elbo(model, images, draws, self.seed, self.batch_size, start)

    def _latents(self, images: Any) -> np.ndarray:
        assert isinstance(self.model, Encodes)  # as checked
        z = self.model.encode(images, self.batch_size)
        return np.asarray(z[0] if isinstance(z, tuple) else z, "float64")

    def _features(self, images: Any) -> np.ndarray:
        """Features of length 1, as Sun et al. have them."""
        x = pixels.as_floats(images, self.model.image_shape, "outliers")
        rows = [
            np.asarray(self.network.predict_on_batch(x[first : first + self.batch_size]))
            for first in range(0, len(x), self.batch_size)
        ]
        found = np.concatenate(rows)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


def _fitted_mixture(latents: np.ndarray, seed: int) -> Any:
    """A mixture of Gaussians of principal components of latents, as `score_samples` takes the latents."""
    from sklearn.decomposition import PCA  # type: ignore[import-untyped]
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]

    components = min(_MOST_LATENTS, latents.shape[1], max(1, len(latents) - 1))
    count = max(1, min(_GAUSSIANS, len(latents) // (4 * components)))
    mixture = GaussianMixture(count, reg_covar=1e-4, random_state=seed)
    return make_pipeline(PCA(components, whiten=True, random_state=0), mixture).fit(latents)


def check_scores(model: GenerativeModel, kind: str, background: GenerativeModel | None = None) -> None:
    """Checks that a model can score images so.

    Raises:
        ValueError: it cannot; the message says why.
    """
    name = type(model).__name__
    if kind not in KINDS:
        raise ValueError(f"outliers: there is no score '{kind}'; there are: {', '.join(KINDS)}.")
    if background is not None and kind != "likelihood_ratio":
        raise ValueError(f"outliers: a background is for the score 'likelihood_ratio', not '{kind}': leave it out.")
    if kind == "reconstruction" and not isinstance(model, Reconstructs):
        raise ValueError(f"outliers: {name} does not reconstruct images: give an autoencoder.")
    if kind in OF_LIKELIHOOD and not isinstance(model, HasLikelihood):
        raise ValueError(f"outliers: {name} has no likelihood: give a VAE, or take the score 'reconstruction'.")
    if kind == "latent_density" and not isinstance(model, Encodes):
        raise ValueError(f"outliers: {name} has no encoder, so images have no latents: take another score.")
    if kind == "neighbors":
        if not isinstance(model, HasFeatures):
            raise ValueError(f"outliers: {name} has no network of features: take another score.")
        model.feature_network()
    if background is None:
        return
    if tuple(background.image_shape) != tuple(model.image_shape):
        raise ValueError(
            f"outliers: the background is of images {tuple(background.image_shape)}, the model of "
            f"{tuple(model.image_shape)}: give one of the same size."
        )
    if not isinstance(background, HasLikelihood):
        raise ValueError(f"outliers: the background, {type(background).__name__}, has no likelihood: give another.")
    kinds = [_unit_of(each) for each in (model, background)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"outliers: the background's likelihood is {kinds[1]}, the model's {kinds[0]}: give one trained with the "
            "same likelihood."
        )


def _unit_of(model: HasLikelihood) -> str:
    """What likelihoods must have in common to be divided by one another."""
    declared = model.pixel_likelihood
    return "a probability of 256 grey levels" if declared["grey_levels"] else str(declared["density"])


def png_nats(images: np.ndarray) -> np.ndarray:
    """Returns the length of each image as a PNG file, in nats: an upper bound of its complexity.

    Reference: Serra et al. 2020, arXiv:1909.11480, section 3.

    Args:
        images: array of shape (n, height, width, channels), uint8 or float in [-1, 1].

    Returns:
        float64 array of shape (n,).
    """
    lengths = []
    for image in images if images.dtype == np.uint8 else pixels.to_pixels(images):
        file = io.BytesIO()
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG", optimize=True)
        lengths.append(file.tell())
    return np.array(lengths, "float64") * 8 * math.log(2)


def threshold(held_out: np.ndarray, false_alarms: float = 0.05) -> float:
    """Returns the score above which an image counts as an outlier.

    Of images like the held-out ones, at most the fraction `false_alarms` lies above it on average, whatever the scores
    are: it is their quantile, corrected for their number.

    Reference: Vovk et al. 2005, doi:10.1007/b106715; Bates et al. 2023, arXiv:2104.08279, section 1.2.

    Args:
        held_out: float array of shape (n,), scores of images that are not outliers and were not trained on.
        false_alarms: float in (0, 1).

    Raises:
        ValueError: `false_alarms` out of range, scores that are not finite, or too few of them for so small a fraction.

    Example:
        >>> outliers = scores > threshold(held_out_scores, 0.05)
    """
    held_out = np.sort(np.asarray(held_out, "float64"))
    if not np.isfinite(held_out).all():
        raise ValueError("outliers: scores of held-out images are not finite: the training diverged, take another run.")
    return float(held_out[rank_of_threshold(len(held_out), false_alarms) - 1])


def rank_of_threshold(count: int, false_alarms: float) -> int:
    """Returns the rank of the `threshold` among `count` scores, the lowest having rank 1.

    Raises:
        ValueError: `false_alarms` out of range, or too few scores for so small a fraction.
    """
    if not 0 < false_alarms < 1:
        raise ValueError(f"outliers: false_alarms={false_alarms} must lie between 0 and 1.")
    rank = math.ceil((count + 1) * (1 - false_alarms) - 1e-9)
    if rank > count:
        least = math.ceil(1 / false_alarms - 1e-9) - 1
        raise ValueError(
            f"outliers: {count} held-out images are too few for false_alarms={false_alarms:g}: at least {least:,} are "
            "needed; allow more false alarms."
        )
    return rank


def p_values(held_out: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Returns for each score the probability, in (0, 1], that an image like the held-out ones scores as high.

    Reference: Bates et al. 2023, arXiv:2104.08279, equation 3.

    Args:
        held_out: float array of shape (m,), as for `threshold`.
        scores: float array of shape (n,).

    Returns:
        float64 array of shape (n,); at most `false_alarms` where a score is above `threshold(held_out, false_alarms)`.
    """
    held_out = np.sort(np.asarray(held_out, "float64"))
    above = len(held_out) - np.searchsorted(held_out, scores, side="left")
    return (1 + above) / (1 + len(held_out))


def known_outliers(known: Mapping[str, Property], trained: tuple[str, ...] | None = None) -> np.ndarray | None:
    """Returns which images are known to be outliers.

    Args:
        known: the properties of the images. Values 0, -1, false, no, none, without and face of a property `outlier`
            mean that an image is not an outlier; without such a property, images of classes that are not among
            `trained` are outliers.
        trained: optional names of the classes that the model was trained on.

    Returns:
        integer array of shape (n,): 1 for outliers, 0 for others, -1 where it is not known. None if nothing is known:
            no such property, or no class that was trained on.

    Example:
        >>> known_outliers(properties(held_out[np.arange(100)], held_out))
    """
    if "outlier" in known:
        values, classes = known["outlier"]
        outlier = {float(number): not means_absent(name) for number, name in enumerate(classes)}
    elif "label" in known and trained:
        values, classes = known["label"]
        outlier = {float(number): name not in trained for number, name in enumerate(classes)}
        if len(set(outlier.values())) < 2:
            return None
    else:
        return None
    values_known = [outlier[value] if classes else not means_absent(value) for value in values[~np.isnan(values)]]
    found = np.full(len(values), -1)
    found[~np.isnan(values)] = values_known
    return found


def detection(scores: np.ndarray, outlier: np.ndarray) -> dict[str, float]:
    """Returns how well scores separate known outliers: `auroc` and `average_precision`, both 1 at best.

    By chance AUROC is 0.5, and average precision the fraction of outliers.

    Reference: Davis & Goadrich 2006, doi:10.1145/1143844.1143874.

    Args:
        scores: float array of shape (n,).
        outlier: bool array of shape (n,), with both values in it.

    Raises:
        ValueError: all images are outliers, or none is.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # type: ignore[import-untyped]

    outlier = np.asarray(outlier, bool)
    if outlier.all() or not outlier.any():
        what = "all" if len(outlier) and outlier.all() else "none"
        raise ValueError(
            f"outliers: {what} of the {len(outlier):,} images are outliers: images of both kinds are needed."
        )
    auroc, precision = (float(function(outlier, scores)) for function in (roc_auc_score, average_precision_score))
    return {"auroc": auroc, "average_precision": precision}
