"""Features computed once: kept in shards, so that an interrupted evaluation goes on where it stopped.

An entry is a folder named by the digest of its key (which data, how prepared, which extractor with which weights, how
many), with `key.json` and a file for each 1,024 images. Files are written aside and renamed; each carries checksums.
What is damaged is set aside and computed anew; links are never followed.
"""

import contextlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_genzoo.data.prepared import cache_folder
from keras_genzoo.features.extractors import Extractor
from keras_genzoo.files import set_aside, sha256, staged, write_json
from keras_genzoo.printable import printable
from keras_genzoo.untrusted import UntrustedError, read_npz, strict_json

SHARD = 1_024
"""Images whose features go into one file: what an interrupted evaluation loses at most."""
AT_ONCE = 256
"""Images that are in memory at a time: whole batches of every extractor."""
MOST_BYTES = 8 * 2**30
"""Bytes that the cache of features may take; beyond it, the entries unused for the longest time are removed."""
KEY = "key.json"
_OVERHEAD = 2**16  # bytes of a shard beside its numbers
_SHOWN = 200

Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows progress: `with watch(what, total) as advance: advance(images)`."""


@contextlib.contextmanager
def unwatched(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A watch that shows nothing."""
    yield lambda images: None


Images = Callable[[int, int], np.ndarray]
"""From (start, stop) to the images of these numbers, uint8 (stop - start, height, width, channels)."""


class FeatureCacheError(ValueError):
    """Features cannot be computed or kept; the message is one line and says what to do."""


class Features(NamedTuple):
    """Of n images: `features`, float32 (n, dim), and `logits`, float32 (n, classes), if the extractor has them."""

    features: np.ndarray
    logits: np.ndarray | None


class PerImage(Extractor):
    """A number for each image, such as its likelihood, kept as features are: hours of them are not to be lost.

    Args:
        name: string, what the number is.
        function: from the numbers of the images, integers of shape (n,), to floats of shape (n,).
        facts: what else decides over it, as JSON has it.
    """

    def __init__(self, name: str, function: Callable[[np.ndarray], np.ndarray], **facts: Any):
        super().__init__(name, 1, **facts)
        self.function = function

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return self.outputs(images)[0]

    def outputs(self, images: np.ndarray) -> tuple[np.ndarray, None]:
        return self.function(images).astype("float32")[:, None], None


def extract(
    extractor: Extractor, images: Images, start: int, stop: int, what: str, advance: Callable[[int], None]
) -> Features:
    """The features of images number `start` to `stop - 1`, a few at a time; the images themselves are not kept.

    Raises:
        FeatureCacheError: there are fewer images than requested.
    """
    parts = []
    for first in range(start, stop, AT_ONCE):
        last = min(first + AT_ONCE, stop)
        x = images(first, last)
        if len(x) != last - first:
            raise FeatureCacheError(
                f"{what}: asked for images {first:,} to {last - 1:,}, got {len(x):,} of {last - first:,}: ask for no "
                f"more than {first + len(x):,} by --num."
            )
        parts.append(Features(*extractor.with_logits(x)) if extractor.classes else Features(extractor(x), None))
        advance(len(x))
    features, logits = zip(*parts, strict=True)
    return Features(np.concatenate(features), None if logits[0] is None else np.concatenate(logits))


class FeatureCache:
    """The features of a set of images by an extractor, on the disk.

    Args:
        extractor: what computes them.
        images: function from (start, stop) to the images of these numbers, uint8.
        count: integer, how many.
        key: dictionary, which images these are; the extractor's protocol is added.
        what: string, what progress and messages call the images.
        folder: optional path; `features/` in the user's cache directory by default.
    """

    def __init__(
        self,
        extractor: Extractor,
        images: Images,
        count: int,
        key: Mapping[str, Any],
        what: str,
        folder: str | os.PathLike | None = None,
    ):
        self.extractor = extractor
        self.images = images
        self.count = count
        self.what = what
        self.key = json.loads(json.dumps({"version": 1, **key, "extractor": extractor.protocol()}))
        self.folder = Path(folder) if folder else cache_folder() / "features"
        digest = sha256(json.dumps(self.key, sort_keys=True))
        self.entry = self.folder / f"{re.sub('[^A-Za-z0-9_-]+', '_', extractor.name)[:40]}-{digest[:16]}"

    def load(self, watch: Watch = unwatched) -> Features:
        """The features of all images; those that are not there yet are computed, and kept shard by shard.

        Raises:
            FeatureCacheError: the cache cannot be written, or there are fewer images than requested.
        """
        self._open()
        shards = [(start, min(start + SHARD, self.count)) for start in range(0, self.count, SHARD)]
        found = {shard: self._read(*shard) for shard in shards}
        missing = [shard for shard, content in found.items() if content is None]
        if missing:
            with watch(self.what, sum(stop - start for start, stop in missing)) as advance:
                for start, stop in missing:
                    content = extract(self.extractor, self.images, start, stop, self.what, advance)
                    self._write(self._path(start, stop), content)
                    found[start, stop] = content
        features, logits = zip(*(found[shard] for shard in shards), strict=True)
        return Features(np.concatenate(features), None if logits[0] is None else np.concatenate(logits))

    def _open(self) -> None:
        try:
            if reason := self._damage():
                aside = set_aside(self.entry)
                if aside == self.entry:
                    raise FeatureCacheError(f"{self.entry} is damaged ({reason}): remove it.")
                warnings.warn(f"{self.entry} is damaged ({reason}): set aside as {aside.name}.", stacklevel=1)
            self.entry.mkdir(parents=True, exist_ok=True)
            if not (self.entry / KEY).exists():
                sweep(self.folder, MOST_BYTES, keep=self.entry)
                write_json(self.entry / KEY, self.key)
            os.utime(self.entry)
        except OSError as error:
            raise FeatureCacheError(
                f"{self.entry}: {error.strerror}: features are kept there; set GENZOO_CACHE to a folder that can be "
                "written."
            ) from error

    def _damage(self) -> str | None:
        """What is wrong with the entry on the disk; None if nothing is, or if there is none."""
        if self.entry.is_symlink() or (self.entry.exists() and not self.entry.is_dir()):
            return "it is not a folder"
        path = self.entry / KEY
        if not os.path.lexists(path):
            return f"it has no {KEY}" if any(self.entry.glob("[0-9]*")) else None
        try:
            key = strict_json.plain(strict_json.read(path, follow=False), str(path))
        except UntrustedError as error:
            return str(error)
        return None if key == self.key else "it is of other images, or of another extractor, than its name says"

    def _path(self, start: int, stop: int) -> Path:
        return self.entry / f"{start:08d}-{stop:08d}.npz"

    def _read(self, start: int, stop: int) -> Features | None:
        """A shard; None if it is not there. One that is damaged is set aside."""
        path, widths = self._path(start, stop), {"features": self.extractor.dim}
        if self.extractor.classes:
            widths["logits"] = self.extractor.classes
        if not os.path.lexists(path):
            return None
        try:
            numbers = (stop - start) * sum(widths.values())
            arrays = read_npz(path, numbers * np.dtype("float32").itemsize + _OVERHEAD, follow=False)
            found = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
            due = {name: ("float32", (stop - start, width)) for name, width in widths.items()}
            if found == due:
                return Features(arrays["features"], arrays.get("logits"))
            reason = f"it holds {printable(found)[:_SHOWN]} instead of {due}"
        except UntrustedError as error:
            reason = error.reason
        except OSError as error:
            reason = error.strerror or type(error).__name__
        set_aside(path)
        warnings.warn(f"{path} is damaged ({reason}): its {stop - start:,} images are computed anew.", stacklevel=1)
        return None

    def _write(self, path: Path, content: Features) -> None:
        arrays = {name: array for name, array in content._asdict().items() if array is not None}
        try:
            with staged(path) as unfinished, unfinished.open("wb") as file:
                np.savez(file, **arrays)
        except OSError as error:  # a full disk costs the cache, not the evaluation
            warnings.warn(f"{path}: {error.strerror}: these features are not kept.", stacklevel=1)


def sweep(folder: Path, most_bytes: int, keep: Path) -> None:
    """Removes the entries unused for the longest time, until those that remain take at most `most_bytes`."""
    total = 0
    entries = [path for path in folder.iterdir() if path != keep and path.is_dir() and not path.is_symlink()]
    entries = [path for path in entries if (path / KEY).is_file() or path.name.startswith("damaged-")]
    for entry in sorted(entries, key=lambda path: path.lstat().st_mtime, reverse=True):
        total += sum(file.lstat().st_size for file in entry.iterdir())
        if total > most_bytes:
            shutil.rmtree(entry, ignore_errors=True)
