"""Task: a preset, its data, a seed, jit; by the options, or by the run that goes on."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_genzoo import config
from keras_genzoo.artifacts import Run, RunError
from keras_genzoo.artifacts.run_data import on_data, record_of, recorded_path, recorded_targets
from keras_genzoo.data import Split
from keras_genzoo.data.tables import read_text
from keras_genzoo.files import sha256
from keras_genzoo.model import GenerativeModel
from keras_genzoo.training.options import Options

SAMPLE_WEIGHTS = "sample_weights.csv"
"""A run's own copy of the weights by which its images are drawn."""


@dataclass(frozen=True)
class Task:
    """What to train.

    Args:
        preset: a resolved preset.
        name: string, the name of the preset it came from.
        path: the folder of its images, if it reads one.
        seed: integer, of weights, noise and the order of images.
        jit: "auto", "on" or "off".
        deterministic: bool, whether every operation gives the same bits each time, on a GPU too.
        weights: optional text of a table of sample weights.
        targets: the folder of the images of a second domain, if it is another one.
    """

    preset: config.Preset
    name: str
    path: Path | None
    seed: int
    jit: str
    deterministic: bool = False
    weights: str | None = None
    targets: Path | None = None

    @classmethod
    def of(cls, options: Options) -> "Task":
        """The task of a new run.

        Raises:
            ConfigError: the preset, or a change to it, is not right.
        """
        assert options.preset is not None
        before = config.load_preset(options.preset)
        preset, path, targets = on_data(before, _word(options.data), _word(options.targets))
        weights = read_text(Path(options.sample_weights)) if options.sample_weights else None
        seed, jit = options.seed or 0, options.jit or "auto"
        preset = _changed(preset, options)
        return cls(preset, before.name, path, seed, jit, options.deterministic, weights, targets)

    @classmethod
    def resumed(cls, options: Options, run: Run) -> "Task":
        """The task of a run that goes on; the options may repeat it, and change `epochs`, where data is, and jit.

        Raises:
            RunError: the options give another seed, or other weights. (What else differs, `Run.resume` finds.)
        """
        record, own = run.record, run.config
        if options.seed not in (None, record["seed"]):
            raise RunError(
                f"'{run.path}' was trained with --seed {record['seed']}, not {options.seed}: leave --seed out."
            )
        preset, path, targets = own, recorded_path(run), recorded_targets(run)
        if options.preset is not None:
            words = _word(options.data) or _word(path), _word(options.targets) or _word(targets)
            preset, path, targets = on_data(config.load_preset(options.preset), *words)
        else:
            path = Path(options.data).expanduser() if options.data is not None else path
            targets = Path(options.targets).expanduser() if options.targets is not None else targets
        preset = _changed(preset, options)
        if not any(setting.startswith("fit.epochs=") for setting in options.settings):
            preset = config.override(preset, [f"fit.epochs={own['fit']['epochs']}"])
        deterministic = options.deterministic or record.get("deterministic", False)
        jit = options.jit or record["jit"]
        weights = _weights_again(options.sample_weights, run)
        return cls(config.resolve(preset), record["preset"], path, record["seed"], jit, deterministic, weights, targets)

    def record(self, model: GenerativeModel, split: Split) -> dict[str, Any]:
        """What the run's `environment.json` keeps of it."""
        return {
            "preset": self.name,
            "seed": self.seed,
            "jit": self.jit,
            "jit_compile": bool(model.jit_compile),
            "deterministic": self.deterministic,
            "precision": model.dtype_policy.name,
            "sample_weights": {"sha256": sha256(self.weights)} if self.weights else None,
            "data": record_of(self.path, self.targets, split),
        }


def _weights_again(given: str | os.PathLike | None, run: Run) -> str | None:
    """The sample weights of a run: its own copy of them, or the same ones given again."""
    before = run.record.get("sample_weights")
    if before is None:
        if given:
            raise RunError(f"'{run.path}' was trained without sample weights: leave --sample-weights out.")
        return None
    text = read_text(Path(given) if given else run.path / SAMPLE_WEIGHTS)
    if sha256(text) != before["sha256"]:
        what = f"'{given}' has" if given else f"{run.path / SAMPLE_WEIGHTS} is damaged: it has"
        raise RunError(f"{what} other weights than '{run.path}' was trained with: give the same by --sample-weights.")
    return text


def _changed(preset: config.Preset, options: Options) -> config.Preset:
    changed = config.resolve(config.override(preset, options.settings))
    for key, option in (("path", "--data"), ("target_path", "--targets")):
        if changed["data"].get(key):
            raise config.ConfigError(f"--set data.{key}: give the folder by {option} FOLDER.")
    return changed


def _word(path: str | os.PathLike | None) -> str | None:
    return None if path is None else os.fspath(path)
