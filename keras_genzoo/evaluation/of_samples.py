"""Metrics of samples: a subject's images beside real ones, as distributions."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np

from keras_genzoo import metrics
from keras_genzoo.evaluation import needs
from keras_genzoo.evaluation.labels import GENERATION, MODES, Label
from keras_genzoo.evaluation.metric import Metric
from keras_genzoo.images import from_pixels
from keras_genzoo.metrics.modes import DEVIATIONS

if TYPE_CHECKING:
    from keras_genzoo.evaluation.measurements import Measurements, Values

POINTS = 2_500
"""Samples whose modes are counted (Srivastava et al. 2017, section 4.1)."""
MOST_PAIRED = 20_000
"""Images up to which the kernel distance is taken of all pairs; of more images, of subsets, as in papers."""
_OPEN = "d < r"  # a number without it was measured with d <= r, which differs where images are copies


def _frechet(measured: "Measurements") -> "Values":
    value = metrics.frechet_distance(measured.real.features, measured.generated.features)
    return measured.feature_values(value, "frechet", covariance="float64, n - 1")


def _frechet_infinity(measured: "Measurements") -> "Values":
    features = measured.real.features, measured.generated.features
    with measured.computing("Fréchet distance of infinitely many images"):
        value = metrics.frechet_infinity(*features, seed=measured.seed)
    return measured.feature_values(value, "frechet_infinity", points=15)


def _kernel(measured: "Measurements") -> "Values":
    features = measured.real.features, measured.generated.features
    with measured.computing("kernel distance"):
        if max(map(len, features)) <= MOST_PAIRED:
            value, estimate = metrics.kernel_distance(*features), "unbiased, of all pairs"
        else:
            value, _ = metrics.kernel_distance_of_subsets(*features, seed=measured.seed)
            estimate = "unbiased, mean of 100 subsets of 1,000"
    return measured.feature_values(value, "kernel", kernel="(x.y / d + 1)^3", estimate=estimate)


def _precision(measured: "Measurements") -> "Values":
    return measured.feature_values(measured.precision_recall[0], "precision", k=measured.k_manifold)


def _recall(measured: "Measurements") -> "Values":
    return measured.feature_values(measured.precision_recall[1], "recall", k=measured.k_manifold)


def _density(measured: "Measurements") -> "Values":
    return measured.feature_values(measured.density_coverage[0], "density", k=measured.k_density, inside=_OPEN)


def _coverage(measured: "Measurements") -> "Values":
    return measured.feature_values(measured.density_coverage[1], "coverage", k=measured.k_density, inside=_OPEN)


def _authpct(measured: "Measurements") -> "Values":
    features = measured.train.features, measured.generated.features
    with measured.computing("nearest training images"):
        value = metrics.authenticity(*features)
    train = measured.reference.train.manifest() if measured.reference.train else None
    return measured.feature_values(value, "authpct", train=train)


def _label_accuracy(measured: "Measurements") -> "Values":
    logits = measured.logits
    right = logits.argmax(axis=1) == np.arange(len(logits)) % logits.shape[1]  # without a choice labels take turns
    return measured.feature_values(right.mean(), "label_accuracy", labels="number of the image modulo classes")


def _inception_score(measured: "Measurements") -> "Values":
    mean, _ = metrics.inception_score(measured.logits, splits=10)
    return measured.feature_values(mean, "inception_score", splits=10)


def _modes(measured: "Measurements") -> "Values":
    source = cast(needs.Mixture, measured.reference.source)
    count = min(measured.num, POINTS)
    points = from_pixels(measured.subject.images(0, count, measured.seed)).reshape(count, -1)
    found = metrics.mode_coverage(points, source.centers, source.deviation)
    protocol = {
        "real": measured.reference.protocol(),
        "generated": measured.generated_protocol(count),
        "good": f"within {DEVIATIONS:g} standard deviations",
    }
    return {"modes": (float(found.covered), protocol), "good_samples": (found.good, protocol)}


def _class_modes(measured: "Measurements") -> "Values":
    return _of_classes(measured, "class_modes", lambda found: float(found.covered))


def _class_divergence(measured: "Measurements") -> "Values":
    return _of_classes(measured, "class_divergence", lambda found: round(found.divergence, 6))


def _of_classes(measured: "Measurements", base: str, number: Callable[[metrics.Classes], float]) -> "Values":
    """A number of the classes of samples, with that of as many real images, as a classifier's errors invent modes."""
    real, beside = measured.real.logits, {}
    if real is not None and len(real) >= measured.num:
        beside = {"of_real": number(metrics.class_coverage(real[: measured.num]))}
    return measured.feature_values(number(metrics.class_coverage(measured.logits)), base, **beside)


_OF_FEATURES = (needs.samples, needs.features)

METRICS_OF_SAMPLES = (
    Metric(
        "modes",
        "modes of a known mixture that are covered, and share of samples near a mode",
        _modes,
        (needs.samples, needs.modes),
        MODES,
        {"modes": Label("Modes", +1, 0), "good_samples": Label("Good", +1, 3)},
        aliases=("good_samples",),
    ),
    Metric(
        "class_modes",
        "classes that a classifier finds among samples, and among as many real images",
        _class_modes,
        (*_OF_FEATURES, needs.class_probabilities),
        MODES,
        {"class_modes": Label("Classes", +1, 0)},
        by_default=False,
    ),
    Metric(
        "class_divergence",
        "KL divergence in nats of the shares of classes, as a classifier finds them, from equal ones",
        _class_divergence,
        (*_OF_FEATURES, needs.class_probabilities),
        MODES,
        {"class_divergence": Label("KL to uniform", -1, 3)},
        by_default=False,
    ),
    Metric(
        "precision",
        "share of the images that lie among real images",
        _precision,
        _OF_FEATURES,
        GENERATION,
        {"precision": Label("Precision", +1, 3)},
    ),
    Metric(
        "recall",
        "share of the real images that lie among generated images",
        _recall,
        _OF_FEATURES,
        GENERATION,
        {"recall": Label("Recall", +1, 3)},
    ),
    Metric(
        "frechet",
        "Fréchet distance: FID, if the features are Inception's",
        _frechet,
        _OF_FEATURES,
        GENERATION,
        {"fid": Label("FID", -1, 2), "frechet": Label("Fréchet", -1)},
        aliases=("fid",),
    ),
    Metric(
        "frechet_infinity",
        "the same without its bias for few images",
        _frechet_infinity,
        _OF_FEATURES,
        GENERATION,
        {"fid_infinity": Label("FID∞", -1, 2), "frechet_infinity": Label("Fréchet∞", -1)},
        aliases=("fid_infinity",),
        by_default=False,
    ),
    Metric(
        "kernel",
        "kernel distance: KID, if the features are Inception's",
        _kernel,
        _OF_FEATURES,
        GENERATION,
        {"kid": Label("KID ×1000", -1, 2, factor=1000.0), "kernel": Label("Kernel ×1000", -1, factor=1000.0)},
        aliases=("kid",),
    ),
    Metric(
        "density",
        "density of real images around generated images",
        _density,
        _OF_FEATURES,
        GENERATION,
        {"density": Label("Density", 0, 3)},  # rises when modes collapse
    ),
    Metric(
        "coverage",
        "share of the real images that have a generated image near; shows mode collapse",
        _coverage,
        _OF_FEATURES,
        GENERATION,
        {"coverage": Label("Coverage", +1, 3)},
    ),
    Metric(
        "authpct",
        "percent that are no copies of training images",
        _authpct,
        (*_OF_FEATURES, needs.training_images),
        GENERATION,
        {"authpct": Label("AuthPct", +1, 1, unit="percent")},
    ),
    Metric(
        "label_accuracy",
        "share of the images that a classifier gives their label",
        _label_accuracy,
        (*_OF_FEATURES, needs.chosen_labels),
        GENERATION,
        {"label_accuracy": Label("Label", +1, 3)},
        by_default=False,
    ),
    Metric(
        "inception_score",
        "for old tables",
        _inception_score,
        (*_OF_FEATURES, needs.class_probabilities),
        GENERATION,
        {"inception_score": Label("IS", +1, 2)},
        by_default=False,
    ),
)
