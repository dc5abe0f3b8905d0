"""The zoo's own classifiers: small networks trained on a labeled dataset, whose features suit its images.

Inception was trained on photographs alone; features of clothes, digits or drawn faces are better taken by a network
that was trained on such images. A classifier is trained once (`genzoo classifier`) and kept as a folder with
classifier.json and the weights.
"""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.data import DataError, Source, Split, Stream
from keras_genzoo.data.drawn_faces import FACTORS
from keras_genzoo.data.source import Subset
from keras_genzoo.features.classifier_record import RECORD, SCHEMA, Head, check_name, read_record
from keras_genzoo.features.extractor import ExtractorError, NetworkExtractor
from keras_genzoo.features.resize import resize
from keras_genzoo.files import sha256_of, staged_folder, write_json
from keras_genzoo.images import to_pixels
from keras_genzoo.networks.building import channels_last
from keras_genzoo.types import ImageShape
from keras_genzoo.untrusted import UntrustedError, check_hdf5
from keras_genzoo.version import __version__

Tensor = Any

FEATURES = 128
"""The length of a feature vector."""
EPOCHS = 8
"""Enough for 91 % on Fashion-MNIST."""
LEAST_STEPS = 400
"""Train steps at least, unless the number of epochs is given: a hundred images are a single step an epoch."""
WEIGHTS = "classifier.weights.h5"
_AT_ONCE = 256


class Trained(NamedTuple):
    """A trained network, and the content of its `classifier.json`."""

    network: keras.Model
    record: dict[str, Any]


def heads_of(source: Source) -> tuple[Head, ...]:
    """Returns the heads that a source has targets for: its factors that vary, or without factors its label.

    Args:
        source: a `Source` whose examples have `factors` or `label`.

    Returns:
        A `Head` for each factor, in the order of the columns, or a single head "label".

    Raises:
        DataError: the images have neither labels of several classes nor factors that vary.
    """
    example = source[np.arange(1)]
    if "factors" in example and source.factor_names:
        drawn = FACTORS if source.factor_names == tuple(FACTORS) else {}
        columns = zip(source.factor_names, _column(source, "factors").T, strict=True)
        heads = tuple(
            Head(name, drawn[name].classes)
            if name in drawn and drawn[name].classes
            else Head(name, mean=float(values.mean()), deviation=float(values.std()))
            for name, values in columns
            if np.ptp(values) > 0
        )
    elif "label" in example:
        names = source.class_names or tuple(map(str, range(int(_column(source, "label").max()) + 1)))
        heads = (Head("label", tuple(names)),) if len(names) > 1 else ()
    else:
        heads = ()
    if not heads:
        raise DataError(
            f"classifier: {source.name} has no labels of two classes or more, nor factors, so there is nothing to "
            "learn: give each class of images a sub-folder of its own, or a labeled dataset such as fashion_mnist."
        )
    return heads


@channels_last()
def build_classifier(image_shape: ImageShape, heads: Sequence[Head], seed: int = 0) -> keras.Model:
    """A small convolutional network in float32, whatever the global policy: strided 3 x 3 convolutions, then a mean.

    Args:
        image_shape: (height, width, channels).
        heads: the properties that it predicts.
        seed: integer, of the initial weights.

    Returns:
        model from images in [-1, 1] to a row of outputs for each, head by head; its layer "features" gives the
        feature vectors (n, 128), of which the outputs, layer "heads", are a linear function.
    """
    seeds, float32 = keras.random.SeedGenerator(seed), {"dtype": "float32"}
    levels = max(1, round(math.log2(min(image_shape[:2]) / 4)))  # down to about 4 x 4
    x = inputs = keras.Input(tuple(image_shape), dtype="float32", name="images")
    for level in range(levels):
        filters, init = FEATURES >> min(2, levels - 1 - level), keras.initializers.HeNormal(seeds)
        x = layers.Conv2D(filters, 3, 2, padding="same", use_bias=False, kernel_initializer=init, **float32)(x)
        x = layers.ReLU(**float32)(layers.BatchNormalization(momentum=0.9, **float32)(x))
    x = layers.GlobalAveragePooling2D(name="features", **float32)(x)
    init = keras.initializers.GlorotUniform(seeds)
    width = sum(head.width for head in heads)
    return keras.Model(inputs, layers.Dense(width, kernel_initializer=init, name="heads", **float32)(x))


def epochs_of(images: int, batch_size: int) -> int:
    """Returns how many epochs a classifier of so many images is trained for, if nothing is said."""
    return max(EPOCHS, -(-LEAST_STEPS // max(1, images // batch_size)))


def train_classifier(
    split: Split,
    name: str,
    epochs: int | None = None,
    seed: int = 0,
    batch_size: int = 128,
    augment: Iterable[str] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Trained:
    """Trains a classifier, and measures it once on the held-out images.

    Use it where Inception's features mean little: small grey images, drawn ones, a field of your own with labels.

    Args:
        split: the sources to train on and to measure on; their examples have `label` or `factors`.
        name: string, lowercase letters, digits and underscores: part of the names of metrics.
        epochs: integer; by default 8, and of few images as many as 400 train steps take.
        seed: integer, of weights, order and augmentation.
        batch_size: integer, images a step; at most those there are.
        augment: names of augmentations that leave labels and factors true ("flip" turns digits and yaw round).
        callbacks: for `fit`.

    Returns:
        `Trained`: the network, and its record with the accuracy of each class or R^2 of each number, held out.

    Raises:
        DataError: nothing to learn, nothing held out, or fewer images than `batch_size`.

    Example:
        >>> trained = train_classifier(load_split("fashion_mnist"), "fashion_mnist_classifier")
        >>> trained.record["held_out"]["accuracy"]["label"]
        0.91
    """
    for argument, value, low, high in (
        ("epochs", 1 if epochs is None else epochs, 1, None),
        ("batch_size", batch_size, 1, None),
        ("seed", seed, 0, SEEDS),
    ):
        integer_in(value, low, high, f"train_classifier: {argument}")
    check_name(name, "train_classifier: name")
    split = Split(*map(_labeled_part, split))
    heads, augment = heads_of(split.train), tuple(augment)
    if not len(split.held_out):
        raise DataError("classifier: no images are held out, so its accuracy cannot be known: hold out some.")
    epochs = epochs or epochs_of(len(split.train), batch_size)
    stream = Stream(_Targets(split.train, heads), batch_size, seed=seed, augment=augment)
    network = build_classifier(split.train.image_shape, heads, seed)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * stream.steps())
    network.compile(keras.optimizers.Adam(rate), loss=_loss(heads), auto_scale_loss=False)
    batches, steps = stream.batches(targets="label"), stream.steps()
    network.fit(batches, steps_per_epoch=steps, epochs=epochs, callbacks=list(callbacks), shuffle=False, verbose=0)
    record = {
        "schema": SCHEMA,
        "name": name,
        "image_shape": list(split.train.image_shape),
        "heads": [head._asdict() for head in heads],
        "held_out": _quality(Classifier(network, {"name": name}, heads), split.held_out),
        "training": {"epochs": epochs, "seed": seed, "batch_size": batch_size, "augment": list(augment)},
        "data": {"train": split.train.manifest(), "held_out": split.held_out.manifest()},
        "versions": {"keras_genzoo": __version__, "keras": keras.__version__, "backend": keras.backend.backend()},
    }
    return Trained(keras.Model(network.input, network.output), record)  # without the optimizer, which would be saved


def save_classifier(trained: Trained, folder: str | os.PathLike) -> None:
    """Writes a classifier as a folder, whole or not at all; adds `weights_sha256` to its record.

    Args:
        trained: what `train_classifier` returned.
        folder: a new or an empty folder.

    Raises:
        ExtractorError: the folder holds other files.
    """
    folder = Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise ExtractorError(f"'{folder}' is not empty: choose a new or an empty folder for the classifier.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with staged_folder(folder) as unfinished:
        trained.network.save_weights(unfinished / WEIGHTS)
        record = {**trained.record, "weights_sha256": sha256_of(unfinished / WEIGHTS)}
        write_json(unfinished / RECORD, record)


def load_classifier(folder: str | os.PathLike) -> "Classifier":
    """The classifier of a folder, as an extractor of features.

    Args:
        folder: what `genzoo classifier` or `save_classifier` made.

    Returns:
        A `Classifier`; its `record` is the content of classifier.json.

    Raises:
        ExtractorError: the folder is no classifier, or its files are damaged or not of one training.

    Example:
        >>> extractor = load_classifier("runs/clothes")
        >>> features, logits = extractor.with_logits(images)
    """
    folder = Path(folder)
    for file in (RECORD, WEIGHTS):
        if not (folder / file).is_file():
            raise ExtractorError(
                f"'{folder}' is no classifier, it holds no {file}; genzoo classifier DATASET --output FOLDER makes one."
            )
    record, image_shape, heads = read_record(folder / RECORD)
    try:
        check_hdf5(folder / WEIGHTS)
    except UntrustedError as error:
        raise ExtractorError(f"{error}: train the classifier again.") from error
    found = sha256_of(folder / WEIGHTS)
    if found != record["weights_sha256"]:  # checked first: damaged weights may load without an error
        raise ExtractorError(
            f"{folder / WEIGHTS} is damaged or of another training: its SHA-256 is {found[:8]}..., but {RECORD} says "
            f"{record['weights_sha256'][:8]}...: copy both files anew, or train the classifier again."
        )
    network = build_classifier(image_shape, heads)
    try:
        network.load_weights(folder / WEIGHTS)
    except (OSError, ValueError, KeyError) as error:  # of Keras
        raise ExtractorError(f"{folder / WEIGHTS} is of another classifier than {RECORD} says.") from error
    return Classifier(network, record, heads)


class Classifier(NetworkExtractor):
    """A trained classifier as an extractor: its features, and logits if its only head is a label.

    Made by `load_classifier`. Images of another size than it was trained on are resized, bilinear with antialias; gray
    ones, given to a classifier of color, get three equal channels, as gray files did when it was trained.

    Args:
        network: as `build_classifier` builds it, trained.
        record: dictionary: `name`, and once saved `weights_sha256`.
        heads: the properties that the network predicts.
    """

    def __init__(self, network: keras.Model, record: dict[str, Any], heads: Sequence[Head]):
        self.record, self.heads = record, tuple(heads)
        height, width, self.channels = network.input_shape[1:]
        features = network.get_layer("features").output
        labeled = [head.name for head in heads] == ["label"]
        super().__init__(
            record["name"],
            keras.Model(network.input, [features, network.output] if labeled else features),
            lambda x: resize(x, height, width, "bilinear") / 127.5 - 1.0,
            _AT_ONCE,
            weights_sha256=record.get("weights_sha256"),
            resize=f"bilinear with antialias to {height} x {width}",
            layer="features: mean over space of the last convolution",
        )
        self._linear = network.get_layer("heads")
        self.class_names = tuple(heads[0].classes) if labeled else None

    def outputs(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features and logits.

        Raises:
            ExtractorError: the images are of color, and the network was trained on gray ones.
        """
        if images.shape[3] > self.channels:
            raise ExtractorError(
                f"extractor '{self.name}': got images of {images.shape[3]} channels, but it was trained on "
                f"{self.channels}: train a classifier on images like these, by --channels {images.shape[3]}."
            )
        return super().outputs(np.repeat(images, self.channels // images.shape[3], axis=3))

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Predicts the properties of images, for studies of a model's images: how often with glasses, how dark.

        Args:
            images: uint8 array of shape (n, height, width, channels).

        Returns:
            For each head an array of shape (n,): int32 class numbers, or float32 in the unit of the factor.
        """
        kernel, bias = (ops.convert_to_numpy(weight) for weight in self._linear.weights)
        outputs = self(images) @ kernel + bias
        ends = np.cumsum([head.width for head in self.heads])
        predicted = {}
        for head, part in zip(self.heads, np.split(outputs, ends[:-1], axis=1), strict=True):
            predicted[head.name] = part.argmax(axis=1).astype("int32") if head.classes else _number(head, part[:, 0])
        return predicted


def _labeled_part(source: Source) -> Source:
    """The images of a source that have a label, where some have none."""
    labels = source.labels
    return source if labels is None or (labels >= 0).all() else Subset(source, np.flatnonzero(labels >= 0))


class _Targets:
    """A source whose label is a row of numbers, one for each head, as the loss takes it."""

    class_names = labels = factor_names = other = None

    def __init__(self, source: Source, heads: Sequence[Head]):
        self.source, self.heads = source, heads
        self.image_shape, self.name, self.manifest = source.image_shape, source.name, source.manifest

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        example = self.source[indices]
        truth = _truth(self.source, example, self.heads)
        columns = [(truth[head.name] - head.mean) / head.deviation for head in self.heads]
        return {"image": example["image"], "label": np.stack(columns, axis=1).astype("float32")}


def _truth(source: Source, example: dict[str, np.ndarray], heads: Sequence[Head]) -> dict[str, np.ndarray]:
    """The true values of what `predict` returns."""
    if [head.name for head in heads] == ["label"]:
        return {"label": example["label"]}
    names = source.factor_names or ()
    return {head.name: example["factors"][:, names.index(head.name)] for head in heads}


def _number(head: Head, standardized: np.ndarray) -> np.ndarray:
    return (head.mean + head.deviation * standardized).astype("float32")


def _loss(heads: Sequence[Head]) -> Any:
    """The cross-entropy of classes, and half the squared error of standardized numbers, summed over the heads."""

    def loss(y: Tensor, outputs: Tensor) -> Tensor:
        nats, start = 0.0, 0
        for column, head in enumerate(heads):
            truth, predicted = y[:, column], outputs[:, start : start + head.width]
            start += head.width
            if head.classes:
                nats += keras.losses.sparse_categorical_crossentropy(
                    ops.cast(truth, "int32"), predicted, from_logits=True
                )
            else:
                nats += 0.5 * ops.square(truth - predicted[:, 0])
        return nats

    return loss


def _quality(classifier: Classifier, source: Source) -> dict[str, Any]:
    """The quality of a classifier: accuracy of classes, R^2 of numbers (1 is perfect, 0 is as good as the mean)."""
    truths, predictions = [], []
    for indices in _chunks(source):
        example = source[indices]
        truths.append(_truth(source, example, classifier.heads))
        x = example["image"]
        predictions.append(classifier.predict(x if x.dtype == np.uint8 else to_pixels(x)))
    result: dict[str, Any] = {"images": len(source), "accuracy": {}, "r2": {}}
    for head in classifier.heads:
        truth, predicted = (
            np.concatenate([part[head.name] for part in parts]).astype("float64") for parts in (truths, predictions)
        )
        if head.classes:
            result["accuracy"][head.name] = float(np.mean(truth == predicted))
        else:
            rest, spread = np.mean((truth - predicted) ** 2), truth.var()
            result["r2"][head.name] = float(1.0 - rest / spread) if spread else None
    return result


def _column(source: Source, key: str) -> np.ndarray:
    return np.concatenate([source[indices][key] for indices in _chunks(source)])


def _chunks(source: Source) -> Iterator[np.ndarray]:
    for first in range(0, len(source), _AT_ONCE):
        yield np.arange(first, min(first + _AT_ONCE, len(source)))
