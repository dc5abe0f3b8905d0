"""Needs of metrics: requirements of a subject, of real images and of an extractor, each with its own message.

A need is called with `Measurements` and the name of a metric, and returns why that metric cannot be measured, in one
line that says what to do; None if nothing is missing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from keras_genzoo.capabilities import (
    Classifies,
    Conditional,
    DrawsLatents,
    Encodes,
    FitsPrior,
    HasLikelihood,
    HasStyles,
    Translates,
)
from keras_genzoo.data.domains import has_pairs, second_domain

if TYPE_CHECKING:
    from keras_genzoo.evaluation.measurements import Measurements

Need = Callable[["Measurements", str], str | None]


@runtime_checkable
class Mixture(Protocol):
    """A source of points whose distribution is a mixture of known Gaussians."""

    centers: np.ndarray
    deviation: float


def samples(measured: "Measurements", metric: str) -> str | None:
    """Images that the subject makes of noise or of other images, or that exist already."""
    if measured.subject.samples:
        return None
    if measured.subject.translates:
        return f"{metric}: {_one_domain(measured)}"
    return f"{metric}: {measured.subject.name} makes no images of noise: leave it out."


def _one_domain(measured: "Measurements") -> str:
    return (
        f"{measured.subject.name} translates images, and {measured.reference.source.name} has none of the domain that "
        "its translations should be of: measure it on images of both domains."
    )


def pairs(measured: "Measurements", metric: str) -> str | None:
    """A translator, and images with targets."""
    if measured.pairs is not None:
        return None
    if not measured.subject.translates:
        return f"{metric}: {measured.subject.name} translates no images: leave it out."
    if not measured.subject.samples:
        return f"{metric}: {_one_domain(measured)}"
    return (
        f"{metric} is of translations and their targets, and the images that {measured.subject.name} translates have "
        "none: measure on pairs, or leave it out."
    )


def both_directions(measured: "Measurements", metric: str) -> str | None:
    """A translator that translates back."""
    found = measured.subject.model
    if isinstance(found, Translates) and len(found.directions) > 1:
        return None
    return f"{metric}: {measured.subject.name} does not translate images there and back: leave it out."


def drawn_latents(measured: "Measurements", metric: str) -> str | None:
    """A model whose images are made of latents drawn from N(0, I)."""
    found = measured.subject.model
    if isinstance(found, DrawsLatents) and not isinstance(found, Conditional | FitsPrior):
        return None
    return (
        f"{metric}: {measured.subject.name} is no model without labels that draws latents from N(0, I): leave it out."
    )


def styles(measured: "Measurements", metric: str) -> str | None:
    """A model with styles."""
    if isinstance(measured.subject.model, HasStyles):
        return None
    return f"{metric}: {measured.subject.name} has no styles w: leave it out."


def float32(measured: "Measurements", metric: str) -> str | None:
    """A model that computes in float32: halves round the small steps away."""
    computes = measured.needed_model.dtype_policy.compute_dtype
    if computes == "float32":
        return None
    return f"{metric}: {measured.subject.name} computes in {computes}, too roughly for its small steps: leave it out."


def features(measured: "Measurements", metric: str) -> str | None:
    """An extractor."""
    if measured.extractor is not None:
        return None
    return f"{metric} is a metric of features: name an extractor by --features."


def class_probabilities(measured: "Measurements", metric: str) -> str | None:
    """An extractor that is a classifier."""
    if measured.needed_extractor.classes is not None:
        return None
    return f"{metric} needs class probabilities, which {measured.needed_extractor.name} has not."


def chosen_labels(measured: "Measurements", metric: str) -> str | None:
    """A conditional model, and a classifier of its labels as the extractor."""
    subject, extractor = measured.subject, measured.needed_extractor
    if not isinstance(subject.model, Conditional):
        return f"{metric}: {subject.name} makes no images of chosen labels: leave it out."
    if subject.model.num_classes != extractor.classes:
        return (
            f"{metric}: {extractor.name} knows {extractor.classes or 'no'} classes, but {subject.name} makes "
            f"{subject.model.num_classes}: name a classifier of the same data by --features; `genzoo classifier` makes "
            "one."
        )
    known, train = extractor.class_names, measured.reference.train
    if known is None or train is None or train.class_names is None or tuple(known) == tuple(train.class_names):
        return None
    return (
        f"{metric}: the classes of {extractor.name} are {_some(known)}, but those of {train.name} "
        f"{_some(train.class_names)}: name a classifier of the same data by --features; `genzoo classifier` makes one."
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:3], *(["..."] if len(names) > 3 else [])])


def training_images(measured: "Measurements", metric: str) -> str | None:
    """The images that the subject was trained on."""
    if measured.reference.train is not None:
        return None
    return (
        f"{metric} finds copies of training images, and it is not known what {measured.subject.name} was trained on: "
        f"measure the run itself, or leave {metric} out."
    )


def modes(measured: "Measurements", metric: str) -> str | None:
    """Real images that are points of a known mixture."""
    source = measured.reference.source
    if isinstance(source, Mixture):
        return None
    return f"{metric}: it is not known where the modes of {source.name} are: measure on gaussians_25."


def factors(measured: "Measurements", metric: str) -> str | None:
    """Real images whose factors are known."""
    source = measured.reference.source
    if source.factor_names:
        return None
    return (
        f"{metric}: it is not known what the images of {source.name} show: measure on drawn faces, by --data "
        "drawn_faces."
    )


def labels(measured: "Measurements", metric: str) -> str | None:
    """Real images with a label of the model each."""
    found, known = measured.subject.model, measured.reference.source.labels
    if known is None or not len(known) or known.min() < 0:
        return (
            f"{metric}: not every image of {measured.reference.source.name} has a label: measure on images that have, "
            "or leave it out."
        )
    if isinstance(found, Classifies) and known.max() >= found.num_classes:
        return (
            f"{metric}: {measured.reference.source.name} has labels to {known.max()}, but {measured.subject.name} "
            f"knows {found.num_classes} classes: measure on images of the same classes."
        )
    return None


def reconstructions(measured: "Measurements", metric: str) -> str | None:
    """A subject that reconstructs images."""
    if measured.subject.reconstructs:
        return None
    return f"{metric}: {measured.subject.name} does not reconstruct images: leave it out."


def room_for_a_window(measured: "Measurements", metric: str) -> str | None:
    """Images that are no smaller than the window of SSIM."""
    from keras_genzoo.metrics.image_quality import WINDOW

    if min(measured.subject.image_shape[:2]) >= WINDOW:
        return None
    return f"{metric} needs images of at least {WINDOW} x {WINDOW} pixels: leave it out."


def targets(measured: "Measurements", metric: str) -> str | None:
    """Images with what a translator's losses need beside them."""
    found, source = measured.subject.model, measured.reference.source
    if not isinstance(found, Translates):
        return None
    if found.targets == "target" and not has_pairs(source):
        return f"{metric}: {type(found).__name__} learns from pairs, and {source.name} has none: leave it out."
    return None if second_domain(source) else f"{metric}: {_one_domain(measured)}"


def grey_levels(measured: "Measurements", metric: str) -> str | None:
    """A likelihood that is a probability of pixels of 256 grey levels, or a bound on one."""
    found = measured.subject.model
    if isinstance(found, HasLikelihood) and found.pixel_likelihood["grey_levels"]:
        return None
    return (
        f"{metric}: the likelihood of {measured.subject.name} is no probability of pixels of 256 grey levels, so it "
        "has no bits: leave it out, or train a VAE with the likelihood 'discretized_logistic'."
    )


def model(measured: "Measurements", metric: str) -> str | None:
    """A model, of any kind."""
    if measured.subject.model is not None:
        return None
    return f"{metric}: {measured.subject.name} is no run, so it has no model to measure: leave it out."


@dataclass(frozen=True)
class Capability:
    """A model that has a capability.

    Args:
        protocol: of `keras_genzoo.capabilities`.
        lack: string, the end of a message about a model without it, after the model's class.
    """

    protocol: type
    lack: str

    def __call__(self, measured: "Measurements", metric: str) -> str | None:
        """Returns why the metric cannot be measured."""
        found = measured.subject.model
        if found is None or isinstance(found, self.protocol):
            return model(measured, metric)
        return f"{metric}: {type(found).__name__} {self.lack}: leave it out."


likelihood = Capability(HasLikelihood, "gives no likelihood")
classes = Capability(Classifies, "does not classify images")
latents = Capability(Encodes, "has no encoder, so images have no latents")
