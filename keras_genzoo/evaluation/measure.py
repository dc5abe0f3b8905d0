"""Measuring: a subject beside real images, metric by metric."""

import datetime
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from keras_genzoo import metrics
from keras_genzoo.artifacts import environment
from keras_genzoo.evaluation.measurements import K_DENSITY, K_MANIFOLD, Measurements, Values
from keras_genzoo.evaluation.results import Result
from keras_genzoo.evaluation.subjects import EvaluationError
from keras_genzoo.images import from_pixels
from keras_genzoo.metrics import disentanglement
from keras_genzoo.metrics.image_quality import WINDOW
from keras_genzoo.metrics.likelihood import elbo, importance_weighted_log_likelihood
from keras_genzoo.metrics.modes import DEVIATIONS
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import did_you_mean

POINTS = 2_500
"""Samples of which modes are counted (Srivastava et al. 2017, section 4.1)."""
MOST_PAIRED = 20_000
"""Images up to which the kernel distance is taken of all pairs; beyond, as papers do it, of subsets."""
SAMPLES = 1_000
"""Latents drawn for an image by the importance-weighted likelihood (Burda et al. 2016, section 5)."""


class Evaluation(Measurements):
    """A subject beside real images: what can be measured of it, and the results. Arguments as for `Measurements`.

    Example:
        >>> evaluation = Evaluation(ModelSubject(model, "mine"), Reference(held_out, "held_out"), extractor)
        >>> for result in evaluation.results(["frechet", "precision", "recall"]):
        ...     print(result.metric, result.value)
    """

    def results(self, names: Iterable[str]) -> Iterator[Result]:
        """Measures; each result comes as soon as it is there.

        Args:
            names: of `METRICS`.

        Raises:
            EvaluationError: this cannot be measured on this subject.
        """
        names = list(dict.fromkeys(names))
        for name in names:
            self.check(name)
        subject = {"name": self.subject.name, **self.subject.identity(), "seed": self.seed}
        machine = environment()
        for name in names:
            began = time.perf_counter()
            try:
                values = METRICS[name].function(self)
            except EvaluationError:
                raise
            except ValueError as error:  # such as fewer images than neighbors
                raise EvaluationError(f"{name}: {error}") from error
            seconds = time.perf_counter() - began
            for metric, (value, protocol) in values.items():
                if value is not None and not math.isfinite(value):
                    raise EvaluationError(
                        f"{metric} of {self.subject.name} is {value}: its training diverged; measure an earlier state."
                    )
                date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
                yield Result(metric, value, protocol, subject, date, round(seconds, 3), machine)

    def check(self, name: str) -> None:
        """Whether a metric can be measured on this subject.

        Raises:
            EvaluationError: it cannot; the message says why.
        """
        if name not in METRICS:
            raise EvaluationError(f"there is no metric '{name}'; {did_you_mean(name, METRICS)}")
        needs, model = METRICS[name].needs, self.subject.model
        if needs == "features" and self.extractor is None:
            raise EvaluationError(f"{name} is a metric of features: name an extractor by --features.")
        if name == "inception_score" and self.extractor is not None and self.extractor.classes is None:
            raise EvaluationError(f"inception_score needs class probabilities, which {self.extractor.name} has not.")
        if name == "authpct" and self.reference.train is None:
            raise EvaluationError(
                f"authpct tells copies of training images, and it is not known what {self.subject.name} was trained "
                "on: measure the run itself, or leave authpct out."
            )
        if needs in ("losses", "likelihood", "latents", "factors") and model is None:
            raise EvaluationError(f"{name}: {self.subject.name} is no run, so there is no model to ask: leave it out.")
        if needs == "likelihood" and not hasattr(model, "log_importance_weight"):
            raise EvaluationError(f"{name}: {type(model).__name__} gives no likelihood: leave it out.")
        if needs in ("latents", "factors") and not hasattr(model, "encode"):
            raise EvaluationError(
                f"{name}: {type(model).__name__} has no encoder, so images have no latents: leave it out."
            )
        if needs == "factors" and not self.reference.source.factor_names:
            raise EvaluationError(
                f"{name}: it is not known what the images of {self.reference.source.name} show: measure on drawn "
                "faces, by --data drawn_faces."
            )
        if needs == "modes" and not hasattr(self.reference.source, "centers"):
            raise EvaluationError(
                f"{name}: it is not known where the modes of {self.reference.source.name} are: measure on gaussians_25."
            )
        if name == "label_accuracy":
            self._check_labels(model)
        if needs == "reconstructions" and not self.subject.reconstructs:
            raise EvaluationError(f"{name}: {self.subject.name} does not reconstruct images: leave it out.")
        if name == "ssim" and min(self.subject.image_shape[:2]) < WINDOW:
            raise EvaluationError(f"ssim needs images of at least {WINDOW} x {WINDOW} pixels: leave it out.")

    def _check_labels(self, model: GenerativeModel | None) -> None:
        asked, known = getattr(model, "num_classes", None), self.needed_extractor.classes
        if asked is None:
            raise EvaluationError(
                f"label_accuracy: {self.subject.name} makes no images of chosen labels: leave it out."
            )
        if asked != known:
            raise EvaluationError(
                f"label_accuracy: {self.needed_extractor.name} knows {known or 'no'} classes, but {self.subject.name} "
                f"makes {asked}: name a classifier of the same data by --features."
            )

    def possible(self) -> list[str]:
        """What can be measured on this subject at a reasonable cost: the default of the command."""
        found = []
        for name, metric in METRICS.items():
            try:
                if metric.by_default:
                    self.check(name)
                    found.append(name)
            except EvaluationError:
                continue
        return found

    def name_of(self, metric: str) -> str:
        """The name under which a metric is told: in metrics of features, the extractor's part is in it."""
        return self.needed_extractor.metric_name(metric) if METRICS[metric].needs == "features" else metric


def _frechet(one: Evaluation) -> Values:
    value = metrics.frechet_distance(one.real.features, one.generated.features)
    return one.feature_values(value, "frechet", covariance="float64, n - 1")


def _frechet_infinity(one: Evaluation) -> Values:
    value = metrics.frechet_infinity(one.real.features, one.generated.features, seed=one.seed)
    return one.feature_values(value, "frechet_infinity", points=15)


def _kernel(one: Evaluation) -> Values:
    features = one.real.features, one.generated.features
    if max(map(len, features)) <= MOST_PAIRED:
        value, estimate = metrics.kernel_distance(*features), "unbiased, of all pairs"
    else:
        value, _ = metrics.kernel_distance_of_subsets(*features, seed=one.seed)
        estimate = "unbiased, mean of 100 subsets of 1,000"
    return one.feature_values(value, "kernel", kernel="(x.y / d + 1)^3", estimate=estimate)


def _inception_score(one: Evaluation) -> Values:
    if one.generated.logits is None:
        raise EvaluationError(f"inception_score needs class probabilities, which {one.needed_extractor.name} has not.")
    mean, _ = metrics.inception_score(one.generated.logits, splits=10)
    return one.feature_values(mean, "inception_score", splits=10)


def _authpct(one: Evaluation) -> Values:
    value = metrics.authenticity(one.train.features, one.generated.features)
    train = one.reference.train.manifest() if one.reference.train else None
    return one.feature_values(value, "authpct", train=train)


def _label_accuracy(one: Evaluation) -> Values:
    logits = one.generated.logits
    if logits is None:
        raise EvaluationError(f"label_accuracy needs a classifier, and {one.needed_extractor.name} is none.")
    right = logits.argmax(axis=1) == np.arange(len(logits)) % logits.shape[1]  # where labels go round
    return one.feature_values(right.mean(), "label_accuracy", labels="number of the image modulo classes")


def _modes(one: Evaluation) -> Values:
    source: Any = one.reference.source  # `check` has seen that its modes are known
    count = min(one.num, POINTS)
    points = from_pixels(one.subject.images(0, count, one.seed)).reshape(count, -1)
    found = metrics.mode_coverage(points, source.centers, source.deviation)
    protocol = {
        "real": one.reference.protocol(),
        "generated": one.generated_protocol(count),
        "good": f"within {DEVIATIONS:g} standard deviations",
    }
    return {"modes": (float(found.covered), protocol), "good_samples": (found.good, protocol)}


def _mig(one: Evaluation) -> Values:
    found = disentanglement.mutual_information_gap(one.encoded.latents, one.encoded.factors)
    bins = disentanglement.BINS
    return one.factor_values({"mig": found.value}, estimator="histograms of bins of one width", bins=bins)


def _sap(one: Evaluation) -> Values:
    found = disentanglement.separated_attribute_predictability(one.encoded.latents, one.encoded.factors)
    return one.factor_values({"sap": found.value}, estimator="R^2; of classes balanced accuracy of the nearest mean")


def _dci(one: Evaluation) -> Values:
    found = disentanglement.dci(one.encoded.latents, one.encoded.factors, one.seed)
    names = ("disentanglement", "completeness", "informativeness")
    forests = f"random forests of {disentanglement.TREES} trees, leaves of {disentanglement.LEAF} images or more"
    return one.factor_values(
        {f"dci_{name}": getattr(found, name) for name in names}, estimator=forests, tested_on="a third"
    )


def _latent_correlation(one: Evaluation) -> Values:
    value = disentanglement.latent_correlation(one.encoded.latents)
    return one.latent_values({"latent_correlation": value}, mean="of absolute values, of latents of variance > 0.01")


class Metric(NamedTuple):
    """How a metric is measured.

    Args:
        function: from an `Evaluation` to values.
        needs: "losses", "reconstructions", "likelihood", "latents", "factors", "modes" or "features".
        about: string, what it tells.
        by_default: bool, whether the command measures it if it is not told what to.
    """

    function: Callable[[Evaluation], Values]
    needs: str
    about: str
    by_default: bool = True


METRICS: Mapping[str, Metric] = {
    "losses": Metric(Evaluation.losses, "losses", "the model's own losses"),
    "mse": Metric(lambda one: one.quality("mse", "over images"), "reconstructions", "reconstruction error (RE)"),
    "psnr": Metric(
        lambda one: one.quality("psnr", "over images, without identical pairs"), "reconstructions", "in decibels"
    ),
    "ssim": Metric(
        lambda one: one.quality("ssim", "over images; Gaussian window of 11 pixels, sigma 1.5"),
        "reconstructions",
        "structural similarity",
    ),
    "elbo": Metric(
        lambda one: one.likelihood("elbo", elbo, 1), "likelihood", "bound on the log-likelihood, nats an image", False
    ),
    "log_likelihood": Metric(
        lambda one: one.likelihood("log_likelihood", importance_weighted_log_likelihood, SAMPLES),
        "likelihood",
        f"importance-weighted by {SAMPLES:,} draws, nats an image",
        False,
    ),
    "mig": Metric(_mig, "factors", "mutual information gap: whether a factor has a latent of its own", False),
    "sap": Metric(_sap, "factors", "the same by a line and thresholds", False),
    "dci": Metric(_dci, "factors", "disentanglement, completeness and informativeness, by random forests", False),
    "latent_correlation": Metric(_latent_correlation, "latents", "of each two latents, in the mean", False),
    "modes": Metric(_modes, "modes", "modes of a known mixture that are covered, and share of samples near one"),
    "frechet": Metric(_frechet, "features", "Fréchet distance: FID, if the features are Inception's"),
    "frechet_infinity": Metric(_frechet_infinity, "features", "the same without its bias for few images", False),
    "kernel": Metric(_kernel, "features", "kernel distance: KID, if the features are Inception's"),
    "precision": Metric(
        lambda one: one.feature_values(one.precision_recall[0], "precision", k=K_MANIFOLD),
        "features",
        "share of the images that lie among real ones",
    ),
    "recall": Metric(
        lambda one: one.feature_values(one.precision_recall[1], "recall", k=K_MANIFOLD),
        "features",
        "share of the real images that lie among them",
    ),
    "density": Metric(
        lambda one: one.feature_values(one.density_coverage[0], "density", k=K_DENSITY),
        "features",
        "how densely real images surround them",
    ),
    "coverage": Metric(
        lambda one: one.feature_values(one.density_coverage[1], "coverage", k=K_DENSITY),
        "features",
        "share of the real images that have one of them near; sees mode collapse",
    ),
    "authpct": Metric(_authpct, "features", "percent that are no copies of training images"),
    "label_accuracy": Metric(
        _label_accuracy, "features", "share of the images that a classifier gives the label asked for", False
    ),
    "inception_score": Metric(_inception_score, "features", "for old tables", False),
}
"""What can be measured, in the order in which it is."""

ALIASES = {"fid": "frechet", "fid_infinity": "frechet_infinity", "kid": "kernel", "re": "mse"}
"""Names of the field for some of them; "fid" and "kid" are right for Inception's features alone."""
