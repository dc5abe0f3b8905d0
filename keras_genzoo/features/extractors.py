"""Feature extractors by name: Inception as published, Keras' own, any Keras model, and two for tests.

`fid` is the name of a distance in the features of the published Inception network alone; the names of numbers measured
with another extractor end with that extractor's name.
"""

import contextlib
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo import counter_rng, images
from keras_genzoo.features import resize
from keras_genzoo.features.extractor import Extractor, ExtractorError, NetworkExtractor
from keras_genzoo.features.inception import SIZE
from keras_genzoo.features.inception_weights import Origin, WeightsError, default_place, how_to_get, load_inception
from keras_genzoo.files import sha256_of
from keras_genzoo.networks.budget import at_most, unallocated
from keras_genzoo.networks.building import channels_last
from keras_genzoo.registry import Registry, did_you_mean
from keras_genzoo.untrusted import KerasFile, UntrustedError, check_keras_file

__all__ = ["EXTRACTORS", "Extractor", "ExtractorError", "NetworkExtractor", "load_extractor"]

Tensor = Any

MOST_FEATURES = 2**14
"""Numbers of a feature vector: a covariance of them takes 2 GiB."""
MOST_PIXELS = 4096
"""Along a side of the images that a network takes."""
MOST_PARAMETERS = 500_000_000
"""Of a network in a `.keras` file, one that this package builds included."""


class InceptionExtractor(NetworkExtractor):
    """The published Inception network, the one whose Fréchet distance is called FID.

    Reference:
        Heusel et al. 2017, arXiv:1706.08500; with `resize="clean"`, Parmar et al. 2022, arXiv:2104.11222.

    Args:
        network: `keras.Model`, the network with its weights, see `inception_weights.load_inception`.
        origin: `Origin` of the weights. Others than the published ones give an extractor named `inception_other`,
            whose numbers are not called FID.
        method: string, "legacy" or "clean": how images are resized to 299 x 299.
        batch_size: integer, see `NetworkExtractor`.
    """

    def __init__(self, network: keras.Model, origin: Origin, method: str = "legacy", batch_size: int = 32):
        self.suffix = "" if method == "legacy" else f"_{method}"
        self.published = origin.published
        super().__init__(
            f"inception{'' if origin.published else '_other'}{self.suffix}",
            network,
            lambda pixels: _resized(pixels, SIZE, SIZE, 3, method),
            batch_size,
            weights_sha256=origin.source_sha256,
            resize=f"{method} to {SIZE} x {SIZE}: {resize.METHODS[method]}",
            layer="pool_3",
        )

    def metric_name(self, base: str) -> str:
        """As the field calls it: `fid`, `fid_infinity`, `kid`, or `base` itself; `_clean` is added for clean-fid's."""
        return f"{FIELD_NAMES.get(base, base)}{self.suffix}" if self.published else super().metric_name(base)


class ImageNetExtractor(NetworkExtractor):
    """`keras.applications.InceptionV3`: near to FID's network and not it, so its name is added to FID's.

    Args:
        network: `keras.Model`, from pixels scaled to [-1, 1] to features (n, 2048).
        batch_size: integer, see `NetworkExtractor`.
    """

    def __init__(self, network: keras.Model, batch_size: int = 32):
        super().__init__(
            "keras_imagenet",
            network,
            lambda pixels: images.from_pixels(_resized(pixels, SIZE, SIZE, 3, "clean"), xp=ops),
            batch_size,
            resize=f"clean to {SIZE} x {SIZE}: {resize.METHODS['clean']}",
            layer="avg_pool",
        )

    def metric_name(self, base: str) -> str:
        """`fid_keras_imagenet`, and so on."""
        return f"{FIELD_NAMES.get(base, base)}_{self.name}"


FIELD_NAMES = {"frechet": "fid", "frechet_infinity": "fid_infinity", "kernel": "kid"}
"""The field's names for distances in the features of Inception."""
EXTRACTORS: Registry[Callable[..., Extractor]] = Registry("feature extractor")


def load_extractor(features: str, inception_weights: str | os.PathLike | None = None) -> Extractor:
    """The feature extractor of a name or a path.

    Args:
        features: string: a name in `EXTRACTORS`; the path of a `.keras` model, whose output is taken, or `PATH:LAYER`
            for the output of one of its layers; or a folder that `genzoo classifier` made.
        inception_weights: optional path of the Inception weights, for the extractors that need them.

    Returns:
        An `Extractor`.

    Raises:
        ExtractorError: there is no such extractor, or its weights are not there.

    Example:
        >>> load_extractor("pixels")(np.zeros((2, 64, 64, 3), "uint8")).shape
        (2, 768)
    """
    path, _, layer = features.rpartition(":") if re.search(r"\.keras:[^/\\]+$", features) else (features, "", "")
    if path.endswith(".keras"):
        return keras_model(path, layer or None)
    if features in EXTRACTORS:
        make = EXTRACTORS[features]
        return make(inception_weights) if features.startswith("inception") else make()
    if (Path(features) / "classifier.json").is_file():
        from keras_genzoo.features.classifier import load_classifier

        return load_classifier(features)
    raise ExtractorError(
        f"there is no feature extractor {features!r}: expected one of {', '.join(EXTRACTORS)}, a .keras file, "
        f"or a folder made by `genzoo classifier`; {did_you_mean(features, EXTRACTORS)}"
    )


@EXTRACTORS.register("inception")
def inception(inception_weights: str | os.PathLike | None = None, method: str = "legacy") -> Extractor:
    """The network of FID, images resized as its own code does; see `load_extractor` for where weights are sought.

    Args:
        inception_weights: optional path; otherwise `$GENZOO_INCEPTION_WEIGHTS`, or where `genzoo convert-inception`
            puts them.
        method: string, how images are resized: "legacy" or "clean".

    Raises:
        ExtractorError: the weights are not there, or are not sound.
    """
    path = Path(inception_weights or os.environ.get("GENZOO_INCEPTION_WEIGHTS") or default_place()).expanduser()
    try:
        return InceptionExtractor(*load_inception(path), method)
    except FileNotFoundError:
        raise ExtractorError(f"there are no Inception weights at {path}: {how_to_get()}") from None
    except WeightsError as error:
        raise ExtractorError(str(error)) from error


@EXTRACTORS.register("inception_clean")
def inception_clean(inception_weights: str | os.PathLike | None = None) -> Extractor:
    """The network of FID, images resized as clean-fid does."""
    return inception(inception_weights, method="clean")


@EXTRACTORS.register("keras_imagenet")
@channels_last()
def keras_imagenet() -> Extractor:
    """`keras.applications.InceptionV3` on ImageNet, which Keras downloads; images are resized as clean-fid does.

    Raises:
        ExtractorError: the weights are neither on the disk nor to be had.
    """
    name = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"  # as Keras finds its home
    with _float32_policy():
        try:
            network = keras.applications.InceptionV3(include_top=False, pooling="avg", weights="imagenet")
        except Exception as error:  # of urllib, ssl or h5py, as the network fails
            raise ExtractorError(
                f"the weights of keras.applications.InceptionV3 cannot be had ({' '.join(str(error).split())[:120]}): "
                f"put {name}, from https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/, "
                f"into {folder}."
            ) from error
    return ImageNetExtractor(network)


@EXTRACTORS.register("pixels")
@channels_last()
def pixels() -> Extractor:
    """The mean colors of a grid of 16 x 16 boxes, on 0..1: for testing a pipeline, not for comparing images."""
    inputs = keras.Input((16, 16, 3), dtype="float32")
    network = keras.Model(inputs, keras.layers.Flatten(dtype="float32")(inputs))
    how = f"box to 16 x 16: {resize.METHODS['box']}"
    return NetworkExtractor("pixels", network, lambda x: _resized(x, 16, 16, 3, "box") / 255.0, 256, resize=how)


@EXTRACTORS.register("random")
@channels_last()
def random() -> Extractor:
    """A small convolutional network with random weights, always the same: for testing a pipeline, logits included."""
    x = inputs = keras.Input((32, 32, 3), dtype="float32")
    for filters in (32, 64, 128):
        x = keras.layers.Conv2D(filters, 3, 2, "same", activation="relu", use_bias=False, dtype="float32")(x)
    features = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
    logits = keras.layers.Dense(10, use_bias=False, dtype="float32")(features)
    network = keras.Model(inputs, [features, logits])
    for number, weight in enumerate(network.weights):
        fan_in = int(np.prod(weight.shape[:-1]))
        values = counter_rng.normal(0, np.arange(weight.shape[-1]), fan_in, stream=number).T * np.sqrt(2.0 / fan_in)
        weight.assign(values.reshape(weight.shape))
    return NetworkExtractor(
        "random",
        network,
        lambda pixels: images.from_pixels(_resized(pixels, 32, 32, 3, "bilinear"), xp=ops),
        256,
        resize=f"bilinear to 32 x 32: {resize.METHODS['bilinear']}",
    )


def keras_model(path: str | os.PathLike, layer: str | None = None) -> Extractor:
    """Any Keras model as an extractor: it gets images in [-1, 1], resized (bilinear, antialiased) to its input.

    Args:
        path: path of a `.keras` file; it is opened in safe mode.
        layer: optional string, the layer whose output is taken, averaged over space if it is a feature map; the
            model's output by default.

    Returns:
        An `Extractor` named as the file is.

    Raises:
        ExtractorError: there is no such file or layer, or the model takes no images.
    """
    path = Path(path)
    if not path.is_file():
        raise ExtractorError(f"there is no file {path}: a .keras model is expected.")
    try:
        found = check_keras_file(path)
        sha256 = sha256_of(path)
        with at_most(MOST_PARAMETERS):
            _check_size(path, found)
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (UntrustedError, ExtractorError) as error:
        raise ExtractorError(str(error)) from error
    except Exception as error:  # a damaged or foreign file makes Keras raise anything
        raise ExtractorError(f"{path} cannot be loaded by Keras: {' '.join(str(error).split())[:200]}") from error
    network = _features_of(model, path, layer)
    height, width, channels = network.input_shape[1:]
    name = re.sub("[^a-z0-9]+", "_", path.stem.lower()).strip("_")
    taken = name in EXTRACTORS or name in ("", "clean", "inception_other", "inception_other_clean")

    def prepare(pixels: Tensor) -> Tensor:
        to = (height or pixels.shape[1], width or pixels.shape[2])
        return images.from_pixels(_resized(pixels, *to, channels, "bilinear"), xp=ops)

    size = f"{height or 'any'} x {width or 'any'}"
    how = f"bilinear to {size}: {resize.METHODS['bilinear']}"
    chosen = layer or "output"
    return NetworkExtractor(
        f"{name}_file" if taken else name, network, prepare, weights_sha256=sha256, resize=how, layer=chosen
    )


def _check_size(path: Path, found: KerasFile) -> None:
    """Refuses a description of more weights than the file brings, before they get any memory.

    Raises:
        ExtractorError: it has.
    """
    with unallocated(keep=False):
        model = keras.saving.deserialize_keras_object({**found.config, "compile_config": None}, safe_mode=True)
        needed = sum(math.prod(variable.shape) * _width(variable.dtype) for variable in model.variables)
    if needed > found.weights_bytes:
        raise ExtractorError(
            f"{path} describes {needed:,} bytes of weights, but brings only {found.weights_bytes:,}: get it again."
        )


def _width(dtype: str) -> int:
    """Bytes of a number of this type; NumPy lacks some of Keras' types."""
    bits = re.search(r"\d+", dtype)
    return max(1, int(bits[0]) // 8) if bits else 1


@channels_last()
def _features_of(model: keras.Model, path: Path, layer: str | None) -> keras.Model:
    """The Functional model from images to one vector each, in float32."""
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[-1] not in (1, 3):
        raise ExtractorError(f"{path}: expected a Functional model of one input (n, height, width, 1 or 3).")
    if max(side or 1 for side in inputs[0].shape[1:3]) > MOST_PIXELS:
        raise ExtractorError(
            f"{path} takes images of shape {inputs[0].shape[1:]}; at most {MOST_PIXELS:,} pixels a side."
        )
    names = [member.name for member in model.layers]
    if layer is not None and layer not in names:
        raise ExtractorError(f"{path} has no layer {layer!r}: {did_you_mean(layer, names)}")
    for member in model._flatten_layers():  # those of nested models too
        member.dtype_policy = keras.DTypePolicy("float32")
    x = model.get_layer(layer).output if layer else model.outputs[0]
    if isinstance(x, list | tuple) or len(x.shape) not in (2, 4) or None in x.shape[-1:]:
        raise ExtractorError(f"{path}: expected features (n, d) or a map (n, height, width, d): name another layer.")
    size = x.shape[-1]
    if size > MOST_FEATURES:
        raise ExtractorError(
            f"{path} gives {size:,} features an image, at most {MOST_FEATURES:,} can be measured: name another layer."
        )
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
    return keras.Model(inputs[0], x)


def _resized(pixels: Tensor, height: int, width: int, channels: int, method: str) -> Tensor:
    """Pixels of a network's size and channels: grey is repeated; color becomes grey by its mean."""
    if pixels.shape[-1] > channels:
        pixels = ops.mean(pixels, axis=-1, keepdims=True)
    x = resize.resize(pixels, height, width, method)
    return ops.repeat(x, channels, axis=-1) if x.shape[-1] < channels else x


@contextlib.contextmanager
def _float32_policy() -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
