"""Probes: what the features of a trained model are worth to a classifier that has few labels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_genzoo import images as pixels
from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.capabilities import HasFeatures
from keras_genzoo.data.few_labels import few_labels
from keras_genzoo.data.source import DataError, Source, Subset
from keras_genzoo.model import GenerativeModel

METHODS = {
    "linear": "logistic regression on the model's features",
    "fine_tuned": "the model's network with a layer on top, trained further",
    "scratch": "the same network, trained from the beginning",
    "pca": "logistic regression on principal components of the pixels",
}
"""Ways to make a classifier of few labels, and what each is."""

Progress = Callable[[str], None]

_MOST_COMPONENTS = 256  # of features or pixels, which logistic regression gets
_MOST_FITTED = 10_000  # unlabeled images that components are found of
_STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # inverse weights of the penalty on the regression's coefficients
_FOLDS, _MOST_CHOSEN = 3, 2_000  # of a cross-validation among them, and labels up to which it is made
_AT_ONCE = 256


class Probed(NamedTuple):
    """The accuracy of a way to make a classifier, of one number of labels.

    Args:
        method: string, of `METHODS`.
        labels: integer, images with labels that were trained on.
        accuracies: on test images, one for each seed.
    """

    method: str
    labels: int
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(self.accuracies))

    @property
    def standard_error(self) -> float | None:
        """Of the mean, over seeds; None of a single one."""
        count = len(self.accuracies)
        return float(np.std(self.accuracies, ddof=1) / math.sqrt(count)) if count > 1 else None


@dataclass
class Probe:
    """What `probe` returns.

    Args:
        rows: a `Probed` for each method and number of labels.
        classifier: a `keras.Model` from images in [-1, 1] to the probability of each class: the fine-tuned one of most
            labels and the first seed; None if none was fine-tuned.
        test_images: integer, how many the accuracies are of.
    """

    rows: list[Probed] = field(default_factory=list)
    classifier: keras.Model | None = None
    test_images: int = 0


def probe(
    model: GenerativeModel,
    train: Source,
    test: Source,
    labels: Sequence[int | None] = (10, 100, 1000, None),
    seeds: int = 3,
    methods: Sequence[str] = tuple(METHODS),
    steps: int = 500,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    progress: Progress = lambda what: None,
) -> Probe:
    """Compares classifiers on the features of a model with the same network from scratch, and with PCA.

    Use it to see whether pre-training without labels paid. Features are what enters the last layer of the network that
    `HasFeatures` names: an encoder, or a discriminator. A seed decides on the images that have labels, as many of each
    class, and on what is random in a training. Components of features and pixels are found without labels, and the
    strength of the regression's penalty by cross-validation, where there are three labels of each class.

    Reference: linear: Alain & Bengio 2016, arXiv:1610.01644; discriminators: Radford et al. 2016, arXiv:1511.06434,
        section 5.1.

    Args:
        model: a trained model; it stays as it is.
        train: source of images with labels.
        test: source of images with the same labels.
        labels: numbers of labels, None for all.
        seeds: integer, repetitions.
        methods: keys of `METHODS`.
        steps: integer, train steps of a network, of which the learning rate falls to 0.
        batch_size: integer, images in a step, at most as many as have labels.
        learning_rate: number, of Adam.
        progress: function that is told what comes next.

    Returns:
        a `Probe`.

    Raises:
        ValueError: the model has no features of images, a method is unknown, or a number is out of range.
        DataError: images have no labels, fewer are asked for than classes, or sizes differ.

    Example:
        >>> found = probe(model, train.source, held_out.source, labels=[100, 1000])
        >>> [(row.method, row.labels, row.mean) for row in found.rows]
    """
    check_probe(model, methods)
    for name, value in (("seeds", seeds), ("steps", steps), ("batch_size", batch_size)):
        integer_in(value, 1, SEEDS, f"probe: {name}")
    for source in (train, test):
        if source.labels is None or not (source.labels >= 0).any():
            raise DataError(f"probe: {source.name} has no labels, so there is nothing to classify.")
        if tuple(source.image_shape) != tuple(model.image_shape):
            raise DataError(
                f"probe: {source.name} has images of shape {tuple(source.image_shape)}, but the model's are "
                f"{tuple(model.image_shape)}: give images of that shape."
            )
    known = Subset(train, np.flatnonzero(np.asarray(train.labels) >= 0))
    test = Subset(test, np.flatnonzero(np.asarray(test.labels) >= 0))
    classes = int(np.asarray(known.labels).max()) + 1
    counts = sorted({len(known) if count is None else count for count in labels})
    chosen = {count: [_positions(known, count, seed) for seed in range(seeds)] for count in counts}
    found = Probe(test_images=len(test))
    everywhere = sorted(set(methods) & {"linear", "pca"})
    regressions = {name: _Regressions(model, name, known, test, progress) for name in everywhere}
    for count in counts:
        for method in methods:
            accuracies = []
            for seed, positions in enumerate(chosen[count]):
                progress(f"{method}, {count:,} labels, seed {seed}")
                if method in regressions:
                    accuracies.append(regressions[method].accuracy(positions))
                    continue
                network = _classifier(model, classes, seed, pretrained=method == "fine_tuned")
                _train(network, Subset(known, positions), steps, batch_size, learning_rate, seed)
                accuracies.append(_accuracy(network, test))
                if method == "fine_tuned" and seed == 0:
                    found.classifier = network
            found.rows.append(Probed(method, count, tuple(accuracies)))
    return found


def check_probe(model: GenerativeModel, methods: Sequence[str]) -> None:
    """Checks that a model can be probed so.

    Raises:
        ValueError: it cannot; the message says why.
    """
    for method in methods:
        if method not in METHODS:
            raise ValueError(f"probe: there is no method '{method}'; there are: {', '.join(METHODS)}.")
    if not isinstance(model, HasFeatures):
        raise ValueError(
            f"probe: {type(model).__name__} has no network of features: give a model with an encoder or a "
            "discriminator."
        )
    model.feature_network()


def _positions(source: Source, count: int, seed: int) -> np.ndarray:
    """The images that keep their label."""
    if count >= len(source):
        return np.arange(len(source))
    return np.flatnonzero(few_labels(source, count, seed) >= 0)


class _Regressions:
    """Logistic regressions on components of a model's features, or of pixels."""

    def __init__(self, model: GenerativeModel, method: str, train: Source, test: Source, progress: Progress):
        from sklearn.decomposition import PCA  # type: ignore[import-untyped]

        network = model.feature_network() if method == "linear" and isinstance(model, HasFeatures) else None
        progress(f"features of {len(train) + len(test):,} images" if network else "principal components of pixels")
        parts = [_features(network, source) for source in (train, test)]
        some = parts[0][np.linspace(0, len(train) - 1, min(len(train), _MOST_FITTED)).astype(int)]
        components = min(_MOST_COMPONENTS, some.shape[1], max(1, len(some) - 1))
        reduction = PCA(components, svd_solver="randomized", random_state=0).fit(some)
        # One scale for all: components of little variance must not count as much as the first ones.
        scale = math.sqrt(reduction.explained_variance_.mean())
        self.train, self.test = (reduction.transform(part).astype("float32") / scale for part in parts)
        self.labels, self.truth = np.asarray(train.labels), np.asarray(test.labels)

    def accuracy(self, positions: np.ndarray) -> float:
        """On test images, of a regression trained on images at these positions."""
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.model_selection import GridSearchCV  # type: ignore[import-untyped]

        x, y = self.train[positions], self.labels[positions]
        estimator: Any = LogisticRegression(C=0.1, max_iter=300)
        if np.bincount(y)[np.unique(y)].min() >= _FOLDS and len(y) <= _MOST_CHOSEN:
            estimator = GridSearchCV(estimator, {"C": _STRENGTHS}, cv=_FOLDS)
        return float((estimator.fit(x, y).predict(self.test) == self.truth).mean())


def _features(network: keras.Model | None, source: Source) -> np.ndarray:
    """Features of all images of a source, or without a network their pixels, (n, size)."""
    rows = []
    for first in range(0, len(source), _AT_ONCE):
        x = _images(source, np.arange(first, min(first + _AT_ONCE, len(source))))
        made = x if network is None else network.predict_on_batch(x)
        rows.append(np.asarray(made).reshape(len(x), -1))
    return np.concatenate(rows)


def _images(source: Source, indices: np.ndarray) -> np.ndarray:
    image = source[indices]["image"]
    return pixels.from_pixels(image) if image.dtype == np.uint8 else image


def _classifier(model: GenerativeModel, classes: int, seed: int, pretrained: bool) -> keras.Model:
    """The network of a model's features with a layer on top, a copy, with the model's weights or new ones."""
    keras.utils.set_random_seed(seed)
    copy: Any = type(model).from_config(model.get_config())
    features = copy.feature_network()
    if pretrained and isinstance(model, HasFeatures):
        features.set_weights(model.feature_network().get_weights())
    outputs = keras.layers.Dense(classes, activation="softmax", dtype="float32")(features.output)
    return keras.Model(features.input, outputs, name="classifier")


def _train(network: keras.Model, source: Source, steps: int, batch_size: int, learning_rate: float, seed: int) -> None:
    """Trains a classifier on all images of a source, in batches of one size."""
    size = min(batch_size, len(source))
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", auto_scale_loss=False)
    generator = np.random.default_rng(seed)
    order = np.zeros(0, int)
    for _ in range(steps):
        while len(order) < size:
            order = np.concatenate([order, generator.permutation(len(source))])
        now, order = order[:size], order[size:]
        network.train_on_batch(_images(source, now), np.asarray(source.labels)[now])


def _accuracy(network: keras.Model, source: Source) -> float:
    """The share of images that are classified as their label says."""
    right = 0
    for first in range(0, len(source), _AT_ONCE):
        indices = np.arange(first, min(first + _AT_ONCE, len(source)))
        predicted = np.asarray(network.predict_on_batch(_images(source, indices))).argmax(axis=-1)
        right += int((predicted == np.asarray(source.labels)[indices]).sum())
    return right / len(source)
