"""Measurements: what metrics are computed from, taken of a subject and of real images once, when it is first needed."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_genzoo import backend, metrics
from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.capabilities import Corrupts
from keras_genzoo.data import Source, Stream
from keras_genzoo.evaluation.subjects import EvaluationError, Subject, pixels_of
from keras_genzoo.features.cache import FeatureCache, Features, PerImage, Watch, extract, unwatched
from keras_genzoo.features.extractors import Extractor
from keras_genzoo.features.stacked import StackedExtractor
from keras_genzoo.fitting import VALIDATION_SEED
from keras_genzoo.metrics.image_quality import WINDOW
from keras_genzoo.metrics.likelihood import likelihood_protocol
from keras_genzoo.model import GenerativeModel

MOST_ENCODED = 10_000
"""Real images that are encoded, evenly spread over all of them: as many as Locatello et al. (2019) took."""
AT_ONCE = 256
"""Images that are read at a time."""
_NO_SETTINGS = {"name", "dtype", "ema_momentum", "ema_half_life"}  # arguments of models that no loss depends on

Values = dict[str, tuple[float | None, dict[str, Any]]]
"""From the names of numbers to their values and protocols."""


class Reference(NamedTuple):
    """The real images that a subject is measured against.

    Args:
        source: the images.
        split: string, their part of the dataset: "held_out", "train" or "all".
        train: optional source, the images that the subject was trained on.
        inputs: optional source, the images that a translator translates, where its translations are compared with
            others than the partners of these; those of `source` by default.
    """

    source: Source
    split: str
    train: Source | None = None
    inputs: Source | None = None

    def protocol(self) -> dict[str, Any]:
        """The part of a protocol that names these images."""
        return {**self.source.manifest(), "count": len(self.source), "split": self.split}


class Encoded(NamedTuple):
    """Latents of real images (n, latent_dim), and of their factors those that vary (n, f), with their names."""

    latents: np.ndarray
    factors: np.ndarray
    factor_names: tuple[str, ...]


class Measurements:
    """A subject beside real images.

    Args:
        subject: a `Subject`.
        reference: the real images.
        extractor: optional `Extractor`; metrics of features need one.
        num: integer, images of the subject that metrics of samples are taken of; by default all there are, and 10,000
            of a subject that makes them.
        seed: integer, of the subject's images and of every draw.
        batch_size: integer, images in a batch of the losses.
        watch: context manager that shows progress.
        cache: optional folder for features; the user's cache directory by default.
        keep: bool, whether the features of the subject are kept there too, as those of real images are.

    Raises:
        EvaluationError: the subject does not have `num` images, or images of another shape.
    """

    k_manifold, k_density = 3, 5
    """Neighbors of precision and recall, and of density and coverage."""
    suffix = ""
    """The end of the names of numbers, of a direction of a translator."""
    pairs: Reference | None = None
    """The images that a translator translates, and their targets."""

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
        try:
            self.num = (subject.count or 10_000) if num is None else integer_in(num, 1, None, "Evaluation: num")
            self.batch_size = integer_in(batch_size, 1, None, "Evaluation: batch_size")
            self.seed = integer_in(seed, 0, SEEDS, "Evaluation: seed")
        except ValueError as error:
            raise EvaluationError(str(error)) from None
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
        stacks = getattr(reference.source, "stacks", None)
        self.extractor = StackedExtractor(extractor, stacks) if extractor and stacks else extractor
        self.watch = watch
        self.cache = cache
        self.keep = keep

    # Features

    def features_of(self, source: Source, what: str) -> Features:
        """The features of all images of a source, from the cache if they are in it."""
        return FeatureCache(
            self.needed_extractor,
            lambda start, stop: pixels_of(source, np.arange(start, stop)),
            len(source),
            {"data": source.manifest(), "count": len(source)},
            what,
            self.cache,
        ).load(self.watch)

    @functools.cached_property
    def real(self) -> Features:
        """Features of the real images."""
        return self.features_of(self.reference.source, f"features of {len(self.reference.source):,} real images")

    @functools.cached_property
    def train(self) -> Features:
        """Features of the training images."""
        if self.reference.train is None:
            raise EvaluationError(f"it is not known what {self.subject.name} was trained on.")
        return self.features_of(self.reference.train, f"features of {len(self.reference.train):,} training images")

    @functools.cached_property
    def generated(self) -> Features:
        """Features of the subject's images."""
        what = f"features of {self.num:,} images of {self.subject.name}"

        def images(start: int, stop: int) -> np.ndarray:
            return self.subject.images(start, stop, self.seed)

        if not self.keep:
            with self.watch(what, self.num) as advance:
                return extract(self.needed_extractor, images, 0, self.num, what, advance)
        key = {"subject": self.subject.identity(), "seed": self.seed, **self._options}
        return FeatureCache(self.needed_extractor, images, self.num, key, what, self.cache).load(self.watch)

    @property
    def logits(self) -> np.ndarray:
        """Class logits of the subject's images."""
        if self.generated.logits is None:
            raise EvaluationError(f"{self.needed_extractor.name} gives no class probabilities: name a classifier.")
        return self.generated.logits

    def generated_protocol(self, count: int) -> dict[str, Any]:
        """The part of a protocol about the images that were made."""
        return {"count": count, "pixels": "uint8", **self._options}

    @property
    def _options(self) -> dict[str, Any]:
        return {"options": self.subject.sampling} if self.subject.sampling else {}

    @property
    def needed_extractor(self) -> Extractor:
        """The extractor.

        Raises:
            EvaluationError: there is none.
        """
        if self.extractor is None:
            raise EvaluationError("metrics of features need an extractor: name one by --features.")
        return self.extractor

    def feature_values(self, value: float, base: str, **protocol: Any) -> Values:
        """A value of features, named after the extractor, with the protocol that all such values have in common."""
        extractor = self.needed_extractor
        return {
            extractor.metric_name(base): (
                float(value),
                {
                    "features": extractor.protocol(),
                    "real": self.reference.protocol(),
                    "generated": self.generated_protocol(self.num),
                    **protocol,
                },
            )
        }

    @contextlib.contextmanager
    def computing(self, what: str) -> Iterator[None]:
        """Shows that something is computed which may take minutes, of many features."""
        with self.watch(what, 1) as advance:
            yield
            advance(1)

    @functools.cached_property
    def real_manifold(self) -> metrics.Manifold:
        """The neighbors of the real images, computed once for precision and recall, density and coverage."""
        features = self.real.features
        with self.computing("neighbors of the real images"):
            return metrics.Manifold(features, max(self.k_manifold, self.k_density))

    @functools.cached_property
    def precision_recall(self) -> tuple[float, float]:
        """Precision and recall."""
        real, generated = self.real_manifold, self.generated.features
        with self.computing("precision and recall"):
            return metrics.precision_recall(real, generated, k=self.k_manifold)

    @functools.cached_property
    def density_coverage(self) -> tuple[float, float]:
        """Density and coverage."""
        real, generated = self.real_manifold, self.generated.features
        with self.computing("density and coverage"):
            return metrics.density_coverage(real, generated, k=self.k_density)

    # Reconstructions

    @functools.cached_property
    def reconstruction_quality(self) -> dict[str, np.ndarray]:
        """MSE, PSNR and SSIM of each real image and its reconstruction; a model that denoises is given noisy images."""
        model = self.subject.model
        noisy = model if isinstance(model, Corrupts) else None
        functions = {"mse": metrics.mse, "psnr": metrics.psnr}
        if min(self.subject.image_shape[:2]) >= WINDOW:
            functions["ssim"] = metrics.ssim
        found: dict[str, list[np.ndarray]] = {name: [] for name in functions}
        source = self.reference.source
        with self.watch(f"reconstructions of {len(source):,} real images", len(source)) as advance:
            for first in range(0, len(source), AT_ONCE):
                x = pixels_of(source, np.arange(first, min(first + AT_ONCE, len(source))))
                y = self.subject.reconstruct(noisy.corrupt(x, self.seed, first) if noisy else x)
                for name, function in functions.items():
                    found[name].append(function(x, y))
                advance(len(x))
        return {name: np.concatenate(values) for name, values in found.items()}

    def quality(self, name: str, mean: str) -> Values:
        """The mean of a measure of reconstructions.

        Args:
            name: string, a key of `reconstruction_quality`.
            mean: string, what the mean is over, for the protocol.
        """
        protocol: dict[str, Any] = {"real": self.reference.protocol(), "pixels": "0..1", "mean": mean}
        model = self.subject.model
        if isinstance(model, Corrupts):
            protocol["corruption"] = {"kind": model.corruption, "amount": model.amount, "seed": self.seed}
        return mean_value(name, self.reconstruction_quality[name], protocol)

    # Latents

    @functools.cached_property
    def encoded(self) -> Encoded:
        """Latents and factors of the real images."""
        model, source = self.needed_model, self.reference.source
        count = min(len(source), MOST_ENCODED)
        indices = np.linspace(0, len(source) - 1, count).astype(int)
        latents, factors = [], []
        with self.watch(f"latents of {count:,} real images", count) as advance:
            for first in range(0, count, AT_ONCE):
                examples = source[indices[first : first + AT_ONCE]]
                # In conditional models the codes of labels go with the latents.
                z = model.encode(examples["image"])
                latents.append(z[0] if isinstance(z, tuple) else z)
                factors.append(examples.get("factors", np.zeros((len(latents[-1]), 0))))
                advance(len(latents[-1]))
        found = np.concatenate(factors)
        varies = np.ptp(found, axis=0) > 0
        names = np.array(source.factor_names or (), str)[varies]
        return Encoded(np.concatenate(latents), found[:, varies], tuple(map(str, names)))

    def latent_values(self, values: dict[str, float], **protocol: Any) -> Values:
        """Values of latents, with the protocol that all such values have in common."""
        shared: dict[str, Any] = {"real": self.reference.protocol(), "latents": "without noise"}
        if (count := len(self.encoded.latents)) < len(self.reference.source):
            shared["images"] = count
        return {name: (value, {**shared, **protocol}) for name, value in values.items()}

    def factor_values(self, values: dict[str, float], **protocol: Any) -> Values:
        """Values of latents beside factors, whose names the protocol has."""
        return self.latent_values(values, factors=", ".join(self.encoded.factor_names), **protocol)

    # Losses and likelihoods

    @property
    def needed_model(self) -> GenerativeModel:
        """The subject's model.

        Raises:
            EvaluationError: it has none.
        """
        if self.subject.model is None:
            raise EvaluationError(f"{self.subject.name} is no run, so it has no model to measure.")
        return self.subject.model

    def losses(self) -> Values:
        """The losses of the model on the real images, as `model.evaluate` returns them."""
        model, source = self.needed_model, self.reference.source
        size = min(self.batch_size, len(source))
        with self.watch(f"losses on {len(source):,} real images", len(source)) as advance:
            stream, shown = Stream(source, size, shuffle=False), _Batches(advance, size, len(source))
            logs = model.evaluate(stream, return_dict=True, verbose=0, callbacks=[shown])
        # Losses of other models, or with other weights of their terms, are other quantities.
        settings = {
            name: value
            for name, value in model.get_config().items()
            if name not in _NO_SETTINGS and not isinstance(getattr(model, name, None), keras.Model)
        }
        protocol = {
            "real": self.reference.protocol(),
            "batch_size": size,
            "precision": model.dtype_policy.name,
            "loss": {"model": type(model).__name__, **settings},
        }
        if noise := _noise_of(model):
            protocol["noise"] = noise
        return {f"val_{name}": (float(logs[name]), protocol) for name in model.logs}

    def likelihood(self, name: str, function: Callable[..., np.ndarray], draws: int) -> Values:
        """The mean of a bound on the log-likelihood of the real images.

        Args:
            name: string, of the bound.
            function: of `keras_genzoo.metrics.likelihood`.
            draws: integer, latents drawn for each image; of an exact likelihood there is one, without noise.
        """
        model, source = self.needed_model, self.reference.source
        protocol = likelihood_protocol(model)
        draws = 1 if "exact" in protocol else protocol.pop("draws", draws)

        shown: list[Callable[[int], None]] = []

        @contextlib.contextmanager
        def in_draws(what: str, images: int) -> Iterator[Callable[[int], None]]:
            """Draws are counted: an image may take seconds."""
            with self.watch(what, images * draws) as advance:
                shown.append(advance)
                yield lambda images: None

        def of_images(indices: np.ndarray) -> np.ndarray:
            x = pixels_of(source, indices)
            return function(model, x, samples=draws, seed=self.seed, start=int(indices[0]), progress=shown[-1])

        key = {"subject": self.subject.identity(), "seed": self.seed, "data": source.manifest(), "count": len(source)}
        what = f"draws for the {name} of {len(source):,} real images"
        values = FeatureCache(PerImage(name, of_images, samples=draws), np.arange, len(source), key, what, self.cache)
        protocol = {"real": self.reference.protocol(), "samples": draws, **protocol}
        return {name: (float(values.load(in_draws).features.mean(dtype="float64")), protocol)}


def mean_value(name: str, values: np.ndarray, protocol: dict[str, Any]) -> Values:
    """The mean of a number for each image; infinite ones, of identical pairs, are left out, and counted in `notes`."""
    finite = np.isfinite(values)
    if identical := int((~finite).sum()):
        protocol = {**protocol, "notes": {"identical": identical}}
    return {name: (float(values[finite].mean()) if finite.any() else None, protocol)}


class _Batches(keras.callbacks.Callback):
    """Counts the images of a validation."""

    def __init__(self, advance: Callable[[int], None], batch_size: int, images: int):
        super().__init__()
        self.advance, self.batch_size, self.images = advance, batch_size, images

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Counts a batch; the last one may be short."""
        self.advance(min(self.batch_size, self.images - batch * self.batch_size))


def _noise_of(model: GenerativeModel) -> str | None:
    """Whose random numbers the last validation drew; None if it drew none.

    The seed is always the same, but `keras.random` makes other numbers of it on each backend, and under XLA.
    """
    if np.array_equal(ops.convert_to_numpy(model._validation_seeds.state), [VALIDATION_SEED, 0]):
        return None
    compiled = backend.NAME == "tensorflow" and model.jit_compile
    return f"drawn by {backend.NAME}{' with XLA' if compiled else ''}"
