"""Folders decoded once: a uint8 array in a cache directory, memory-mapped ever after.

An entry is an `.npy` of the pixels and a `.json` of what was found, both named by the key: the digest of the files'
names, sizes and times and of the preparation. Both are written aside, flushed to the disk and renamed, pixels first.
"""

import contextlib
import errno
import hashlib
import io
import itertools
import json
import math
import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import PIL
from filelock import FileLock

from keras_genzoo.data.decode import PREPARATION, Half, decode_all, height_width, shorter_side
from keras_genzoo.files import sha256, staged, write_text
from keras_genzoo.untrusted import opened, strict_json

_MOST_RECORD, _MOST_OF_A_FILE = 2**20, 2**12  # bytes: it names every file that is broken or small


class Prepared(NamedTuple):
    """A folder's images and what was found while decoding them.

    `images` is uint8 of shape (n, height, width, channels), the files of use in the order of their names. `record`
    holds `broken` (name -> why) and `tiny` (name -> (width, height)) of those left out, `small` (name -> (width,
    height)) of those enlarged, `several` (names of files with more pictures than the first), `sha256` of the pixels,
    and the `preparation` and `pillow` version that made them; of a part of a folder also `sides` (name -> (width,
    height)).
    """

    images: np.ndarray
    record: dict[str, Any]


def cache_folder(cache: str | None = None) -> Path:
    """Returns the folder of prepared images: `cache`, else `$GENZOO_CACHE`, else the user's cache directory."""
    if chosen := cache or os.environ.get("GENZOO_CACHE"):
        return Path(chosen).expanduser()
    windows = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    return Path(os.environ.get("XDG_CACHE_HOME") or windows or Path.home() / ".cache") / "keras_genzoo"


def prepare(
    root: Path,
    names: Sequence[str],
    size: int | tuple[int, int],
    channels: int,
    cache: str | None = None,
    least: int = 1,
    half: Half = "",
    part: str = "",
) -> Prepared:
    """Decodes and resizes the files of a folder, or maps what an earlier call made of them.

    Args:
        root: the folder.
        names: the files' names, relative to `root`.
        size: integer, pixels along each side of the prepared images, or their (height, width).
        channels: 1 or 3.
        cache: optional path of the cache directory, see `cache_folder`. If it cannot be written, there
            is a warning, and the images are kept in memory.
        least: integer, pixels; images with a shorter side below it are left out.
        half: the half of each file that is an image, see `decode`.
        part: string, the name of a part of the folder, which has an entry of its own beside those of other parts.

    Returns:
        A `Prepared`; what is left out is in its record, and no error.
    """
    folder, stem, key = _place(root, names, size, channels, cache, least, half, part)
    entry = folder / f"{stem}-{key[:16]}"
    shape = (len(names), *height_width(size), channels)

    def decode(take: Callable) -> dict[str, Any]:
        return _decode(root, names, size, channels, least, half, part, take)

    try:
        if found := _load(entry, key, shape):
            return found
        folder.mkdir(parents=True, exist_ok=True)
        lock = folder / f"{stem}.lock"
        if lock.is_symlink():
            raise OSError(errno.ELOOP, f"{lock} is a link")
        with FileLock(lock):  # a second process waits here, and finds the entry made
            if found := _load(entry, key, shape):
                return found
            _sweep(folder, f"{stem}-")
            if shutil.disk_usage(folder).free < math.prod(shape):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            _store(entry, key, root, shape, decode)
            if found := _load(entry, key, shape):
                return found
    except (OSError, NotImplementedError) as error:  # the latter: a file system without locks
        warnings.warn(
            f"{folder}: {getattr(error, 'strerror', None) or error}, so the images of {root.name}/ stay in memory and "
            "will be decoded again next time: set GENZOO_CACHE to a folder with "
            f"{math.ceil(math.prod(shape) / 2**20):,} MiB free.",
            stacklevel=4,
        )
    images, rows = np.empty(shape, np.uint8), itertools.count()
    record = decode(lambda image: images.__setitem__(next(rows), image))
    return Prepared(images[: next(rows)], record)


def prepared_before(
    root: Path,
    names: Sequence[str],
    size: int | tuple[int, int],
    channels: int,
    cache: str | None = None,
    least: int = 1,
    half: Half = "",
    part: str = "",
) -> Prepared | None:
    """Maps what an earlier call of `prepare` has made; None if there is nothing. Nothing is written."""
    folder, stem, key = _place(root, names, size, channels, cache, least, half, part)
    return _load(folder / f"{stem}-{key[:16]}", key, (len(names), *height_width(size), channels))


def _place(
    root: Path,
    names: Sequence[str],
    size: int | tuple[int, int],
    channels: int,
    cache: str | None,
    least: int,
    half: Half,
    part: str,
) -> tuple[Path, str, str]:
    """The folder of an entry, how the names of all entries of these images begin, and the key of this one."""
    which = f"\0{half}\0{part}".encode() if half or part else b""
    place = sha256(os.fsencode(root.resolve()) + which)[:8]
    sides = size if isinstance(size, int) else "x".join(map(str, size))
    stem = f"{re.sub('[^A-Za-z0-9_-]+', '_', root.name)[:40]}-{sides}x{channels}-{place}"
    files = []
    for name in names:
        try:
            status = (root / name).stat()
            files.append((name, status.st_size, status.st_mtime_ns))
        except OSError:
            files.append((name, -1, -1))
    identity = [PREPARATION, str(root.resolve()), size, channels, least, files, *([half, part] if which else [])]
    return cache_folder(cache), stem, sha256(json.dumps(identity))


def _decode(
    root: Path,
    names: Sequence[str],
    size: int | tuple[int, int],
    channels: int,
    least: int,
    half: Half,
    part: str,
    take: Callable,
) -> dict[str, Any]:
    """Hands every image of use to `take`, in order; returns the record."""
    pixels = hashlib.sha256()
    broken: dict[str, str] = {}
    tiny: dict[str, tuple[int, int]] = {}
    small: dict[str, tuple[int, int]] = {}
    sides: dict[str, tuple[int, int]] = {}
    several: list[str] = []
    for name, decoded in zip(names, decode_all(root, names, size, channels, half), strict=True):
        if decoded.image is None:
            broken[name] = decoded.broken
            continue
        shorter = shorter_side(decoded.sides, size)
        if shorter < least:
            tiny[name] = decoded.sides
            continue
        if shorter < min(height_width(size)):
            small[name] = decoded.sides
        if part:
            sides[name] = decoded.sides
        if decoded.several:
            several.append(name)
        image = np.ascontiguousarray(decoded.image)
        pixels.update(image.data)
        take(image)
    found = {"broken": broken, "tiny": tiny, "small": small, "several": several, "sha256": pixels.hexdigest()}
    more = {"sides": sides} if part else {}
    return found | more | {"preparation": PREPARATION, "pillow": PIL.__version__}


def _store(
    entry: Path, key: str, root: Path, shape: tuple[int, ...], decode: Callable[[Callable], dict[str, Any]]
) -> None:
    with staged(entry.with_name(f"{entry.name}.npy")) as unfinished, unfinished.open("w+b") as file:
        # Plain writes: on a full disk they raise, where a write through a memory map kills the process.
        _header(file, shape)
        record = decode(file.write)
        file.seek(0)
        _header(file, (shape[0] - _left_out(record), *shape[1:]))  # NumPy leaves room for the first axis
    record = record | {"key": key, "folder": os.path.abspath(root)}  # the latter for people
    write_text(entry.with_name(f"{entry.name}.json"), json.dumps(record))


def _left_out(record: dict[str, Any]) -> int:
    return len(record["broken"]) + len(record["tiny"])


def _header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _load(entry: Path, key: str, shape: tuple[int, ...]) -> Prepared | None:
    """The entry, or None where it is missing, damaged or of other files; links are not followed."""
    place, most = entry.with_name(f"{entry.name}.json"), _MOST_RECORD + _MOST_OF_A_FILE * shape[0]
    try:
        record = strict_json.read(place, most, follow=False)
        if not _is_sound(record, key):
            return None
        # The header is compared, not parsed: it can be no other than the one that was written.
        expected, header = (shape[0] - _left_out(record), *shape[1:]), io.BytesIO()
        _header(header, expected)
        start, pixels = header.tell(), entry.with_name(f"{entry.name}.npy")
        with opened(pixels, follow=False) as file:
            size = os.fstat(file.fileno()).st_size
            if file.read(start) == header.getvalue() and size == start + math.prod(expected):
                with contextlib.suppress(OSError):  # in a cache that can only be read
                    os.utime(pixels, follow_symlinks=False)  # `genzoo cache` says when it was used
                return Prepared(np.memmap(file, np.uint8, "r", start, expected), record)
    except (OSError, ValueError):
        pass
    return None


def _is_sound(record: Any, key: str) -> bool:
    """Whether a record has what `_decode` writes. Names of files need not be Unicode."""
    if not isinstance(record, dict) or record.get("key") != key or record.get("preparation") != PREPARATION:
        return False
    broken, several = record.get("broken"), record.get("several")
    return (
        isinstance(broken, dict)
        and all(isinstance(why, str) for why in broken.values())
        and isinstance(several, list)
        and all(isinstance(name, str) for name in several)
        and _are_sides(record.get("small"))
        and _are_sides(record.get("tiny"))
        and _are_sides(record.get("sides", {}))
        and isinstance(record.get("pillow"), str)
        and re.fullmatch("[0-9a-f]{64}", str(record.get("sha256"))) is not None
    )


def _are_sides(sizes: Any) -> bool:
    return isinstance(sizes, dict) and all(
        isinstance(sides, list) and [type(side) for side in sides] == [int, int] for sides in sizes.values()
    )


def _sweep(folder: Path, prefix: str) -> None:
    """Removes entries made of earlier states of a folder, what is damaged, and what killed processes left."""
    for path in folder.iterdir():
        # A dot begins the names of files that are being written.
        if not path.name.removeprefix(".").startswith(prefix):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):  # Windows keeps what a process has mapped
                path.unlink()
