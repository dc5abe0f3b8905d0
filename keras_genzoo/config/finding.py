"""Presets' files, found by name or path and read as they are: no model is imported for that."""

import os
import re
from pathlib import Path
from typing import Any

from keras_genzoo.config.reading import ConfigError, read
from keras_genzoo.files import expanded
from keras_genzoo.registry import did_you_mean

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """Where the presets are: in an installed package beside its modules, in a checkout beside the package."""
    installed = _PACKAGE / "zoo_configs"
    return installed if installed.is_dir() else _PACKAGE.parent / "zoo_configs"


def list_presets() -> list[str]:
    """The names of all presets that come with the package."""
    return sorted(path.stem for path in folder().glob("*.json"))


def find(preset: str | os.PathLike) -> tuple[Any, str]:
    """Reads a preset's file, unchecked.

    Args:
        preset: the name of a preset, or the path of a `.json` file.

    Returns:
        Its content, and what messages call it.

    Raises:
        ConfigError: there is no such preset, or its file is no JSON.
    """
    path = expanded(preset)
    if path.suffix == ".json":
        return read(path), str(preset)
    if not isinstance(preset, str) or not _NAME.fullmatch(preset) or preset not in list_presets():
        raise ConfigError(f"there is no preset {os.fspath(preset)!r}: {did_you_mean(preset, list_presets())}")
    return read(folder() / f"{preset}.json"), f"{preset}.json"
