"""Checkpoints: states of a training that survive kills, full disks and flipped bits.

Each is a folder, written aside, flushed to the disk and renamed, with the SHA-256 of its files in `SHA256SUMS`, as
`sha256sum --check` reads it: bytes that flip in an HDF5 file would otherwise be read as numbers, silently.
"""

import concurrent.futures
import dataclasses
import errno
import math
import re
import shutil
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from keras_genzoo import files
from keras_genzoo.files import (
    DivergedError,
    RunError,
    read_json,
    sha256_of,
    staged_folder,
    sweep,
    write_json,
    write_text,
)
from keras_genzoo.printable import printable
from keras_genzoo.untrusted import UntrustedError, check_regular, read_bytes, strict_json
from keras_genzoo.untrusted.records import Count, Number, checked

if TYPE_CHECKING:
    from keras_genzoo.model import GenerativeModel

WEIGHTS = "model.weights.h5"
_META, _SUMS = "meta.json", "SHA256SUMS"
_NAME = re.compile(r"epoch-(\d{4,})(?:-step-(\d{6,}))?")
_OVERHEAD = 2**20  # of the file's structure, and of the files beside it
_MOST_SUMS = 1_000  # bytes
_LARGE = 2**28  # bytes whose checksum takes about a second
_LONGEST = 400
MOST_STATE = 16 * 2**30
"""Bytes of a file of weights that is read: 500 million parameters, their averages and two moments take 8 GB."""


class DamagedError(Exception):
    """Raised for a file whose content is not what was written."""


@dataclasses.dataclass(frozen=True)
class Position:
    """The position of a training.

    Args:
        epoch: integer, complete epochs.
        step: integer, train steps taken in the epoch that is not complete.
        iterations: integer, train steps taken in all.
        images: integer, images trained on in all.
        stage: integer, the stage of a model that grows.
        rollbacks: integer, how often the training returned to a checkpoint because it had diverged.
        seconds: float, spent on the epoch that is not complete.
        metrics: the state of the model's means in that epoch, which no weights file holds.
    """

    epoch: Count = 0
    step: Count = 0
    iterations: Count = 0
    images: Count = 0
    stage: Count = 0
    rollbacks: Count = 0
    seconds: Number = 0.0
    metrics: tuple[Number, ...] = ()

    @property
    def name(self) -> str:
        """The name of the folder for it."""
        return f"epoch-{self.epoch:04d}" + (f"-step-{self.step:06d}" if self.step else "")


class Checkpoints:
    """The newest states of a training, in a folder.

    Args:
        folder: path of the folder.
        keep: integer, the number of checkpoints to keep.
    """

    def __init__(self, folder: Path, keep: int = 2):
        self.folder = folder
        self.keep = keep
        self._writer = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._last: Future[Path] | None = None

    def save(self, model: "GenerativeModel", position: Position) -> Path:
        """Writes the state of `model`, and waits until it is on the disk; arguments and errors as for `begin`."""
        return self.begin(model, position).result()

    def begin(self, model: "GenerativeModel", position: Position) -> "Future[Path]":
        """Writes the state of `model`: weights, averages, optimizers and seeds; older ones go when it is safe.

        The state is copied before this returns, so the training may go on and change it. What takes longer, until it is
        on the disk and under its name, is done by a thread.

        Args:
            model: a compiled model.
            position: where its training stands.

        Returns:
            A future of the checkpoint's folder. When it has come, a kill or a loss of power cannot lose the state; if
            it holds an OSError, the checkpoints that were there are there still.

        Raises:
            OSError: the disk has no room.
            DivergedError: the state holds NaN or infinity, and is not written.
        """
        self.wait()
        if wrong := model.not_finite() or [f"the {number}. mean" for number in _not_finite(position.metrics)]:
            raise DivergedError(f"{wrong[0]} is not finite, so the state is not saved")
        state = model.state()
        self.folder.mkdir(parents=True, exist_ok=True)
        free, needed = shutil.disk_usage(self.folder).free, len(state) + _OVERHEAD
        if free < needed:  # on some file systems a full disk damages other files too
            sizes = f"{free / 2**20:,.0f} MiB free, {needed / 2**20:,.0f} MiB needed"
            raise OSError(errno.ENOSPC, sizes, str(self.folder))
        self._last = self._writer.submit(self._write, state, position)
        return self._last

    def wait(self) -> None:
        """Waits until what was begun is safe, or has failed."""
        if self._last is not None:
            concurrent.futures.wait([self._last])

    def _write(self, state: memoryview, position: Position) -> Path:
        target = self.folder / position.name
        try:
            with staged_folder(target) as unfinished:
                (unfinished / WEIGHTS).write_bytes(state)
                write_json(unfinished / _META, dataclasses.asdict(position))
                write_text(unfinished / _SUMS, _sums(unfinished))
        finally:
            self.sweep()
        for older in list(self)[self.keep :]:
            shutil.rmtree(older, ignore_errors=True)
        return target

    def __iter__(self) -> Iterator[Path]:
        """The checkpoints' folders, newest first."""
        found = [path for path in self.folder.glob("epoch-*") if _NAME.fullmatch(path.name)]
        return iter(sorted(found, key=_place, reverse=True))

    @property
    def newest(self) -> tuple[int, int]:
        """Complete epochs and further steps of the newest checkpoint."""
        return max((_place(path) for path in self), default=(0, 0))

    def restore(self, model: "GenerativeModel", set_aside: bool = False) -> Position | None:
        """Loads the newest sound checkpoint into a compiled model, in the stage of its training.

        Args:
            model: a compiled model.
            set_aside: bool, whether damaged ones are renamed, so that they are not tried again: for a process that
                continues the training.

        Returns:
            Its position; None if there is no checkpoint.

        Raises:
            RunError: there are checkpoints, but all are damaged; or they are of another model.
        """
        self.wait()
        damaged: dict[Path, DamagedError] = {}
        for folder in self:
            try:
                position = check(folder)
                _check_fits(position, model, folder)
            except DamagedError as error:
                damaged[folder] = error
                continue
            for path, damage in damaged.items():  # only once a sound one is found: a training must not start anew
                where = f", set aside as {files.set_aside(path).name}" if set_aside else ""
                warnings.warn(f"{damage}{where}; going back to {folder.name}.", stacklevel=2)
            model.begin_stage(position.stage)
            load_weights(model, folder / WEIGHTS)
            return position
        if damaged:
            mend = "remove that folder to begin anew" if set_aside else "try again if a training is writing there"
            raise RunError(
                f"{next(iter(damaged.values()))}; none of the {len(damaged)} checkpoints in {self.folder} can be "
                f"used: {mend}."
            )
        return None

    def sweep(self) -> None:
        """Removes what was not finished, by this process or a killed one."""
        sweep(self.folder)


def check(folder: Path) -> Position:
    """Reads a whole checkpoint, and compares it with its checksums.

    Returns:
        Its position.

    Raises:
        DamagedError: a file is missing or is not what was written.
    """
    for name in (WEIGHTS, _META, _SUMS):
        if not (folder / name).is_file():
            raise DamagedError(f"{folder / name} is missing")
    try:
        check_size(folder / WEIGHTS)
        read_bytes(folder / _META, strict_json.MAX_BYTES)
        written, found = read_bytes(folder / _SUMS, _MOST_SUMS), _sums(folder).encode()
    except (OSError, ValueError) as error:
        raise DamagedError(f"{folder} cannot be read: {error}") from error
    if written != found:
        wrong = [line.split()[1].decode() for line in found.splitlines() if line not in written]
        raise DamagedError(f"{folder / (wrong or [_SUMS])[0]} is damaged: its content does not fit {_SUMS}")
    try:
        position = checked(Position, read_json(folder / _META), str(folder / _META))
    except (RunError, UntrustedError) as error:
        raise DamagedError(f"{str(error).removesuffix('.')}: it holds no position") from error
    if position.name != folder.name:
        raise DamagedError(f"{folder / _META}: it holds the position of {position.name}")
    return position


def _check_fits(position: Position, model: "GenerativeModel", folder: Path) -> None:
    """Refuses a position that a training of this model does not come to.

    Raises:
        DamagedError: it has another stage, or means of other logs.
    """
    stages, means = len(model.stages()), len(model.metrics_variables)
    if position.stage >= stages:
        raise DamagedError(f"{folder / _META}: stage: expected less than {stages}, got {position.stage}")
    if position.metrics and len(position.metrics) != means:
        raise DamagedError(f"{folder / _META}: metrics: expected {means} numbers, got {len(position.metrics)}")


def check_size(weights: Path) -> None:
    """Refuses a file of more bytes than any state has, before it is read to be compared with its checksum.

    Raises:
        UntrustedError: it has, or it is not a regular file.
        OSError: it is missing.
    """
    if (size := check_regular(weights)) > MOST_STATE:
        raise UntrustedError(weights, f"a file of {size:,} bytes; at most {MOST_STATE:,} are read")
    if size > _LARGE:
        from keras_genzoo.untrusted import check_hdf5

        check_hdf5(weights)


def load_weights(model: "GenerativeModel", path: Path) -> None:
    """Loads a state that this package saved.

    Raises:
        RunError: it is of another model, or is not such a file.
    """
    import keras

    from keras_genzoo.untrusted import check_hdf5

    if path.suffix == ".npz":
        from keras_genzoo.pretrained import read_inference

        read_inference(model, path)
        return
    try:
        check_hdf5(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns where it could not load the optimizers
            model.load_weights(path)
    except Exception as error:  # h5py and Keras raise nearly anything, as the content differs
        reason = printable(str(error).strip().partition("\n")[0])[:_LONGEST] or type(error).__name__
        raise RunError(f"{path} holds no state of this {type(model).__name__}: {reason}") from error
    counts = [variable for variable in model.optimizer.variables if variable.dtype.startswith("int")]
    if any((keras.ops.convert_to_numpy(count) < 0).any() for count in counts):
        raise RunError(f"{path} holds no state of this {type(model).__name__}: a count of steps or images is negative.")


def _sums(folder: Path) -> str:
    """The checksums of a checkpoint's files, as `sha256sum` writes them."""
    return "".join(f"{sha256_of(folder / name)}  {name}\n" for name in (WEIGHTS, _META))


def _not_finite(numbers: tuple[float, ...]) -> list[int]:
    return [place for place, number in enumerate(numbers, 1) if not math.isfinite(number)]


def _place(folder: Path) -> tuple[int, int]:
    """Complete epochs and further steps, by the name of a checkpoint."""
    name = _NAME.fullmatch(folder.name)
    return (int(name[1]), int(name[2] or 0)) if name else (-1, -1)
