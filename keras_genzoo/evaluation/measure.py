"""Measuring: a subject beside real images, metric by metric, each thing computed once and only if it is asked for."""

import datetime
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from keras_genzoo import metrics
from keras_genzoo.artifacts import environment
from keras_genzoo.data import Source, Stream
from keras_genzoo.evaluation.feature_cache import FeatureCache, Features, Watch, extract, unwatched
from keras_genzoo.evaluation.results import Result
from keras_genzoo.evaluation.subjects import EvaluationError, Subject, pixels_of
from keras_genzoo.metrics.extractors import Extractor
from keras_genzoo.metrics.image_quality import WINDOW
from keras_genzoo.metrics.likelihood import elbo, importance_weighted_log_likelihood, likelihood_protocol
from keras_genzoo.registry import did_you_mean

K_MANIFOLD, K_DENSITY = 3, 5
MOST_PAIRED = 20_000
"""Images up to which the kernel distance is taken of all pairs; beyond, as papers do it, of subsets."""
SAMPLES = 1_000
"""Latents drawn for an image by the importance-weighted likelihood (Burda et al. 2016, section 5)."""
_AT_ONCE = 256

Values = dict[str, tuple[float | None, dict[str, Any]]]
"""From a metric's name to its value and what its protocol adds."""


class Reference(NamedTuple):
    """The real images that a subject is measured against.

    Args:
        source: the images.
        split: string, which part of their dataset they are: "held_out", "train" or "all".
        train: optional source, what the subject was trained on.
    """

    source: Source
    split: str
    train: Source | None = None

    def protocol(self) -> dict[str, Any]:
        """What of it decides over numbers."""
        return {**self.source.manifest(), "count": len(self.source), "split": self.split}


class Evaluation:
    """A subject beside real images.

    Args:
        subject: what is measured.
        reference: the real images.
        extractor: optional, what features are taken by; metrics of distributions need one.
        num: integer, images of the subject that are looked at by metrics of distributions; all by default, of a
            subject that can make images without end 10,000.
        seed: integer, of the subject's images and of every draw.
        batch_size: integer, images that the losses are taken of at a time.
        watch: shows progress.
        cache: optional folder for features; the user's cache directory by default.
        keep: bool, whether the features of the subject are kept there too, as those of real images are.

    Raises:
        EvaluationError: the subject does not have `num` images, or images of another shape.

    Example:
        >>> evaluation = Evaluation(ModelSubject(model, "mine"), Reference(held_out, "held_out"), extractor)
        >>> for result in evaluation.results(["frechet", "precision", "recall"]):
        ...     print(result.metric, result.value)
    """

    def __init__(
        self,
        subject: Subject,
        reference: Reference,
        extractor: Extractor | None = None,
        num: int | None = None,
        seed: int = 0,
        batch_size: int = 64,
        watch: Watch = unwatched,
        cache: str | None = None,
        keep: bool = True,
    ):
        self.subject = subject
        self.reference = reference
        self.num = num or subject.count or 10_000
        if subject.count is not None and self.num > subject.count:
            raise EvaluationError(
                f"{subject.name} has {subject.count:,} images, and --num asks for {self.num:,}: ask for at most "
                f"{subject.count:,}."
            )
        if tuple(subject.image_shape) != tuple(reference.source.image_shape):
            raise EvaluationError(
                f"{subject.name} has images of shape {tuple(subject.image_shape)}, but {reference.source.name} of "
                f"{tuple(reference.source.image_shape)}: measure against images of the same size and channels."
            )
        self.extractor = extractor
        self.seed = seed
        self.batch_size = batch_size
        self.watch = watch
        self.cache = cache
        self.keep = keep

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
        if needs in ("losses", "likelihood") and model is None:
            raise EvaluationError(f"{name}: {self.subject.name} is no run, so there is no model to ask: leave it out.")
        if needs == "likelihood" and not hasattr(model, "log_importance_weight"):
            raise EvaluationError(f"{name}: {type(model).__name__} gives no likelihood: leave it out.")
        if needs == "reconstructions" and not self.subject.reconstructs:
            raise EvaluationError(f"{name}: {self.subject.name} does not reconstruct images: leave it out.")
        if name == "ssim" and min(self.subject.image_shape[:2]) < WINDOW:
            raise EvaluationError(f"ssim needs images of at least {WINDOW} x {WINDOW} pixels: leave it out.")

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

    # Features

    def features_of(self, source: Source, what: str) -> Features:
        """The features of all images of a source, from the cache where they are there."""
        return FeatureCache(
            self._extractor,
            lambda start, stop: pixels_of(source, np.arange(start, stop)),
            len(source),
            {"data": source.manifest(), "count": len(source)},
            what,
            self.cache,
        ).load(self.watch)

    @functools.cached_property
    def real(self) -> Features:
        """Features of the real images."""
        return self.features_of(self.reference.source, f"{len(self.reference.source):,} real images")

    @functools.cached_property
    def train(self) -> Features:
        """Features of what the subject was trained on."""
        if self.reference.train is None:
            raise EvaluationError(f"it is not known what {self.subject.name} was trained on.")
        return self.features_of(self.reference.train, f"{len(self.reference.train):,} training images")

    @functools.cached_property
    def generated(self) -> Features:
        """Features of the subject's images."""
        what = f"{self.num:,} images of {self.subject.name}"

        def images(start: int, stop: int) -> np.ndarray:
            return self.subject.images(start, stop, self.seed)

        if not self.keep:
            with self.watch(f"features of {what}", self.num) as advance:
                return extract(self._extractor, images, 0, self.num, what, advance)
        key = {"subject": self.subject.identity(), "seed": self.seed}
        return FeatureCache(self._extractor, images, self.num, key, what, self.cache).load(self.watch)

    def name_of(self, metric: str) -> str:
        """The name under which a metric is told: in metrics of features, the extractor's part is in it."""
        return self._extractor.metric_name(metric) if METRICS[metric].needs == "features" else metric

    @property
    def _extractor(self) -> Extractor:
        if self.extractor is None:
            raise EvaluationError("metrics of features need an extractor: name one by --features.")
        return self.extractor

    def feature_values(self, value: float, base: str, **protocol: Any) -> Values:
        """A value of features, named after the extractor, with the protocol that all of these share."""
        extractor = self._extractor
        return {
            extractor.metric_name(base): (
                float(value),
                {
                    "features": extractor.protocol(),
                    "real": self.reference.protocol(),
                    "generated": {"count": self.num, "pixels": "uint8"},
                    **protocol,
                },
            )
        }

    @functools.cached_property
    def real_manifold(self) -> metrics.Manifold:
        """The neighbors of the real images, which precision and recall share with density and coverage."""
        return metrics.Manifold(self.real.features, max(K_MANIFOLD, K_DENSITY))

    @functools.cached_property
    def precision_recall(self) -> tuple[float, float]:
        return metrics.precision_recall(self.real_manifold, self.generated.features, k=K_MANIFOLD)

    @functools.cached_property
    def density_coverage(self) -> tuple[float, float]:
        return metrics.density_coverage(self.real_manifold, self.generated.features, k=K_DENSITY)

    # Reconstructions

    @functools.cached_property
    def reconstruction_quality(self) -> dict[str, np.ndarray]:
        """MSE, PSNR and SSIM of each real image and its reconstruction."""
        functions = {"mse": metrics.mse, "psnr": metrics.psnr}
        if min(self.subject.image_shape[:2]) >= WINDOW:
            functions["ssim"] = metrics.ssim
        found: dict[str, list[np.ndarray]] = {name: [] for name in functions}
        source = self.reference.source
        with self.watch(f"reconstructions of {len(source):,} real images", len(source)) as advance:
            for first in range(0, len(source), _AT_ONCE):
                x = pixels_of(source, np.arange(first, min(first + _AT_ONCE, len(source))))
                y = self.subject.reconstruct(x)
                for name, function in functions.items():
                    found[name].append(function(x, y))
                advance(len(x))
        return {name: np.concatenate(values) for name, values in found.items()}

    def quality(self, name: str, note: str) -> Values:
        values = self.reconstruction_quality[name]
        finite = np.isfinite(values)
        protocol: dict[str, Any] = {"real": self.reference.protocol(), "pixels": "0..1", "mean": note}
        if identical := int((~finite).sum()):
            protocol["notes"] = {"identical": identical}
        return {name: (float(values[finite].mean()) if finite.any() else None, protocol)}

    # Losses and likelihoods

    def losses(self) -> Values:
        """The losses of the model on the real images, as `model.evaluate` has them."""
        model, source = self.subject.model, self.reference.source
        if model is None:
            raise EvaluationError(f"{self.subject.name} is no run, so it has no losses.")
        size = min(self.batch_size, len(source))
        with self.watch(f"losses on {len(source):,} real images", len(source)) as advance:
            logs = model.evaluate(Stream(source, size, shuffle=False), return_dict=True, verbose=0)
            advance(len(source))
        protocol = {"real": self.reference.protocol(), "batch_size": size, "precision": model.dtype_policy.name}
        return {f"val_{name}": (float(logs[name]), protocol) for name in model.logs}

    def likelihood(self, name: str, function: Callable[..., np.ndarray], samples: int) -> Values:
        model, source = self.subject.model, self.reference.source
        if model is None:
            raise EvaluationError(f"{self.subject.name} is no run, so it gives no likelihood.")
        values = []
        with self.watch(f"{name} of {len(source):,} real images, {samples:,} draws each", len(source)) as advance:
            for first in range(0, len(source), _AT_ONCE):
                x = pixels_of(source, np.arange(first, min(first + _AT_ONCE, len(source))))
                values.append(function(model, x, samples=samples, seed=self.seed, start=first))
                advance(len(x))
        protocol = {"real": self.reference.protocol(), "samples": samples, **likelihood_protocol(model)}
        return {name: (float(np.concatenate(values).mean()), protocol)}


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
        raise EvaluationError(f"inception_score needs class probabilities, which {one._extractor.name} has not.")
    mean, _ = metrics.inception_score(one.generated.logits, splits=10)
    return one.feature_values(mean, "inception_score", splits=10)


def _authpct(one: Evaluation) -> Values:
    value = metrics.authenticity(one.train.features, one.generated.features)
    train = one.reference.train.manifest() if one.reference.train else None
    return one.feature_values(value, "authpct", train=train)


class Metric(NamedTuple):
    """How a metric is measured.

    Args:
        function: from an `Evaluation` to values.
        needs: "losses", "reconstructions", "likelihood" or "features".
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
    "inception_score": Metric(_inception_score, "features", "for old tables", False),
}
"""What can be measured, in the order in which it is."""

ALIASES = {"fid": "frechet", "fid_infinity": "frechet_infinity", "kid": "kernel", "re": "mse"}
"""Names of the field for some of them; "fid" and "kid" are right for Inception's features alone."""
