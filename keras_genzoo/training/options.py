"""Options: what a user says of a training."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_genzoo.artifacts import JIT, Run

ON_NAN = ("stop", "rollback")
_PATHS = ("preset", "output", "data", "targets", "sample_weights", "features", "inception_weights", "from_run")


@dataclass(frozen=True)
class Options:
    """What a user says of a training, on the command line or in Python; arguments as for `genzoo.train`.

    Args:
        dry_run: bool, whether to check everything and make nothing, so that no `output` is needed.

    Raises:
        ValueError: a value that is not possible. (What the preset does not allow, the preset's check finds.)
    """

    preset: str | os.PathLike | Mapping[str, Any] | None = None
    output: str | os.PathLike | None = None
    data: str | os.PathLike | None = None
    targets: str | os.PathLike | None = None
    epochs: int | None = None
    set: Mapping[str, Any] | Sequence[str] = ()
    held_out: int | float | str | None = None
    steps_per_epoch: int | None = None
    seed: int | None = None
    jit: str | None = None
    precision: str | None = None
    sample_weights: str | os.PathLike | None = None
    evaluate_every: int | None = None
    evaluate_metrics: str | Sequence[str] | None = None
    evaluate_num: int | None = None
    features: str | None = None
    inception_weights: str | os.PathLike | None = None
    from_run: Run | str | os.PathLike | None = None
    freeze: Mapping[str, int] | None = None
    resume: bool = False
    checkpoint_every: float = 60.0
    on_nan: str = "stop"
    diagnosis: bool = True
    deterministic: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        for name in _PATHS:
            value = getattr(self, name)
            if isinstance(value, str | os.PathLike):
                object.__setattr__(self, name, os.path.expanduser(value))
        for name, value, known in (("jit", self.jit, (None, *JIT)), ("on_nan", self.on_nan, ON_NAN)):
            if value not in known:
                raise ValueError(
                    f"train: {name}={value!r}: expected {' or '.join(repr(choice) for choice in known if choice)}."
                )
        for name in ("evaluate_every", "evaluate_num"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"train: {name}={value!r}: expected an integer, 1 or more.")
        if not 0 <= self.checkpoint_every < float("inf"):
            raise ValueError(f"train: checkpoint_every={self.checkpoint_every!r}: expected seconds, 0 or more.")
        if isinstance(self.set, str):
            raise ValueError(f"train: set={self.set!r}: expected a dictionary, or a list of 'key=value'.")

    @property
    def settings(self) -> list[str]:
        """All changes to the preset, as `config.override` takes them."""
        own = [_setting(*item) for item in self.set.items()] if isinstance(self.set, Mapping) else [*self.set]
        changes = {
            "data.held_out": self.held_out,
            "fit.epochs": self.epochs,
            "fit.steps_per_epoch": self.steps_per_epoch,
            "arguments.dtype": self.precision,
            "arguments.frozen": json.dumps(dict(self.freeze)) if self.freeze else None,
        }
        return own + [f"{key}={value}" for key, value in changes.items() if value is not None]


def _setting(key: str, value: Any) -> str:
    try:
        return f"{key}={json.dumps(value)}"
    except TypeError:
        raise ValueError(
            f"train: set[{key!r}]={value!r}: expected what JSON has: a number, a string, a list, ..."
        ) from None
