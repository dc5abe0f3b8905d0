"""Observer: measures a model with the same few images and latents each time."""

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo.callbacks.latents import CARRIES
from keras_genzoo.capabilities import Conditional, FitsPrior, HasLatentStatistics, Samples, Translates
from keras_genzoo.data import Source, Stream
from keras_genzoo.data.domains import floats, some_of_both
from keras_genzoo.data.stream import in_words, reduced
from keras_genzoo.diagnosis import (
    Probe,
    classes_covered,
    copied,
    coverage,
    descriptors,
    diversity,
    label_effect,
    label_share,
    range_of,
    thumbnails,
    translators_of,
)
from keras_genzoo.model import GenerativeModel

_PIXELS = 64 * 64 * 64
_FEWEST, _MOST = 16, 64
"""Images of an observation: as many as have some 260,000 pixels, within these bounds."""
_ORIGINALS, _BATCHES = 1024, 64
"""Training images of which samples may be copies, and the batches that are read to have them."""


class Observer:
    """Measures a model with a fixed batch.

    Args:
        model: a compiled model.
        data: the training data: a `Stream`, an array, a tuple of images and their labels or targets, or a dataset that
            can be read again.
        held_out: optional `Source` or array of images that are not trained on; fewer than 16 are not used.

    Raises:
        ValueError: the data can be read only once, hold no images, or lack the labels or targets that the model needs.
    """

    def __init__(self, model: GenerativeModel, data: Any, held_out: Source | np.ndarray | None):
        self.model = model
        height, width = model.image_shape[:2]
        self.num = max(_FEWEST, min(_MOST, _PIXELS // (height * width)))
        images: list[np.ndarray] = []
        targets: list[np.ndarray] = []
        small: list[np.ndarray] = []
        column = model.targets or _labels_of(data)
        for x, y in itertools.islice(_batches(data, model, column), _BATCHES):
            if _count(images) < self.num:
                images.append(x)
            if y is not None and (column == "label" or _count(targets) < self.num):
                targets.append(y)
            small.append(thumbnails(x))
            if _count(small) >= _ORIGINALS:
                break
        if not images:
            raise ValueError("Diagnosis: the data hold no images: give the training data.")
        self.x = np.concatenate(images)[: self.num]
        y = np.concatenate(targets) if targets else None
        self.y = None if y is None or model.targets is None else y[: self.num]
        if model.targets and self.y is None:
            raise ValueError(
                f"Diagnosis: {type(model).__name__} needs {in_words(model.targets)} for each image: give a Stream, or "
                f"a tuple (images, {model.targets}s)."
            )
        self.input = range_of(self.x)
        """Measures of the range of the training images."""
        self._real = thumbnails(self.x)
        self._originals = _rows(np.concatenate(small)[:_ORIGINALS])
        self._labels = None if y is None or column != "label" else y.ravel()[:_ORIGINALS]
        self._grid_labels, self._of_real = _grid_of(model, self.num, self._originals, self._labels)
        held_out_x, held_out_y = _some(held_out, 4 * self.num, model.targets)
        if held_out_x is not None and held_out_x.shape[1] != height:  # a stage of smaller images
            held_out_x = reduced(held_out_x, height)
            if held_out_y is not None and held_out_y.ndim == 4:
                held_out_y = reduced(held_out_y, height)
        self._held_out_small = None if held_out_x is None else _rows(thumbnails(held_out_x))
        self._held_out, self._held_out_y = (
            None if array is None else array[: len(self.x)] for array in (held_out_x, held_out_y)
        )
        if model.targets and self._held_out_y is None:
            self._held_out = None  # scores of images depend on targets that are not known of these
        self._batch = min(self.num, max(1, len(images[0]) // model.turns))
        self._probe = Probe(model, self._batch)

    def measures(self) -> dict[str, float]:
        """The measures of an observation; see `keras_genzoo.diagnosis.rules`."""
        model, samples = self.model, None
        found: dict[str, float] = {}
        if isinstance(model, Samples):
            samples = model.samples(np.arange(self.num), batch_size=self.num, **model.looking_options)
            # Until a prior is fitted, at the end, samples mean nothing; samples that are NaN show in the losses.
            if not isinstance(model, FitsPrior) and np.isfinite(samples).all():
                found |= self._of_samples(thumbnails(samples)) | self._of_labels()
        if isinstance(model, Translates):
            found |= self._of_translations(model)
        if isinstance(model, HasLatentStatistics):
            found |= self._of_latents(model.in_batches("latent_statistics", self.x, self.num))
        return found | self._probe.measure(self.x, self.y, samples, self._held_out, self._held_out_y)

    def _of_samples(self, small: np.ndarray) -> dict[str, float]:
        found: dict[str, float] = {}
        if self._probe.has_discriminator:  # else samples that are all alike show a posterior that collapsed
            of_samples, of_real = descriptors(small), descriptors(self._real)
            found = dict(zip(("spread", "nearest"), diversity(of_samples, of_real), strict=True))
            found["pixel_spread"] = diversity(_rows(small), _rows(self._real))[0]
            if len(of_real) > 5:
                found["coverage"] = coverage(of_samples, of_real)
            if self._labels is not None and len(self._labels) > 1:
                found["classes"] = classes_covered(_rows(small), self._originals, self._labels)
        if self._held_out_small is not None and len(self._originals) > 5:
            found["copied"] = copied(_rows(small), self._held_out_small, self._originals)
        return found

    def _of_translations(self, model: Translates) -> dict[str, float]:
        """The diversity of translations beside that of real images of their domain, and their distance from inputs."""
        found: dict[str, float] = {}
        assert self.y is not None  # as a translator needs it
        for direction, name in translators_of(self.model).items():
            x, real = (self.x, self.y) if direction == "ab" else (self.y, self.x)
            made = self.model.in_batches("translations_of", x, self._batch, direction=direction)
            if not np.isfinite(made).all():
                continue
            small, small_real = thumbnails(made), thumbnails(real)
            of_made, of_real = descriptors(small), descriptors(small_real)
            found |= dict(zip((f"spread.{name}", f"nearest.{name}"), diversity(of_made, of_real), strict=True))
            found[f"pixel_spread.{name}"] = diversity(_rows(small), _rows(small_real))[0]
            if len(of_real) > 5:
                found[f"coverage.{name}"] = coverage(of_made, of_real)
            if made.shape == x.shape == real.shape and (apart := float(np.abs(real - x).mean())) > 0:
                found[f"change.{name}"] = float(np.abs(made - x).mean()) / apart
        return found

    def _of_labels(self) -> dict[str, float]:
        """The effect of the label on samples, and on real images: every latent vector with every label."""
        if self._of_real is None or not isinstance(self.model, Samples):
            return {}
        count = len(self._grid_labels)
        latents = self.num // count
        indices, labels = np.repeat(np.arange(latents), count), np.tile(self._grid_labels, latents)
        options = self.model.looking_options
        made = self.model.samples(indices, batch_size=len(indices), labels=labels, **options)
        effect = label_effect(_rows(thumbnails(made)).reshape(latents, count, -1))
        return {} if effect is None else {"label_effect": effect, "label_share": self._of_real}

    def _of_latents(self, statistics: np.ndarray) -> dict[str, float]:
        """The fraction of latents that carry something, where their KL is known in nats."""
        if statistics.shape[1] < 2 or not np.isfinite(statistics).all():
            return {}
        return {"latents_in_use": float((statistics[:, 1].mean(axis=0) > CARRIES).mean())}


def _grid_of(
    model: GenerativeModel, num: int, real: np.ndarray, labels: np.ndarray | None
) -> tuple[np.ndarray, float | None]:
    """Labels, as many as half of `num` images show beside two latents at least, and their share in real images.

    The share is None if the model makes no images of chosen labels, or labels of the real ones are not known.
    """
    if not isinstance(model, Conditional) or labels is None:
        return np.zeros(0, int), None
    count = min(model.num_classes, int(num**0.5))
    chosen = np.linspace(0, model.num_classes - 1, count).astype(int)
    of_chosen = np.isin(labels, chosen)
    return chosen, label_share(real[of_chosen], labels[of_chosen])


def _labels_of(data: Any) -> str | None:
    """The column of a stream that holds the classes of its images; None if there are none."""
    return "label" if isinstance(data, Stream) and "label" in data.source[np.arange(1)] else None


def _batches(data: Any, model: GenerativeModel, column: str | None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Images x, and labels or targets y, batch by batch, of one pass; `column` is what a stream gives as y."""
    if isinstance(data, Stream):
        data = model.in_stage(data)
        size = model.turns * data.batch_size
        batches: Any = (data.batch(step * size, size, column) for step in range(data.steps(model.turns)))
    elif isinstance(data, np.ndarray) or ops.is_tensor(data):
        batches = [(data[:_ORIGINALS],)]
    elif isinstance(data, tuple):
        batches = [tuple(array[:_ORIGINALS] for array in data)]
    elif isinstance(data, keras.utils.PyDataset):
        batches = (data[index] for index in range(data.num_batches or _BATCHES))
    elif iter(data) is data:
        raise ValueError(
            "Diagnosis: the data are a generator, and what is read from it is lost to the training: give a Stream, an "
            "array or a dataset."
        )
    else:
        batches = data
    for batch in batches:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        yield ops.convert_to_numpy(x).astype("float32"), None if y is None else ops.convert_to_numpy(y)


def _some(
    held_out: Source | np.ndarray | None, most: int, targets: str | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Some held-out images as floats in [-1, 1], and their labels or targets; None if there are too few."""
    if held_out is None or len(held_out) < _FEWEST:
        return None, None
    if targets in ("target", "other") and not isinstance(held_out, np.ndarray):
        x, other = some_of_both(held_out, most)
        return (None, None) if len(x) < _FEWEST else (floats(x), None if other is None else floats(other))
    indices = np.linspace(0, len(held_out) - 1, min(most, len(held_out))).astype(int)
    found = held_out[indices]
    images, y = (found["image"], found.get(targets or "")) if isinstance(found, dict) else (np.asarray(found), None)
    return floats(images), y


def _rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _count(batches: list[np.ndarray]) -> int:
    return sum(len(batch) for batch in batches)
