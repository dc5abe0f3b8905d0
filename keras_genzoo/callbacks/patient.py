"""What a `Diagnosis` looks at: a model, with the same few images and latents each time."""

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo.callbacks.latents import CARRIES
from keras_genzoo.data import Source, Stream
from keras_genzoo.diagnosis import Probe, classes_met, copied, coverage, descriptors, diversity, range_of, thumbnails
from keras_genzoo.images import from_pixels
from keras_genzoo.model import GenerativeModel

_PIXELS = 64 * 64 * 64
_FEWEST, _MOST = 16, 64
"""Images of a look: as many as have some 260,000 pixels, within these bounds."""
_ORIGINALS, _BATCHES = 1024, 64
"""Training images of which samples may be copies, and the batches that are read to have them."""


class Patient:
    """A model under observation.

    Args:
        model: a compiled model.
        data: what it is trained on: a `Stream`, an array, a tuple of images and what the model is told of them, or a
            dataset that can be read again.
        held_out: optional `Source` or array of images that it is not trained on; fewer than 16 are not looked at.

    Raises:
        ValueError: the data can be read only once, hold no images, or lack what the model is told of them.
    """

    def __init__(self, model: GenerativeModel, data: Any, held_out: Source | np.ndarray | None):
        self.model = model
        height, width = model.image_shape[:2]
        self.num = max(_FEWEST, min(_MOST, _PIXELS // (height * width)))
        images: list[np.ndarray] = []
        known: list[np.ndarray] = []
        small: list[np.ndarray] = []
        asked = model.targets or _labels_of(data)
        for x, y in itertools.islice(_batches(data, model, asked), _BATCHES):
            if _count(images) < self.num:
                images.append(x)
            if y is not None and (asked == "label" or _count(known) < self.num):
                known.append(y)
            small.append(thumbnails(x))
            if _count(small) >= _ORIGINALS:
                break
        if not images:
            raise ValueError("Diagnosis: the data hold no images: give what is trained on.")
        self.x = np.concatenate(images)[: self.num]
        y = np.concatenate(known) if known else None
        self.y = None if y is None or model.targets is None else y[: self.num]
        if model.targets and self.y is None:
            raise ValueError(
                f"Diagnosis: {type(model).__name__} needs a {model.targets} for each image: give a Stream, or a tuple "
                "of images and of those."
            )
        self.input = range_of(self.x)
        """Facts about what the model is given."""
        self._real = thumbnails(self.x)
        self._originals = _rows(np.concatenate(small)[:_ORIGINALS])
        self._labels = None if y is None or asked != "label" else y.ravel()[:_ORIGINALS]
        unseen, unseen_y = _some(held_out, 4 * self.num, model.targets)
        self._unseen_small = None if unseen is None else _rows(thumbnails(unseen))
        self._unseen, self._unseen_y = (None if one is None else one[: len(self.x)] for one in (unseen, unseen_y))
        if model.targets and self._unseen_y is None:
            self._unseen = None  # what is to be said of an image depends on what is not known of it
        self._probe = Probe(model, min(self.num, max(1, len(images[0]) // model.turns)))

    def measures(self) -> dict[str, float]:
        """The measures of a look; see `keras_genzoo.diagnosis.rules`."""
        model = self.model
        found: dict[str, float] = {}
        samples = model.in_batches("sample", np.arange(self.num), self.num, np.uint32(0))
        # Without a prior, samples tell nothing before the last epoch; and not-a-number is told by the losses.
        if getattr(model, "has_prior", True) and np.isfinite(samples).all():
            found |= self._of_samples(thumbnails(samples))
        if hasattr(model, "latent_statistics"):
            found |= self._of_latents(model.in_batches("latent_statistics", self.x, self.num))
        return found | self._probe.measure(self.x, self.y, samples, self._unseen, self._unseen_y)

    def _of_samples(self, small: np.ndarray) -> dict[str, float]:
        found: dict[str, float] = {}
        if self._probe.has_opponent:  # else samples that are all alike show a posterior that collapsed
            of_samples, of_real = descriptors(small), descriptors(self._real)
            found = dict(zip(("spread", "nearest"), diversity(of_samples, of_real), strict=True))
            found["pixel_spread"] = diversity(_rows(small), _rows(self._real))[0]
            if len(of_real) > 5:
                found["coverage"] = coverage(of_samples, of_real)
            if self._labels is not None and len(self._labels) > 1:
                found["classes"] = classes_met(_rows(small), self._originals, self._labels)
        if self._unseen_small is not None and len(self._originals) > 5:
            found["copied"] = copied(_rows(small), self._unseen_small, self._originals)
        return found

    def _of_latents(self, statistics: np.ndarray) -> dict[str, float]:
        """The share of latents that carry something, where their KL is known in nats."""
        if statistics.shape[1] < 2 or not np.isfinite(statistics).all():
            return {}
        return {"latents_in_use": float((statistics[:, 1].mean(axis=0) > CARRIES).mean())}


def _labels_of(data: Any) -> str | None:
    """What to ask a stream for, to have the classes of its images: nothing, if they have none."""
    return "label" if isinstance(data, Stream) and "label" in data.source[np.arange(1)] else None


def _batches(data: Any, model: GenerativeModel, asked: str | None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """What a model is given, or a stream is asked for, as x and y, batch by batch, of one pass."""
    if isinstance(data, Stream):
        size = model.turns * data.batch_size
        batches: Any = (data.batch(step * size, size, asked) for step in range(data.steps(model.turns)))
    elif isinstance(data, np.ndarray) or ops.is_tensor(data):
        batches = [(data[:_ORIGINALS],)]
    elif isinstance(data, tuple):
        batches = [tuple(one[:_ORIGINALS] for one in data)]
    elif isinstance(data, keras.utils.PyDataset):
        batches = (data[index] for index in range(data.num_batches or _BATCHES))
    elif iter(data) is data:
        raise ValueError(
            "Diagnosis: the data are a generator, and what is read of it is lost to the training: give a Stream, an "
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
    """Some held-out images, as a model is given them, and what it is told of them; None if they are too few."""
    if held_out is None or len(held_out) < _FEWEST:
        return None, None
    indices = np.linspace(0, len(held_out) - 1, min(most, len(held_out))).astype(int)
    found = held_out[indices]
    images, y = (found["image"], found.get(targets or "")) if isinstance(found, dict) else (np.asarray(found), None)
    return from_pixels(images) if images.dtype == np.uint8 else images.astype("float32"), y


def _rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _count(batches: list[np.ndarray]) -> int:
    return sum(len(batch) for batch in batches)
