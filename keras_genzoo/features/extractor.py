"""Extractor: a function from images to the feature vectors that distances of sets of images are taken of.

A number means nothing without the extractor that it was measured with, so every extractor has a `protocol`, and is a
part of the names of metrics.
"""

import abc
import contextlib
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo import backend

Tensor = Any


class ExtractorError(ValueError):
    """Features cannot be computed as requested; the message is one line and says what to do."""


class Extractor(abc.ABC):
    """A function from images to feature vectors, with the protocol that its numbers need.

    Subclass it for an extractor of your own and define `outputs`; for a Keras network take `NetworkExtractor`.

    Args:
        name: string, lowercase letters, digits and underscores; it ends up in the names of metrics.
        dim: integer, the length of a feature vector.
        classes: optional integer, the number of logits; None if the extractor has none.
        facts: JSON-able values of `protocol` besides the name, such as `weights_sha256`, `resize`, `layer`.
    """

    class_names: tuple[str, ...] | None = None
    """The names of the classes, where they are known."""

    def __init__(self, name: str, dim: int, classes: int | None = None, **facts: Any):
        self.name, self.dim, self.classes = name, dim, classes
        self._facts = facts

    @abc.abstractmethod
    def outputs(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features and logits (None without classes), float32, of sound images."""

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Feature vectors.

        Args:
            images: uint8 array of shape (n, height, width, channels), channels 1 or 3, any n.

        Returns:
            float32 array of shape (n, dim).

        Raises:
            ExtractorError: the images have another dtype or shape.
        """
        return self.outputs(self._checked(images))[0]

    def with_logits(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Feature vectors and logits, in one pass; arguments and errors as for a call.

        Returns:
            float32 arrays of shapes (n, dim) and (n, classes).

        Raises:
            ExtractorError: the extractor has no classes.
        """
        features, logits = self.outputs(self._checked(images))
        if logits is None:
            raise ExtractorError(f"the extractor '{self.name}' has no classes, so it gives features without logits.")
        return features, logits

    def protocol(self) -> dict[str, Any]:
        """The values that two numbers must have in common to be compared: extractor, weights, resize, layer, dtype."""
        return {"extractor": self.name, **self._facts, "dtype": "float32"}

    def metric_name(self, base: str) -> str:
        """The name of a metric of these features: `<base>_<extractor>`.

        Args:
            base: string, such as "frechet", "frechet_infinity", "kernel", "precision".
        """
        return f"{base}_{self.name}"

    def _checked(self, images: np.ndarray) -> np.ndarray:
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape[1:3]:
            raise ExtractorError(
                f"extractor '{self.name}': got images of dtype {images.dtype} and shape {images.shape}, expected uint8 "
                "of shape (n, height, width, 1 or 3): keras_genzoo.images.to_pixels makes them of floats in [-1, 1]."
            )
        return images


def digest_of(model: keras.Model) -> str:
    """The SHA-256 of a model's weights, in hexadecimal digits."""
    content = hashlib.sha256()
    for weight in model.get_weights():
        content.update(repr(weight.shape).encode())
        content.update(np.ascontiguousarray(weight).data)
    return content.hexdigest()


class NetworkExtractor(Extractor):
    """An extractor that is a Keras network, run in batches of one shape.

    Args:
        name: string, see `Extractor`.
        network: `keras.Model` from prepared images to features (n, dim), or to a list of features and logits.
        prepare: function of float32 pixels (n, height, width, channels) in 0..255 that gives the network's input;
            written in `keras.ops`.
        batch_size: integer, images that pass the network at once; the last batch is filled up.
        facts: see `Extractor`; without `weights_sha256`, that of the network's weights is taken.
    """

    def __init__(
        self, name: str, network: keras.Model, prepare: Callable[[Tensor], Tensor], batch_size: int = 32, **facts: Any
    ):
        if (
            facts.get("weights_sha256") is None
        ):  # else two networks of the same name would have the same protocol and cache
            facts["weights_sha256"] = digest_of(network)
        shapes = [output.shape for output in network.outputs]
        super().__init__(name, shapes[0][-1], shapes[1][-1] if len(shapes) > 1 else None, **facts)
        self.network, self.prepare, self.batch_size = network, prepare, batch_size
        self._run = backend.compiled(lambda x: network(x, training=False), network)

    def outputs(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features and logits of any number of images."""
        features = np.empty((len(images), self.dim), "float32")
        logits = None if self.classes is None else np.empty((len(images), self.classes), "float32")
        with _full_float32():
            for first in range(0, len(images), self.batch_size):
                batch = images[first : first + self.batch_size]
                filled = np.zeros((self.batch_size, *images.shape[1:]), "float32")
                filled[: len(batch)] = batch
                found = self._run(self.prepare(ops.convert_to_tensor(filled)))
                for rows, values in zip(
                    (features, logits), found if isinstance(found, list) else [found], strict=False
                ):
                    rows[first : first + len(batch)] = ops.convert_to_numpy(values)[: len(batch)]  # type: ignore[index]
        return features, logits


@contextlib.contextmanager
def _full_float32() -> Iterator[None]:
    """Products of float32 in full: by default recent GPUs round the factors to 10 bits, on either backend."""
    if backend.NAME == "jax":
        import jax

        with jax.default_matmul_precision("highest"):
            yield
        return
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
