"""The published weights of the Inception network: where they come from, and how they become ours.

Sources are the PyTorch state dict that torch-fidelity and pytorch-fid publish, one file under two names, and the
frozen TensorFlow graph it was made of. Each convolution is joined with its BatchNormalization in float64; the result
is a `.weights.h5` with the SHA-256 of the source and of the weights themselves as attributes.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from keras_genzoo.data.prepared import cache_folder
from keras_genzoo.features.inception import CLASSES, build_inception, scopes
from keras_genzoo.files import expanded, sha256, write_bytes
from keras_genzoo.saving import WeightsFile
from keras_genzoo.untrusted import UntrustedError, check_hdf5, check_regular, read_bytes
from keras_genzoo.untrusted.frozen_graph import FrozenGraphError, read_constants
from keras_genzoo.untrusted.records import Record, Sha256, checked
from keras_genzoo.untrusted.state_dict import LARGEST, StateDictError, read_state_dict

DIGITS = "6726825d"
"""The first digits of the SHA-256 of the published state dict, which its names carry."""
PUBLISHED = {
    "torch-fidelity": "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    f"weights-inception-2015-12-05-{DIGITS}.pth",
    "pytorch-fid": "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    f"pt_inception-2015-12-05-{DIGITS}.pth",
}
"""Project -> address of the same state dict."""
GRAPH = "http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz"
"""The archive with `classify_image_graph_def.pb`, of which the state dict was made."""
EPSILON = 1e-3
_FORMAT = "keras_genzoo.inception-2015-12-05"
_FOREIGN = ".pth", ".pt", ".pb"

_FROM_TORCH = {4: (2, 3, 1, 0), 2: (1, 0)}

Key = tuple[str, str]
"""A layer's name and what of it: "kernel", "gamma", "beta", "mean", "variance"; "kernel" or "bias" of "fc"."""


class WeightsError(ValueError):
    """Weights cannot be read as those of the Inception network; the message is one line."""


class _Digests(Record):
    """What converted weights say of their origin."""

    source_sha256: Sha256
    weights_sha256: Sha256


class Origin(NamedTuple):
    """Origin of weights: SHA-256 of the source and of the converted weights, and whether it is the published."""

    source_sha256: str
    weights_sha256: str
    published: bool


def default_place() -> Path:
    """The path of converted weights unless another is named."""
    return cache_folder() / "inception-2015-12-05.weights.h5"


def how_to_get() -> str:
    """The end of an error message: which file is wanted, and what to do with it."""
    return (
        f"get {PUBLISHED['torch-fidelity']} (sha256 {DIGITS}...), convert it once by `genzoo convert-inception FILE`, "
        "and the result is found by itself; or name either file by --inception-weights or GENZOO_INCEPTION_WEIGHTS."
    )


def convert(source: str | os.PathLike, output: str | os.PathLike | None = None, allow_other: bool = False) -> Origin:
    """Makes `.weights.h5` of a published file, whole or not at all.

    Args:
        source: path of the `.pth` state dict, or of TensorFlow's `classify_image_graph_def.pb`.
        output: path to write, ending in `.weights.h5`; `default_place()` if not given.
        allow_other: whether to take a file that is not the published state dict. The result remembers it, and numbers
            measured with it are not called FID.

    Returns:
        The `Origin` of the weights.

    Raises:
        WeightsError: the file is not the published one, or is not sound; `output` has another ending.
        FileNotFoundError: there is no such file.

    Example:
        >>> convert("weights-inception-2015-12-05-6726825d.pth").published
        True
    """
    output = expanded(output) if output is not None else default_place()
    if not output.name.endswith(".weights.h5"):
        raise WeightsError(f"--output {output}: the name of converted weights ends in .weights.h5.")
    network, origin = _converted(expanded(source), allow_other)
    output.parent.mkdir(parents=True, exist_ok=True)
    content = WeightsFile()
    network.save_weights(content)
    with h5py.File(content, "r+") as file:
        file.attrs.update(format=_FORMAT, **origin._asdict())
    write_bytes(output, content.getbuffer())
    return origin


def load_inception(path: str | os.PathLike) -> tuple[keras.Model, Origin]:
    """The network with its weights.

    Args:
        path: path of what `convert` wrote, or of the published `.pth` itself, which is then converted in memory.

    Returns:
        The network (see `build_inception`), and the weights' `Origin`.

    Raises:
        WeightsError: the file is not the published one, or is damaged.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    if path.suffix in _FOREIGN:
        return _converted(path, allow_other=False)
    if not path.name.endswith(".weights.h5"):
        raise WeightsError(f"{path}: expected .weights.h5 as `genzoo convert-inception` writes it, or the .pth itself.")
    try:
        if (size := check_regular(path)) > LARGEST:
            raise UntrustedError(path, f"a file of {size:,} bytes; at most {LARGEST:,} are read")
        check_hdf5(path)
    except UntrustedError as error:
        raise WeightsError(f"{path} is damaged ({error.reason}): convert the published file again.") from error
    network = build_inception()
    try:
        with h5py.File(path, "r") as file:
            attributes = dict(file.attrs)
        if attributes.get("format") != _FORMAT:
            raise WeightsError(f"{path} was not written by `genzoo convert-inception`: convert the published file.")
        network.load_weights(path)
        written = {"source_sha256": attributes["source_sha256"], "weights_sha256": attributes["weights_sha256"]}
        origin = Origin(**checked(_Digests, written, str(path)).model_dump(), published=bool(attributes["published"]))
    except (FileNotFoundError, IsADirectoryError, PermissionError, WeightsError):
        raise
    except Exception as error:  # h5py and Keras raise nearly anything, as the damage lies
        raise WeightsError(f"{path} is damaged and cannot be read: convert the published file again.") from error
    if _digest(network) != origin.weights_sha256 or origin.published != origin.source_sha256.startswith(DIGITS):
        raise WeightsError(f"{path} does not hold the weights that it was written with: convert the file again.")
    return network, origin


def _converted(source: Path, allow_other: bool) -> tuple[keras.Model, Origin]:
    """The network with the weights of a published file."""
    if source.suffix not in _FOREIGN:
        raise WeightsError(f"{source}: expected a .pth state dict, or classify_image_graph_def.pb of {GRAPH}.")
    try:
        data = read_bytes(source, LARGEST)
    except UntrustedError as error:
        raise WeightsError(f"{error}: the published file has 95 MB.") from error
    digest = sha256(data)
    published = digest.startswith(DIGITS)
    if not (published or allow_other):
        raise WeightsError(
            f"{source} has sha256 {digest[:8]}..., but the published state dict has {DIGITS}...: {how_to_get()} "
            "To take this file all the same, convert it with --allow-other-weights; its numbers are not called FID."
        )
    network = build_inception()
    read = _of_graph if source.suffix == ".pb" else _of_state_dict
    try:
        _fill(network, read(data, _due(network)))
    except (WeightsError, StateDictError, FrozenGraphError) as error:
        raise WeightsError(f"{source}: {error}") from error
    return network, Origin(digest, _digest(network), published)


def _due(network: keras.Model) -> dict[Key, tuple[int, ...]]:
    """The shapes of all arrays that a source holds, as TensorFlow lays them out."""
    due: dict[Key, tuple[int, ...]] = {}
    for layer in scopes():
        kernel = tuple(network.get_layer(layer).kernel.shape)
        due[layer, "kernel"] = kernel
        due |= {(layer, what): kernel[3:] for what in ("gamma", "beta", "mean", "variance")}
    due["fc", "kernel"] = tuple(network.get_layer("fc").kernel.shape)
    due["fc", "bias"] = (CLASSES,)
    return due


def _of_state_dict(data: bytes, due: dict[Key, tuple[int, ...]]) -> dict[Key, np.ndarray]:
    tensors = {n: array for n, array in read_state_dict(data).items() if not n.endswith(".num_batches_tracked")}
    names = {key: _in_torch(*key) for key in due}
    _complete(set(names.values()), set(tensors))
    for name, array in tensors.items():
        if array.ndim in _FROM_TORCH:
            tensors[name] = array.transpose(_FROM_TORCH[array.ndim])
    for key, name in names.items():
        _check(name, tensors[name].shape, str(tensors[name].dtype), due[key])
    return {key: tensors[name] for key, name in names.items()}


def _of_graph(data: bytes, due: dict[Key, tuple[int, ...]]) -> dict[Key, np.ndarray]:
    """The constants of TensorFlow's frozen graph, which has others besides."""
    scope = scopes()
    names = {(layer, what): _in_graph(scope.get(layer, ""), what) for layer, what in due}
    constants = read_constants(data, set(names.values()))
    _complete(set(names.values()), set(constants))
    for key, name in names.items():  # before any is unpacked
        _check(name, constants[name].shape, constants[name].dtype, due[key])
    return {key: constants[name].array() for key, name in names.items()}


def _in_torch(layer: str, what: str) -> str:
    """The name of an array in the state dict."""
    if layer == "fc":
        return {"kernel": "fc.weight", "bias": "fc.bias"}[what]
    names = {"gamma": "bn.weight", "beta": "bn.bias", "mean": "bn.running_mean", "variance": "bn.running_var"}
    return f"{layer}.{names.get(what, 'conv.weight')}"


def _in_graph(scope: str, what: str) -> str:
    """The name of an array in TensorFlow's graph."""
    if not scope:
        return {"kernel": "softmax/weights", "bias": "softmax/biases"}[what]
    names = {"gamma": "gamma", "beta": "beta", "mean": "moving_mean", "variance": "moving_variance"}
    return f"{scope}/conv2d_params" if what == "kernel" else f"{scope}/batchnorm/{names[what]}"


def _complete(wanted: set[str], found: set[str]) -> None:
    for kind, names in (("misses", sorted(wanted - found)), ("has beyond them", sorted(found - wanted))):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            listed = ", ".join(name[:80] for name in names[:3])
            raise WeightsError(f"of the {len(wanted)} arrays of the Inception network it {kind}: {listed}{more}.")


def _check(name: str, shape: tuple[int, ...], dtype: str, due: tuple[int, ...]) -> None:
    if (shape, dtype) != (due, "float32"):
        raise WeightsError(f"the array '{name}' is {dtype} of shape {shape}, expected float32 of shape {due}.")


def _fill(network: keras.Model, arrays: dict[Key, np.ndarray]) -> None:
    """Sets each layer's weights, its BatchNormalization joined with the convolution."""
    for layer in scopes():
        scale = arrays[layer, "gamma"] / np.sqrt(arrays[layer, "variance"].astype("float64") + EPSILON)
        bias = arrays[layer, "beta"] - arrays[layer, "mean"] * scale
        network.get_layer(layer).set_weights([arrays[layer, "kernel"] * scale, bias])
    network.get_layer("fc").set_weights([arrays["fc", "kernel"]])
    if not all(np.isfinite(weight).all() for weight in network.get_weights()):
        raise WeightsError("its weights are not finite: get the file again.")


def _digest(network: keras.Model) -> str:
    """The SHA-256 of the weights in the network's order, whatever file they lie in."""
    content = hashlib.sha256()
    for name in (*scopes(), "fc"):
        for array in network.get_layer(name).get_weights():
            content.update(f"{name} {array.shape}".encode() + array.astype("<f4").tobytes())
    return content.hexdigest()
