"""A run folder: made before a training starts, and opened again to resume, to sample, to measure or to export."""

import contextlib
import dataclasses
import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from keras_genzoo.artifacts.checkpoints import (
    WEIGHTS,
    Checkpoints,
    DamagedError,
    Position,
    check,
    check_size,
    load_weights,
)
from keras_genzoo.artifacts.environment import environment, peak_memory
from keras_genzoo.artifacts.pretrained import located
from keras_genzoo.artifacts.records import Divergence, Environment, Epoch
from keras_genzoo.files import (
    RunError,
    append_line,
    expanded,
    is_unfinished,
    obstacle,
    read_json,
    read_lines,
    sha256_of,
    staged,
    sweep,
    write_json,
    write_lines,
)
from keras_genzoo.pretrained import WEIGHTS as INFERENCE
from keras_genzoo.registry import did_you_mean
from keras_genzoo.untrusted import UntrustedError, read_bytes

if TYPE_CHECKING:
    from keras_genzoo.config import Preset
    from keras_genzoo.model import GenerativeModel

JIT: dict[str, bool | str] = {"auto": "auto", "on": True, "off": False}
"""The argument of `compile` for each value of the option --jit, which `environment.json` records."""
DIVERGED = "diverged.jsonl"
"""The file of a run that says when and where a number was not finite."""
_NOTHING_SAVED = "holds no weights yet: its training has not come to its first checkpoint."
_LOCK, _HOLDER = ".lock", ".lock.pid"


class Run:
    """An existing run folder.

    A training holds its run alone: `with Run.create(...) as run` or `with Run.resume(...) as run`.

    Args:
        path: the folder; or the name of a pretrained model, NAME@N or hf://ORG/REPO@COMMIT.

    Raises:
        RunError: it is not a run folder, or there is no such model.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = located(path)
        if not (self.path / "config.json").is_file():
            what = "holds no config.json" if self.path.is_dir() else "does not exist"
            raise RunError(
                f"'{self.path}' is not a run folder: it {what}; `genzoo train PRESET --output RUN` makes one, and "
                "`genzoo presets --pretrained` lists models that need none."
            )
        _check_closed(self.path)
        self.checkpoints = Checkpoints(self.path / "checkpoints")
        self._lock: filelock.BaseFileLock | None = None

    @classmethod
    def create(cls, path: str | os.PathLike, config: Mapping[str, Any], record: Mapping[str, Any]) -> "Run":
        """Makes a run folder, before its training starts.

        Args:
            path: the folder: a new one, or one that is empty.
            config: a preset; it is written with every default.
            record: dictionary, what `environment.json` says beside versions and devices: seed, jit, data, ...

        Raises:
            RunError: the folder holds another run, or other files.
        """
        from keras_genzoo.config import load_preset, resolve, without_path

        path, config = expanded(path), resolve(without_path(load_preset(config))[0])
        check_free(path)
        path.mkdir(parents=True, exist_ok=True)
        lock = _hold(path)
        try:
            check_free(path)  # another process may have been as quick
            write_json(path / "environment.json", {**environment(), **record})
            write_json(path / "config.json", config)  # last: it makes the folder a run
            run = cls(path)
        except BaseException:
            lock.release()
            raise
        run._lock = lock
        return run

    @classmethod
    def resume(cls, path: str | os.PathLike, config: Mapping[str, Any]) -> "Run":
        """Opens a run to continue its training.

        Args:
            path: the folder.
            config: the preset to train by: that of the run, but for `fit.epochs`, which it may change.

        Raises:
            RunError: it is not a run folder, another process trains in it, or its preset differs.
        """
        from keras_genzoo.config import resolve

        run = cls(path)
        if (run.path / INFERENCE).is_file():
            raise RunError(f"'{path}' is a pretrained model, without its training: train on by --from {path}.")
        config = resolve(config)
        run.check_same_preset(config)
        run._lock = _hold(run.path)
        for checkpoints in (run.checkpoints, *(Checkpoints(kept) for kept in run.path.glob("best/*"))):
            checkpoints.sweep()
        for folder in (run.path, run.path / "samples", run.path / "translations"):
            sweep(folder)
        write_json(run.path / "config.json", config)
        return run

    def check_same_preset(self, config: "Preset") -> None:
        """Refuses to continue by another preset than before; `fit.epochs` may grow, and `about` change.

        Raises:
            RunError: it differs, or asks for fewer epochs than there are.
        """
        if different := _first_difference(self.config, config):
            key, before, now = different
            raise RunError(
                f"'{self.path}' was trained with {key} = {json.dumps(before)}, not {json.dumps(now)}: to resume, leave "
                "it so; to train otherwise, choose another --output."
            )
        newest, epochs = self.checkpoints.newest, config["fit"]["epochs"]
        if newest > (epochs, 0):
            steps = f" and {newest[1]} steps" if newest[1] else ""
            raise RunError(
                f"'{self.path}' has {newest[0]} epochs{steps} already, more than the {epochs} asked for by --epochs."
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self.checkpoints.wait()  # the next process sweeps what is not finished
            (self.path / _HOLDER).unlink(missing_ok=True)
            self._lock.release()

    def best(self, metric: str) -> Checkpoints:
        """Returns the checkpoints of the state that was best by a metric while training."""
        return Checkpoints(self.path / "best" / metric)

    @property
    def config(self) -> "Preset":
        """The resolved preset. A path of its data, which only a stranger's can have, is not heeded."""
        from keras_genzoo.config import load_preset, resolve, without_path

        return resolve(without_path(load_preset(self.path / "config.json"))[0])

    @property
    def record(self) -> dict[str, Any]:
        """The content of `environment.json`; a key that it lacks is a `RunError`."""
        return _Recorded(read_json(self.path / "environment.json", Environment), self.path / "environment.json")

    def add_to_record(self, **more: Any) -> None:
        """Adds keys to `environment.json`."""
        write_json(self.path / "environment.json", {**self.record, **more})

    def history(self) -> list[dict[str, Any]]:
        """Returns the logs of each epoch: `epoch`, `iterations`, `seconds`, the logs, and those of held-out images.

        A line that a killed process left unfinished is skipped.
        """
        return read_lines(self.path / "history.jsonl", Epoch)

    def divergences(self) -> list[dict[str, Any]]:
        """Returns the lines of `diverged.jsonl`: when and where a number was not finite."""
        return read_lines(self.path / DIVERGED, Divergence)

    def log(self, line: Mapping[str, Any], file: str = "history.jsonl") -> None:
        """Appends a line to the history, or another file; numbers that are not finite become null, as JSON requires."""
        finite = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in line.items()
        }
        append_line(self.path / file, json.dumps(finite))

    def go_back_to(self, position: Position) -> None:
        """Removes from the history what was logged after `position`: these epochs will be trained again."""
        kept = [line for line in self.history() if line["epoch"] <= position.epoch]
        write_lines(self.path / "history.jsonl", kept)

    def finish(self, position: Position) -> Path:
        """Puts the weights of the checkpoint at `position` in place as `model.weights.h5`.

        Returns:
            The path of the weights.
        """
        source, target = self.path / "checkpoints" / position.name / WEIGHTS, self.path / WEIGHTS
        with staged(target) as unfinished:
            try:
                os.link(source, unfinished)  # the bytes are stored once
            except OSError:
                shutil.copyfile(source, unfinished)
        finished = {
            "epoch": position.epoch,
            "iterations": position.iterations,
            "images": position.images,
            "sha256": sha256_of(target),
            "peak_memory_mib": peak_memory(),
        }
        self.add_to_record(finished=finished)
        return target

    def restore(self, model: "GenerativeModel") -> Position | None:
        """Loads the newest state into a model built from `config`.

        A process that holds the run renames damaged checkpoints; one that only reads it skips them.

        Returns:
            Its position; None if nothing was saved yet.

        Raises:
            RunError: what was saved is damaged.
        """
        position = self.checkpoints.restore(model, set_aside=self._lock is not None)
        if position is None and (finished := self.record.get("finished")):  # the checkpoints were cleared away
            load_weights(model, self._finished_weights(finished))
            images = finished.get("images", 0)
            position = Position(finished["epoch"], iterations=finished["iterations"], images=images)
        if position is not None and not position.images:  # a run of version 0.1, which counted steps
            size = model.turns * self.config["data"]["batch_size"]
            position = dataclasses.replace(position, images=position.iterations * size)
            model.optimizer.images_seen.assign(position.images)
        return position

    def weights(self) -> Path:
        """Returns the path of the newest sound weights.

        Raises:
            RunError: nothing was saved yet, or what was saved is damaged.
        """
        damaged: DamagedError | None = None
        for folder in self.checkpoints:
            try:
                check(folder)
                return folder / WEIGHTS
            except DamagedError as error:
                damaged = damaged or error
        if damaged is not None:
            raise RunError(f"{damaged}; there is no checkpoint in {self.checkpoints.folder} that can be used.")
        if finished := self.record.get("finished"):
            return self._finished_weights(finished)
        raise RunError(f"'{self.path}' {_NOTHING_SAVED}")

    def _finished_weights(self, finished: Mapping[str, Any]) -> Path:
        path = self.path / INFERENCE
        path = path if path.is_file() else self.path / WEIGHTS
        try:
            check_size(path)
            if sha256_of(path) != finished["sha256"]:
                raise RunError(f"{path} is damaged: its content is not what was written.")
        except UntrustedError as error:
            raise RunError(f"{error}.") from None
        except OSError as error:
            raise RunError(f"{path} is missing, and there are no checkpoints.") from error
        return path


class _Recorded(dict):
    """The content of `environment.json`."""

    def __init__(self, content: Mapping[str, Any], path: Path):
        super().__init__(content)
        self._path = path

    def __missing__(self, key: str) -> Any:
        raise RunError(f"{self._path}: '{key}' is missing, which every training writes: restore the file.")


def check_free(path: str | os.PathLike, option: str = "--output") -> None:
    """Refuses a folder that a new run, or what else `option` names, would be mixed with.

    Raises:
        RunError: `path` holds another run, other files, or is a file.
    """
    path = expanded(path)
    if (path / "config.json").is_file():
        raise RunError(f"'{path}' holds another run: continue it by --resume, or choose another folder by --output.")
    # Left by a process that was killed while it made a run.
    left = {_LOCK, _HOLDER, "environment.json"}
    names = {inside.name for inside in path.iterdir() if not is_unfinished(inside.name)} if path.is_dir() else set()
    if path.is_file() or names - left:
        what = "is a file" if path.is_file() else "holds other files"
        raise RunError(f"'{path}' {what}: choose a new or an empty folder by {option}.")
    if in_the_way := obstacle(path / "config.json"):
        raise RunError(f"'{path}' {in_the_way}: choose another folder by {option}.")


def _check_closed(path: Path) -> None:
    """Refuses a run whose files lie elsewhere: continuing a stranger's run must not write outside of it.

    Raises:
        RunError: there is a link that leads out of the folder, or something that is neither a file nor a folder.
    """
    root, folders = path.resolve(), [path]
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_symlink():
                if not os.path.realpath(entry.path).startswith(f"{root}{os.sep}"):  # which a circle of links is, too
                    raise RunError(
                        f"'{entry.path}' is a link that leads out of the run: replace it by what it points to."
                    )
            elif entry.is_dir():
                folders.append(Path(entry.path))
            elif not entry.is_file():
                raise RunError(f"'{entry.path}' is neither a file nor a folder, which no run has: remove it.")


def _hold(path: Path) -> filelock.BaseFileLock:
    lock = filelock.FileLock(path / _LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        try:
            holder = f"process {int(read_bytes(path / _HOLDER, 20))}"
        except (OSError, ValueError):
            holder = "another process"
        raise RunError(f"{holder} is training in '{path}': wait for it, or stop it.") from None
    with contextlib.suppress(OSError):  # the lock holds without it
        (path / _HOLDER).write_text(str(os.getpid()))
    return lock


def load(run: str | os.PathLike, best: str | None = None) -> "GenerativeModel":
    """Loads the model of a run with the newest state of its training: weights, averages, optimizers and seeds.

    Args:
        run: path of a run folder, finished or not; or the name of a pretrained model: see `Run`.
        best: optional name of a metric, such as "fid": the state that was best by it while training.

    Returns:
        The model, compiled: ready to generate images, and to continue `fit` where its training stopped.

    Raises:
        RunError: it is not a run folder, has no weights yet, keeps no state by that metric, or weights are damaged.

    Example:
        >>> model = load("runs/faces")
        >>> images = model.generate(16)
    """
    from keras_genzoo.config import build

    opened = with_state(run, best)
    model = build(opened.config, jit_compile=JIT[opened.record.get("jit", "auto")])
    opened.restore(model) if best is None else opened.best(best).restore(model)
    return model


def with_state(run: str | os.PathLike, best: str | None = None) -> Run:
    """Opens a run that has a state to load, as far as the names of its files say; arguments as for `load`.

    Raises:
        RunError: it is not a run folder, has no weights yet, or keeps no state by that metric.
    """
    opened = Run(run)
    if best is not None and next(iter(opened.best(best)), None) is None:
        kept = sorted(path.name for path in (opened.path / "best").glob("*"))
        raise RunError(f"'{opened.path}' keeps no state that was best by '{best}'; {did_you_mean(best, kept)}")
    if best is None and next(iter(opened.checkpoints), None) is None and not opened.record.get("finished"):
        raise RunError(f"'{opened.path}' {_NOTHING_SAVED}")
    return opened


def _first_difference(a: Any, b: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """The first key at which two resolved presets differ, and both values; `fit.epochs` and `about` may."""
    if not (isinstance(a, Mapping) and isinstance(b, Mapping)):
        return (path, a, b) if a != b else None
    for key in dict.fromkeys((*a, *b)):
        here = f"{path}.{key}" if path else key
        if here not in ("fit.epochs", "about") and (found := _first_difference(a.get(key), b.get(key), here)):
            return found
    return None
