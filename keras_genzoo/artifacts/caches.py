"""The cache on this machine: prepared images, features and weights that were made or converted, listed and removed."""

import contextlib
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from keras_genzoo.data.prepared import cache_folder
from keras_genzoo.files import RunError
from keras_genzoo.registry import did_you_mean
from keras_genzoo.untrusted import UntrustedError, read_bytes

# What `data.prepared`, `features.cache` and `features.inception_weights` write; a dot begins what is not finished.
_IMAGES = re.compile(r"\.?((.+-(?:\d+x){1,2}[13]-[0-9a-f]{8})-[0-9a-f]{16})\.(npy|json)(\.\d+\.part)?")
_FEATURES = re.compile(r".+-[0-9a-f]{16}")
_OF_FEATURES = re.compile(r"\.?(key\.json|\d{8}-\d{8}\.(npz|damaged))(\.\d+\.part)?")
# A pretrained model: what using it takes, its run folder's files, and what was measured of it.
_PRETRAINED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*@\d+-[0-9a-f]{16}")
_OF_PRETRAINED = re.compile(
    r"(inference\.npz|classifier\.weights\.h5|(classifier|card|config|environment)\.json|metric-\w+\.jsonl)|\..+\.part"
)
_WEIGHTS = re.compile(r"\.?(inception-[0-9-]+\.weights\.h5)(\.\d+\.part)?")
_MOST_RECORD = 2**30


class Cached(NamedTuple):
    """An entry of the cache.

    Args:
        name: string, unique in the cache.
        kind: "images", "features", "weights" or "pretrained".
        files: its files.
        size: integer, bytes.
        unused: float, seconds since it was last used.
        about: string, the folder of images it was made of, where that is known.
    """

    name: str
    kind: str
    files: tuple[Path, ...]
    size: int
    unused: float
    about: str = ""


def list_cache(cache: str | None = None) -> list[Cached]:
    """Lists what is in the cache, the largest first; other files in its folder are no part of it.

    Args:
        cache: optional path of the cache directory; by default `$GENZOO_CACHE` or the user's cache directory.

    Example:
        >>> sum(entry.size for entry in list_cache())
    """
    folder = cache_folder(cache)
    found: dict[tuple[str, str], list[Path]] = {}
    for path in _files(folder):
        for kind, pattern in (("images", _IMAGES), ("weights", _WEIGHTS)):
            if match := pattern.fullmatch(path.name):
                found.setdefault((kind, match[1]), []).append(path)
    for entry in _folders(folder / "features"):
        files = [path for path in _files(entry) if _OF_FEATURES.fullmatch(path.name)]
        if _FEATURES.fullmatch(entry.name) and files:
            found["features", entry.name] = files
    for entry in _folders(folder / "pretrained"):
        files = [path for path in _files(entry) if _OF_PRETRAINED.fullmatch(path.name)]
        if _PRETRAINED.fullmatch(entry.name) and files:
            found["pretrained", entry.name] = files
    entries = [_entry(kind, name, files) for (kind, name), files in found.items()]
    return sorted(entries, key=lambda entry: (-entry.size, entry.name))


def remove_cached(names: Iterable[str] | None = None, cache: str | None = None) -> tuple[list[Cached], list[Cached]]:
    """Removes entries of the cache; trainings and evaluations make them anew when they need them.

    A link in the cache is removed, not what it leads to. Images that are being prepared are left, and a process that
    reads prepared images keeps what it has.

    Args:
        names: names of entries, as `list_cache` gives them, or the beginnings of such names; None for all.
        cache: as for `list_cache`.

    Returns:
        The entries that were removed, and those that could not be.

    Raises:
        RunError: a name is of no entry, or of several; nothing is removed.

    Example:
        >>> remove_cached(["photos-64x3"])
    """
    entries = list_cache(cache)
    chosen = entries if names is None else list({_named(name, entries): None for name in names})
    removed: list[Cached] = []
    left: list[Cached] = []
    for entry in chosen:
        (removed if _remove(entry, cache_folder(cache)) else left).append(entry)
    return removed, left


def _named(name: str, entries: list[Cached]) -> Cached:
    matching = [entry for entry in entries if entry.name == name] or [
        entry for entry in entries if name and entry.name.startswith(name)
    ]
    if len(matching) != 1:
        what = f"{len(matching)} entries begin with '{name}'" if matching else f"no entry is called '{name}'"
        near = "give more of the name" if matching else did_you_mean(name, [entry.name for entry in entries])
        raise RunError(f"cache: {what}: {near} (genzoo cache lists them).")
    return matching[0]


def _remove(entry: Cached, folder: Path) -> bool:
    """Removes the files of an entry; False if another process is making it, or the system refuses."""
    lock: contextlib.AbstractContextManager = contextlib.nullcontext()
    if entry.kind == "images" and (match := _IMAGES.fullmatch(entry.files[0].name)):
        lock = FileLock(folder / f"{match[2]}.lock", timeout=0)
    try:
        with lock:
            for path in entry.files:
                path.unlink(missing_ok=True)
            if entry.kind in ("features", "pretrained"):
                with contextlib.suppress(OSError):  # what else somebody has put there stays
                    entry.files[0].parent.rmdir()
    except (Timeout, OSError, NotImplementedError):
        return False
    return True


def _entry(kind: str, name: str, files: list[Path]) -> Cached:
    states = [path.lstat() for path in files]
    about = ""
    if kind == "images":
        with contextlib.suppress(StopIteration, OSError, UntrustedError, ValueError, AttributeError):
            record = next(path for path in files if path.name == f"{name}.json")
            about = str(json.loads(read_bytes(record, _MOST_RECORD)).get("folder") or "")
    used = max(state.st_mtime for state in states)
    return Cached(name, kind, tuple(files), sum(state.st_size for state in states), max(0, time.time() - used), about)


def _files(folder: Path) -> list[Path]:
    """The files in a folder, links among them."""
    return [path for path in _inside(folder) if path.is_symlink() or path.is_file()]


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, but for links."""
    return [path for path in _inside(folder) if path.is_dir() and not path.is_symlink()]


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
