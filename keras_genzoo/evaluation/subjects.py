"""Subjects: what can be measured. Whatever it is, it gives image number i of a seed, the same in every batch."""

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
from keras_genzoo.capabilities import Samples
from keras_genzoo.data import Source
from keras_genzoo.export import was_exported
from keras_genzoo.features.extractor import digest_of
from keras_genzoo.model import GenerativeModel
from keras_genzoo.untrusted.saved_model import ForeignModelError, look_through
from keras_genzoo.version import __version__


class EvaluationError(ValueError):
    """Something cannot be measured as asked; the message is one line and says what to do."""


class Subject:
    """What is measured: images addressed by their number, and where there is one, the model that makes them.

    Args:
        name: string, what messages and tables call it.
        image_shape: (height, width, channels) of its images.
        count: integer, how many images there are; None if they can be made without end.
        model: optional `GenerativeModel`, for what is measured on models: losses, reconstructions, likelihoods.
        options: optional mapping, by which options its images are made; a part of the protocol.
    """

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

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        """Images number `start` to `stop - 1` of a seed, uint8 of shape (n, height, width, channels)."""
        raise NotImplementedError

    @property
    def reconstructs(self) -> bool:
        """Whether it has `reconstruct`."""
        return False

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """What it makes of images, uint8 both."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """What it is, so that its images are known again: a dictionary that JSON has words for."""
        raise NotImplementedError


class ModelSubject(Subject):
    """A model in memory.

    Args:
        model: a built `GenerativeModel`.
        name: string, what tables call it.
        batch_size: integer, how many images are made at a time; their content does not depend on it.
        options: optional mapping, options of the model's `sample`, such as truncation.
    """

    def __init__(
        self, model: GenerativeModel, name: str, batch_size: int = 64, options: Mapping[str, Any] | None = None
    ):
        super().__init__(name, model.image_shape, model=model, options=options)
        self._model = model
        self.batch_size = batch_size

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        if not isinstance(self._model, Samples):
            raise EvaluationError(f"{self.name} is a {type(self._model).__name__}, which makes no images of noise.")
        indices = np.arange(start, stop)
        return self._pixels(self._model.samples(indices, seed, self.batch_size, **self.options))

    @property
    def reconstructs(self) -> bool:
        return hasattr(self._model, "reconstruct")

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        floats = images.as_floats(x, self.image_shape, f"{self.name}.reconstruct")
        return self._pixels(self._model.in_batches("call", floats, self.batch_size))

    def _pixels(self, made: np.ndarray) -> np.ndarray:
        """What the model made as uint8; NaN, which would become black, is refused."""
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
            **({"options": self.options} if self.options else {}),
            "version": __version__,  # of the code that makes images of weights
        }


class SavedModelSubject(Subject):
    """A SavedModel that answers to `sample(indices, seed)`, as `genzoo export` writes it.

    One that has only `generate(num, seed)` is asked for fixed lots of images, each with a seed of its own, so that
    its images too do not depend on how many are made at a time.

    A SavedModel is a program. Before it is loaded its graph is looked through (see `foreign`), and one that was not
    written by `genzoo export` is warned of.

    Args:
        path: the folder.
        batch_size: integer, how many images are made at a time.
        trust: bool, whether to load it without a look, whatever its graph does.

    Raises:
        EvaluationError: it cannot be loaded, can reach files or other programs, or answers to neither.
    """

    LOT = 64

    def __init__(self, path: str | os.PathLike, batch_size: int = 64, trust: bool = False):
        import tensorflow as tf

        self.path = Path(path)
        try:
            looked_at = None if trust else look_through(self.path)
        except ForeignModelError as error:
            raise EvaluationError(str(error)) from error
        if not was_exported(self.path):
            warnings.warn(
                f"'{self.path}' was not written by genzoo export, or was changed since, and a SavedModel is a program: "
                + (
                    f"its {looked_at} can reach no files and no network, but may take time and memory without limit."
                    if looked_at
                    else "it is loaded without a look, and may read and write any file of yours."
                ),
                stacklevel=2,
            )
        try:
            self._loaded = tf.saved_model.load(str(self.path))
        except Exception as error:  # a damaged SavedModel fails in many ways
            reason = " ".join(str(error).split())[:200]
            raise EvaluationError(f"'{self.path}' cannot be loaded as a SavedModel: {reason}") from error
        if not any(callable(getattr(self._loaded, name, None)) for name in ("sample", "generate")):
            raise EvaluationError(
                f"'{self.path}' is a SavedModel without the endpoint generate(num, seed), so it makes no images: write "
                "one by `genzoo export RUN --output DIR`."
            )
        self.batch_size = batch_size
        example = self._answer("the first image", functools.partial(self._made, 0, 1, 0))
        if example.dtype != np.uint8 or example.ndim != 4 or len(example) != 1:
            raise EvaluationError(
                f"'{self.path}' gave {example.dtype} of shape {example.shape} when asked for one image, expected uint8 "
                "of shape (1, height, width, channels)."
            )
        super().__init__(self.path.name, example.shape[1:])

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        parts = []
        for first in range(start, stop, self.batch_size):
            last = min(first + self.batch_size, stop)
            parts.append(
                self._answer(f"images {first} to {last - 1}", functools.partial(self._made, first, last, seed))
            )
        return np.concatenate(parts)

    def _made(self, start: int, stop: int, seed: int) -> np.ndarray:
        import tensorflow as tf

        if callable(getattr(self._loaded, "sample", None)):
            # Filled up, so that one shape is traced and the sum of a row does not depend on its batch.
            indices = np.minimum(np.arange(start, start + self.batch_size), stop - 1).astype("int32")
            return self._loaded.sample(tf.constant(indices), tf.constant(seed, "int64")).numpy()[: stop - start]
        lots = range(start // self.LOT, -(-stop // self.LOT))
        seeds = [np.random.SeedSequence([seed, lot]).generate_state(1)[0] for lot in lots]  # no two seeds share a lot
        made = [self._loaded.generate(self.LOT, tf.constant(one, "int64")).numpy() for one in seeds]
        first = lots[0] * self.LOT
        return np.concatenate(made)[start - first : stop - first]

    @property
    def reconstructs(self) -> bool:
        return callable(getattr(self._loaded, "reconstruct", None))

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        parts = range(0, len(x), self.batch_size)
        answers = [
            self._answer("reconstructions", lambda part=x[at : at + self.batch_size]: self._loaded.reconstruct(part))
            for at in parts
        ]
        return np.concatenate([np.asarray(answer) for answer in answers])

    def _answer(self, what: str, ask: Any) -> Any:
        try:
            return ask()
        except Exception as error:  # whatever TensorFlow raises inside a graph of somebody else
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
    """Images that are there already, such as a folder of somebody's samples, or other real images as a floor.

    Args:
        source: the images.
        kind: string, what the record calls it.
    """

    def __init__(self, source: Source, kind: str = "images"):
        super().__init__(source.name, source.image_shape, count=len(source))
        self.source = source
        self.kind = kind

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        order = counter_rng.permutation(seed, 0, len(self.source))  # a part is fair
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
    x = source[indices]["image"]
    return x if x.dtype == np.uint8 else images.to_pixels(x)
