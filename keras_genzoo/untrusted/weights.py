"""Files of weights and arrays: their structure is checked before any of their numbers is read.

What Keras and NumPy write takes as much memory as it takes disk. What claims to unpack to more, or points elsewhere,
was written by something else, and is refused before memory is allocated for it.
"""

import contextlib
import io
import math
import os
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import h5py  # type: ignore[import-untyped]
import numpy as np

from keras_genzoo.untrusted import strict_json
from keras_genzoo.untrusted.files import UntrustedError, check_regular, read_bytes
from keras_genzoo.untrusted.keras_config import MOST_DEPTH, check_config

MOST_OBJECTS = 100_000
"""Groups and datasets in an HDF5 file."""
MOST_GROUPS_DEEP = 64
"""Groups within groups of an HDF5 file."""
MOST_PADDING = 64 * 2**20
"""Bytes of an HDF5 file beside twice its numbers."""
MOST_JSON = 16 * 2**20
"""Bytes of the JSON in a `.keras` file."""
MOST_UNPACKED = 4 * 2**30
"""Bytes that an archive unpacks to."""

_BFLOAT16 = np.dtype("V2")  # as HDF5 keeps it
_KERAS_FILE = {"config.json", "metadata.json", "model.weights.h5"}


def check_hdf5(path: str | os.PathLike) -> None:
    """Refuses an HDF5 file unless it holds weights as Keras writes them: datasets of numbers, in groups.

    Args:
        path: the file.

    Raises:
        UntrustedError: it is damaged; it holds links, compressed, chunked, virtual or external datasets, or datasets
            of other than numbers; too many of them; or they take more memory than the file has bytes.
        OSError: it is missing, or cannot be read.
    """
    _check_hdf5(os.fspath(path), check_regular(path), path)


def _check_hdf5(file: str | BinaryIO, size: int, where: object) -> None:
    try:
        with h5py.File(file, "r") as root:
            needed = sum(_sizes(root, where))
    except (PermissionError, UntrustedError):
        raise
    except Exception as error:  # h5py raises nearly anything, as the damage lies
        raise UntrustedError(where, f"is damaged, or not an HDF5 file ({_short(error)})") from None
    if needed > size:
        raise UntrustedError(where, f"holds {needed:,} bytes of numbers, more than its own {size:,}")
    if size > MOST_PADDING + 2 * needed:
        raise UntrustedError(where, f"has {size:,} bytes, but holds only {needed:,} bytes of numbers")


def _sizes(root: h5py.File, where: object) -> Iterator[int]:
    """The bytes that each dataset takes in memory; whatever Keras does not write is refused."""
    visited: set[int] = set()
    groups: list[tuple[h5py.Group, str, int]] = [(root, f"{where}: ", 0)]
    while groups:
        group, path, depth = groups.pop()
        _check_attributes(group, path.removesuffix(": "))
        for name in group:
            here = f"{path}/{name}"
            if group.id.links.get_info(name.encode("utf-8", "surrogateescape")).type != h5py.h5l.TYPE_HARD:
                raise UntrustedError(here, "is a link, of which weights have none")
            item = group[name]
            place = h5py.h5o.get_info(item.id).addr
            if place in visited:
                raise UntrustedError(here, "is another name of an object of the file, of which weights have none")
            visited.add(place)
            if len(visited) > MOST_OBJECTS or depth > MOST_GROUPS_DEEP:
                raise UntrustedError(
                    where, f"holds more than {MOST_OBJECTS:,} objects, or groups {MOST_GROUPS_DEEP} levels deep"
                )
            if isinstance(item, h5py.Group):
                groups.append((item, here, depth + 1))
            else:
                yield _size(item, here)


def _size(dataset: Any, here: str) -> int:
    if not isinstance(dataset, h5py.Dataset):
        raise UntrustedError(here, "is neither a group nor a dataset")
    stored = dataset.id.get_create_plist()
    if stored.get_external_count():
        raise UntrustedError(here, "is a dataset whose numbers lie in another file")
    if stored.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT) or stored.get_nfilters():
        raise UntrustedError(
            here, "is a compressed, chunked or virtual dataset: Keras writes weights in one plain piece"
        )
    if dataset.dtype.kind not in "fiub" and dataset.dtype != _BFLOAT16:
        raise UntrustedError(here, f"is a dataset of {dataset.dtype}: numbers are expected")
    _check_attributes(dataset, here)
    return math.prod(dataset.shape) * dataset.dtype.itemsize


def _check_attributes(item: Any, where: object) -> None:
    """An attribute of many texts may name one long text over and over again."""
    for name in item.attrs:
        if item.attrs.get_id(name).shape != ():
            raise UntrustedError(where, f"has the attribute {name!r}, which is not a single value")


class KerasFile(NamedTuple):
    """A `.keras` file: the content of its `config.json`, and the bytes of its weights."""

    config: Any
    weights_bytes: int


def check_keras_file(path: str | os.PathLike) -> KerasFile:
    """Refuses a `.keras` file that names code of its own, unpacks to far more than itself, or holds unsound weights.

    Args:
        path: the file.

    Returns:
        A `KerasFile`.

    Raises:
        UntrustedError: it does.
        OSError: it is missing, or cannot be read.
    """
    with _opened_zip(path, path, check_regular(path)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        for name in sizes:
            written = name in _KERAS_FILE or name.startswith("assets/")
            if not written or ".." in name.split("/") or "\\" in name:
                raise UntrustedError(path, f"holds {name!r}, which Keras does not write")
        if missing := sorted(_KERAS_FILE - {"metadata.json"} - set(sizes)):
            raise UntrustedError(path, f"holds no {missing[0]}")
        for name in ("config.json", "metadata.json"):
            if sizes.get(name, 0) > MOST_JSON:
                raise UntrustedError(f"{path}: {name}", f"{sizes[name]:,} bytes; at most {MOST_JSON:,} are read")
        where = f"{path}: config.json"
        config = strict_json.parse(archive.read("config.json"), where, MOST_DEPTH)
        check_config(config, where)
        weights = io.BytesIO(archive.read("model.weights.h5"))
    size = weights.getbuffer().nbytes
    _check_hdf5(weights, size, f"{path}: model.weights.h5")
    return KerasFile(config, size)


def check_npz(path: str | os.PathLike) -> None:
    """Refuses an `.npz` file that holds anything but plain arrays, or unpacks to more than it claims.

    Args:
        path: the file.

    Raises:
        UntrustedError: it does, or it is damaged.
        OSError: it is missing, or cannot be read.
    """
    with _opened_zip(path, path, check_regular(path)) as archive:
        _check_arrays(archive, path)


def read_npz(path: str | os.PathLike, most: int, follow: bool = True) -> dict[str, np.ndarray]:
    """Reads the arrays of an `.npz` file.

    Args:
        path: the file.
        most: integer, the largest size in bytes, packed and unpacked.
        follow: bool, whether it may be a link.

    Raises:
        UntrustedError: it is not a regular file, is larger, is damaged, or holds anything but plain arrays.
        OSError: it is missing, or cannot be read.
    """
    content = read_bytes(path, most, follow)
    with _opened_zip(io.BytesIO(content), path, len(content), most) as archive:
        _check_arrays(archive, path)
        # The checksums of the archive are compared on the way.
        return {
            info.filename.removesuffix(".npy"): np.load(io.BytesIO(archive.read(info)), allow_pickle=False)
            for info in archive.infolist()
        }


def _check_arrays(archive: zipfile.ZipFile, where: object) -> None:
    for info in archive.infolist():
        here = f"{where}: {info.filename}"
        if not info.filename.endswith(".npy"):
            raise UntrustedError(here, "is not an array")
        with archive.open(info) as file:
            shape, _, dtype = _NPY_HEADERS[np.lib.format.read_magic(file)](file)
        if dtype.hasobject:
            raise UntrustedError(here, "holds pickled objects, which are code, and code of strangers is not run")
        if math.prod(shape) * dtype.itemsize > info.file_size:
            raise UntrustedError(here, f"claims an array of shape {shape}, but has {info.file_size:,} bytes")


_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@contextlib.contextmanager
def _opened_zip(
    file: str | os.PathLike | BinaryIO, where: object, size: int, most: int | None = None
) -> Iterator[zipfile.ZipFile]:
    """An archive of bounded size, as Keras and NumPy write it; any error while it is read means that it is damaged.

    Its members are not compressed: those that are may unpack to more than they say.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            for info in infos:
                if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
                    raise UntrustedError(
                        f"{where}: {info.filename}", "is compressed, as Keras and NumPy write no file: save it anew"
                    )
            unpacked = sum(info.file_size for info in infos)
            most = min(MOST_UNPACKED, size) if most is None else most
            if unpacked > most:
                raise UntrustedError(
                    where, f"{size:,} bytes that unpack to {unpacked:,}; at most {most:,} are unpacked"
                )
            if len({info.filename for info in infos}) < len(infos):
                raise UntrustedError(where, "holds two files of one name")
            yield archive
    except (PermissionError, UntrustedError):
        raise
    except Exception as error:  # zipfile, zlib, and NumPy, which reads headers by Python's own tokenizer
        raise UntrustedError(where, f"is damaged, or not an archive ({_short(error)})") from None


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
