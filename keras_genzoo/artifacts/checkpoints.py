"""Checkpoints: states of a training that survive kills, full disks and flipped bits.

Each is a folder, written aside, flushed to the disk and renamed, with the SHA-256 of its weights: bytes that flip in an
HDF5 file would else be read as numbers without a word.
"""

import dataclasses
import errno
import math
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo.artifacts.files import RunError, flush, read_json, sha256_of, write_json
from keras_genzoo.model import GenerativeModel

WEIGHTS = "model.weights.h5"
_NAME = re.compile(r"epoch-(\d{4,})(?:-step-(\d{6,}))?")
_ASIDE = ".aside-"
_OVERHEAD = 2**20  # of the file's structure, and of the files beside it


@dataclasses.dataclass(frozen=True)
class Position:
    """Where a training stands.

    Args:
        epoch: integer, complete epochs.
        step: integer, train steps taken in the epoch that is not complete.
        iterations: integer, train steps taken in all.
        stage: integer, the stage of a model that grows.
        seconds: float, spent on the epoch that is not complete.
        metrics: the state of the model's means in that epoch, which no weights file holds.
    """

    epoch: int = 0
    step: int = 0
    iterations: int = 0
    stage: int = 0
    seconds: float = 0.0
    metrics: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """The name of the folder for it."""
        return f"epoch-{self.epoch:04d}" + (f"-step-{self.step:06d}" if self.step else "")


class Checkpoints:
    """The newest states of a training, in a folder.

    Args:
        folder: where they are.
        keep: integer, how many to keep.
    """

    def __init__(self, folder: Path, keep: int = 2):
        self.folder = folder
        self.keep = keep

    def save(self, model: GenerativeModel, position: Position) -> Path:
        """Writes the state of `model`: weights, averages, optimizers and seeds; older ones go when it is safe.

        Raises:
            OSError: it cannot be written; those that were there are there still.
        """
        self._check_space(model)
        aside = self.folder / f"{_ASIDE}{os.getpid()}"
        target = self.folder / position.name
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            model.save_weights(aside / WEIGHTS)
            flush(aside / WEIGHTS)
            write_json(aside / "meta.json", {**dataclasses.asdict(position), "sha256": sha256_of(aside / WEIGHTS)})
            if target.exists():  # onto a folder that is not empty no other can be renamed
                target.rename(self.folder / f"{aside.name}-older")
            aside.rename(target)
            flush(self.folder)
        finally:
            self.sweep()
        for older in list(self)[self.keep :]:
            shutil.rmtree(older, ignore_errors=True)
        return target

    def _check_space(self, model: GenerativeModel) -> None:
        """Refuses to begin what cannot be finished: on some file systems a full disk damages other files too."""
        self.folder.mkdir(parents=True, exist_ok=True)
        variables = {id(one): one for one in (*model.variables, *model.optimizer.variables)}.values()
        needed = sum(math.prod(one.shape) * np.dtype(_width(one.dtype)).itemsize for one in variables) + _OVERHEAD
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OSError(
                errno.ENOSPC, f"{free / 2**20:,.0f} MiB free, {needed / 2**20:,.0f} MiB needed", str(self.folder)
            )

    def __iter__(self) -> Iterator[Path]:
        """The checkpoints' folders, newest first."""
        found = [path for path in self.folder.glob("epoch-*") if _NAME.fullmatch(path.name)]
        return iter(sorted(found, key=_place, reverse=True))

    @property
    def newest(self) -> tuple[int, int]:
        """Complete epochs and further steps of the newest checkpoint."""
        return max((_place(path) for path in self), default=(0, 0))

    def restore(self, model: GenerativeModel) -> Position | None:
        """Loads the newest checkpoint that is whole into a compiled model, in the stage of its training.

        Returns:
            Its position; None if there is no checkpoint.

        Raises:
            RunError: there are checkpoints, but none is whole; or they are of another model.
        """
        found = list(self)
        for folder in found:
            try:
                position, sha256 = _read(folder)
                for stage in range(position.stage + 1):
                    begin_stage(model, stage)
                load_weights(model, folder / WEIGHTS, sha256)
                return position
            except DamagedError as error:
                warnings.warn(f"{error}; going back to the checkpoint before it.", stacklevel=2)
        if found:
            raise RunError(f"{self.folder}: none of the {len(found)} checkpoints can be used.")
        return None

    def sweep(self) -> None:
        """Removes what was not finished, by this process or one that was killed."""
        for path in self.folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(path, ignore_errors=True)


def begin_stage(model: GenerativeModel, stage: int) -> None:
    """Lets a model enter a stage of its training, and compiles it for that by the optimizers it has."""
    compiled, iterations = model.get_compile_config(), model.iterations
    model.enter(stage)
    if len(model.stages()) > 1:
        model.compile_from_config(compiled)
        model.optimizer.iterations.assign(iterations)


class DamagedError(Exception):
    """A file is not what was written."""


def load_weights(model: GenerativeModel, path: Path, sha256: str) -> None:
    """Loads a state that this package saved.

    Raises:
        DamagedError: the file is missing or was changed.
        RunError: it is whole, but of another model.
    """
    if not path.is_file():
        raise DamagedError(f"{path} is missing")
    if sha256_of(path) != sha256:
        raise DamagedError(f"{path} is damaged: its content is not what was written")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns where it could not load the optimizers
            model.load_weights(path)
    except (ValueError, KeyError, UserWarning) as error:
        reason = str(error).strip().partition("\n")[0]
        raise RunError(f"{path} holds no state of this {type(model).__name__}: {reason}") from error


def _width(dtype: str) -> str:
    """A NumPy type as wide as `dtype`, of which NumPy may have no word."""
    return "float16" if dtype == "bfloat16" else dtype


def _place(folder: Path) -> tuple[int, int]:
    """Complete epochs and further steps, by the name of a checkpoint."""
    name = _NAME.fullmatch(folder.name)
    return (int(name[1]), int(name[2] or 0)) if name else (-1, -1)


def _read(folder: Path) -> tuple[Position, str]:
    try:
        meta: dict[str, Any] = read_json(folder / "meta.json")
        sha256 = str(meta.pop("sha256"))
        return Position(**{**meta, "metrics": tuple(meta["metrics"])}), sha256
    except (RunError, KeyError, TypeError) as error:
        raise DamagedError(f"{folder} is damaged: meta.json tells no position") from error
