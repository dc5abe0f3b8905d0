"""Subjects: models, exported models and sets of images to be measured: image number i of a seed is always the same."""

import functools
import hashlib
import math
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo import counter_rng, images
from keras_genzoo.capabilities import DrawsTranslations, Reconstructs, Samples, Translates
from keras_genzoo.data import Source
from keras_genzoo.evaluation.naming import EvaluationError
from keras_genzoo.export import was_exported
from keras_genzoo.features.extractor import digest_of
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import did_you_mean
from keras_genzoo.untrusted.saved_model import ForeignModelError, check_saved_model
from keras_genzoo.version import __version__


class Subject:
    """Images addressed by their number, and the model that makes them, if there is one.

    Args:
        name: string, for messages and tables.
        image_shape: (height, width, channels) of its images.
        count: integer, how many images there are; None if they can be made without end.
        model: optional `GenerativeModel`, for metrics of models: losses, reconstructions, likelihoods.
        options: optional dictionary, the sample options by which its images are made, as far as they are not defaults.
    """

    samples = True
    """bool: it has `images`."""
    reconstructs = False
    """bool: it has `reconstruct`."""
    translates = False
    """bool: it makes images of other images."""

    def __init__(
        self,
        name: str,
        image_shape: tuple[int, ...],
        count: int | None = None,
        model: GenerativeModel | None = None,
        options: Mapping[str, Any] | None = None,
    ):
        self.name = name
        self.image_shape = tuple(image_shape)
        self.count = count
        self.model = model
        self.options = dict(options or {})
        self.sampling = self.options

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        """Images number `start` to `stop - 1` of a seed, uint8 of shape (n, height, width, channels)."""
        raise NotImplementedError

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Reconstructions of images, uint8 both."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """A JSON-able dictionary that is equal only for subjects with the same images."""
        raise NotImplementedError


class ModelSubject(Subject):
    """A model in memory.

    Args:
        model: a built `GenerativeModel`.
        name: string, for messages and tables.
        batch_size: integer, how many images are made at a time; their content does not depend on it.
        options: optional dictionary, options that the model declares in `sample_options`, such as truncation.

    Raises:
        EvaluationError: the model has no such option.
    """

    def __init__(
        self, model: GenerativeModel, name: str, batch_size: int = 64, options: Mapping[str, Any] | None = None
    ):
        super().__init__(name, model.image_shape, model=model, options=_checked(model, name, options or {}))
        self._model = model
        self.sampling = model.sampling_protocol(self.options) if isinstance(model, Samples) else {}
        self.batch_size = batch_size
        self.samples = isinstance(model, Samples)
        self.reconstructs = isinstance(model, Reconstructs)
        self.translates = isinstance(model, Translates)

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        """Images number `start` to `stop - 1` of a seed.

        Raises:
            EvaluationError: the model has no samples, or makes NaN or infinity.
        """
        if not isinstance(self._model, Samples):
            raise EvaluationError(f"{self.name} makes no images of noise: {type(self._model).__name__} has no samples.")
        return self.pixels(self._model.samples(np.arange(start, stop), seed, self.batch_size, **self.options))

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        floats = images.as_floats(x, self.image_shape, f"{self.name}.reconstruct")
        return self.pixels(self._model.in_batches("reconstructions_of", floats, self.batch_size))

    def translations(self, x: np.ndarray, direction: str, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Translations in [-1, 1] of images, uint8 or floats; with noise, if the model's have it.

        Args:
            x: array of shape (n, height, width, channels).
            direction: of the model's `directions`.
            numbers: integers of shape (n,), of the images: each has noise of its own.
            seed: integer, of the noise.
        """
        model = self._model
        if not isinstance(model, Translates):
            raise EvaluationError(f"{self.name} translates no images: {type(model).__name__} is no translator.")
        floats = images.as_floats(x, model.shapes(direction)[0], f"{self.name}.translations")
        if not (isinstance(model, DrawsTranslations) and model.test_time_dropout):
            return self._model.in_batches("translations_of", floats, self.batch_size, direction=direction)
        # Noise, and statistics of a batch, depend on all of its images: each is translated alone.
        own = [np.random.SeedSequence([seed, int(number)]).generate_state(1)[0] for number in numbers]
        made = [
            self._model.in_batches("translations_of", floats[at : at + 1], 1, direction=direction, seed=word)
            for at, word in enumerate(own)
        ]
        return np.concatenate(made)

    def pixels(self, made: np.ndarray) -> np.ndarray:
        """The model's images as uint8; NaN, which would become black, is refused."""
        if not np.isfinite(made).all():
            raise EvaluationError(
                f"{self.name} makes images with NaN or infinity: its training diverged, or its numbers overflow in "
                f"{self._model.dtype_policy.name}."
            )
        return images.to_pixels(made)

    def identity(self) -> dict[str, Any]:
        """Kind, iterations, and the digest of all weights."""
        return {
            "kind": "model",
            "class": type(self._model).__name__,
            "precision": self._model.dtype_policy.name,
            "iterations": self._model.iterations,
            "weights_sha256": digest_of(self._model),
            "version": __version__,  # of the code that makes images of weights
        }


def _checked(model: GenerativeModel, name: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    declared = model.sample_options if isinstance(model, Samples) else {}
    for option in options:
        if option not in declared:
            known = did_you_mean(option, declared) if declared else "it has none"
            raise EvaluationError(f"{name} has no sample option '{option}'; {known}")
    return options


class SavedModelSubject(Subject):
    """A SavedModel with the endpoint `sample(indices, seed)`, as `genzoo export` writes it.

    If it has only `generate(num, seed)`, this is called for fixed lots of images, each with a seed of its own, so that
    images do not depend on how many are made at a time.

    A SavedModel is a program. Before it is loaded its graph is checked (see `keras_genzoo.untrusted.saved_model`), and
    there is a warning if `genzoo export` did not write it.

    Args:
        path: the folder.
        batch_size: integer, how many images are made at a time.
        trust: bool, whether to load it without that check.

    Raises:
        EvaluationError: it cannot be loaded, can reach files or other programs, or has neither endpoint.
    """

    LOT = 64

    def __init__(self, path: str | os.PathLike, batch_size: int = 64, trust: bool = False):
        import tensorflow as tf

        self.path = Path(path)
        try:
            checked = None if trust else check_saved_model(self.path)
        except ForeignModelError as error:
            raise EvaluationError(str(error)) from error
        if not was_exported(self.path):
            warnings.warn(
                f"'{self.path}' was not written by genzoo export, or was changed since, and a SavedModel is a program: "
                + (
                    f"its {checked} can reach no files and no network, but may take time and memory without limit."
                    if checked
                    else "it is loaded without a check, and may read and write any file of yours."
                ),
                stacklevel=2,
            )
        try:
            self._loaded = tf.saved_model.load(str(self.path))
        except Exception as error:  # a damaged SavedModel fails in many ways
            reason = " ".join(str(error).split())[:200]
            raise EvaluationError(f"'{self.path}' cannot be loaded as a SavedModel: {reason}") from error
        if not self._has("sample") and not self._has("generate"):
            raise EvaluationError(
                f"'{self.path}' is a SavedModel without the endpoint generate(num, seed), so it makes no images: write "
                "one by `genzoo export RUN --output DIR`."
            )
        self.batch_size = batch_size
        example = self._call("the first image", functools.partial(self._made, 0, 1, 0))
        if example.dtype != np.uint8 or example.ndim != 4 or len(example) != 1:
            raise EvaluationError(
                f"'{self.path}' gave {example.dtype} of shape {example.shape} when asked for one image, expected uint8 "
                "of shape (1, height, width, channels)."
            )
        super().__init__(self.path.name, example.shape[1:])
        self.reconstructs = self._has("reconstruct")

    def _has(self, endpoint: str) -> bool:
        return callable(getattr(self._loaded, endpoint, None))

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        parts = []
        for first in range(start, stop, self.batch_size):
            last = min(first + self.batch_size, stop)
            parts.append(self._call(f"images {first} to {last - 1}", functools.partial(self._made, first, last, seed)))
        return np.concatenate(parts)

    def _made(self, start: int, stop: int, seed: int) -> np.ndarray:
        import tensorflow as tf

        if self._has("sample"):
            # Filled up, so that one shape is traced and the sum of a row does not depend on its batch.
            indices = np.minimum(np.arange(start, start + self.batch_size), stop - 1).astype("int32")
            return self._loaded.sample(tf.constant(indices), tf.constant(seed, "int64")).numpy()[: stop - start]
        lots = range(start // self.LOT, -(-stop // self.LOT))
        seeds = [np.random.SeedSequence([seed, lot]).generate_state(1)[0] for lot in lots]  # no two seeds share a lot
        made = [self._loaded.generate(self.LOT, tf.constant(own, "int64")).numpy() for own in seeds]
        first = lots[0] * self.LOT
        return np.concatenate(made)[start - first : stop - first]

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        parts = range(0, len(x), self.batch_size)
        made = [
            self._call("reconstructions", lambda part=x[at : at + self.batch_size]: self._loaded.reconstruct(part))
            for at in parts
        ]
        return np.concatenate([np.asarray(part) for part in made])

    def _call(self, what: str, function: Any) -> Any:
        try:
            return function()
        except Exception as error:  # whatever TensorFlow raises inside a foreign graph
            reason = " ".join(str(error).split())[:200]
            raise EvaluationError(f"'{self.path}' failed when asked for {what}: {reason}") from error

    def identity(self) -> dict[str, Any]:
        """Kind, and the digest of its files."""
        content = hashlib.sha256()
        for file in sorted(self.path.rglob("*")):
            if file.is_file() and file.relative_to(self.path).parts[0] in ("saved_model.pb", "variables", "assets"):
                with file.open("rb") as opened:
                    while part := opened.read(2**20):
                        content.update(part)
        return {"kind": "saved_model", "sha256": content.hexdigest()}


class SourceSubject(Subject):
    """Images that exist already, such as a folder of samples, or other real images as a floor.

    Args:
        source: the images.
        kind: string, for the record.
    """

    def __init__(self, source: Source, kind: str = "images"):
        super().__init__(source.name, source.image_shape, count=len(source))
        self.source = source
        self.kind = kind

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        order = counter_rng.permutation(seed, 0, len(self.source))  # so that a part is a fair sample
        return pixels_of(self.source, order[start:stop])

    def identity(self) -> dict[str, Any]:
        """Kind, and the manifest of the images."""
        return {"kind": self.kind, "data": self.source.manifest()}


class NoiseSubject(Subject):
    """White noise: every grey level of every pixel is as likely. The ceiling: a model has to do better."""

    def __init__(self, image_shape: tuple[int, ...]):
        super().__init__("white noise", image_shape)

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        numbers = counter_rng.uniform(seed, np.arange(start, stop), math.prod(self.image_shape))
        return (256 * numbers).astype("uint8").reshape(-1, *self.image_shape)

    def identity(self) -> dict[str, Any]:
        """Kind and shape."""
        return {"kind": "white noise", "image_shape": list(self.image_shape)}


def pixels_of(source: Source, indices: np.ndarray) -> np.ndarray:
    """Images of a source as uint8."""
    return images.as_pixels(source[indices]["image"])
