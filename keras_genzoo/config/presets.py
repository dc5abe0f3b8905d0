"""Presets: found by name, read, checked, overridden, resolved, and built into compiled models."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pydantic

from keras_genzoo import models, networks  # noqa: F401 - fill the registries
from keras_genzoo.config.finding import find
from keras_genzoo.config.migrations import MIGRATIONS
from keras_genzoo.config.preset_type import SCHEMA, preset_type
from keras_genzoo.config.reading import ConfigError, explain, parse, plain, tuples
from keras_genzoo.files import expanded
from keras_genzoo.printable import printable
from keras_genzoo.registry import MODELS


class Preset(dict[str, Any]):
    """A checked preset, as plain JSON, which also knows where it was read.

    Args:
        content: dictionary, the file's content.
        where: string, its name in error messages: its file, or "preset".
    """

    def __init__(self, content: Mapping[str, Any], where: str = "preset"):
        super().__init__(content)
        self.where = where

    @property
    def name(self) -> str:
        """The name of the preset's file, without ending, as it can be printed."""
        return printable(Path(self.where).stem)


def list_models() -> list[str]:
    """The names of all models."""
    return list(MODELS)


def load_preset(preset: str | os.PathLike | Mapping[str, Any]) -> Preset:
    """Reads a preset and checks it.

    Args:
        preset: string, the name of a preset; path of a `.json` file; or a dictionary with the content of such a file.
            The `path` of its data is relative to the file, and lies in its folder; in a dictionary it is any path.

    Raises:
        ConfigError: there is no such preset, or it is not right.

    Example:
        >>> preset = load_preset("vae_drawn_faces_32")
        >>> preset["arguments"]["latent_dim"]
        32
    """
    if isinstance(preset, Preset):
        return preset
    if not isinstance(preset, str | os.PathLike):
        return check(preset, "preset")
    file, found = expanded(preset), check(*find(preset))
    return _beside(file, found) if file.suffix == ".json" else found


_PATHS = {"path": "--data", "target_path": "--targets"}
"""The keys of data that name folders, and the options that do so instead."""


def _beside(file: Path, preset: Preset) -> Preset:
    """The same preset, the paths of its data made absolute: they are relative to the preset's file.

    A stranger's preset must not choose among all folders of this machine, so it names those beside it alone.
    """
    for key, option in _PATHS.items():
        path = preset["data"].get(key)
        if path is None:
            continue
        absolute = os.path.abspath(file.parent / path)
        if not Path(os.path.realpath(absolute)).is_relative_to(os.path.realpath(file.parent)):
            raise ConfigError(
                f"{preset.where}: data.{key}: '{path}' lies outside of the preset's own folder: give it by {option} "
                "FOLDER"
            )
        preset["data"] = {**preset["data"], key: absolute}
    return preset


def without_path(preset: Preset) -> tuple[Preset, Path | None]:
    """A preset without the paths of its data, which say where images are and not what is trained; and `path`."""
    path = preset["data"].get("path")
    data = {key: value for key, value in preset["data"].items() if key not in _PATHS}
    return Preset({**preset, "data": data}, preset.where), None if path is None else Path(path).expanduser()


def check(content: Any, where: str) -> Preset:
    """Checks the content of a file, or a dictionary like it, and brings it into the present format.

    Args:
        content: dictionary.
        where: string, its name in error messages.

    Raises:
        ConfigError: it is no preset.
    """
    content = plain(content, where)
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected an object, got {content!r}")
    preset = Preset(_migrated(content, where), where)
    sections(preset)
    return preset


def _migrated(content: dict[str, Any], where: str) -> dict[str, Any]:
    version = content.get("schema")
    if type(version) is not int or version < 1:  # True is an int to Python
        raise ConfigError(f"{where}: schema: expected {SCHEMA}, the version of the format, got {version!r}")
    if version > SCHEMA:
        raise ConfigError(
            f"{where}: schema {version} is newer than this version of keras_genzoo knows ({SCHEMA}): "
            "upgrade keras_genzoo"
        )
    for older in range(version, SCHEMA):
        content = {**MIGRATIONS[older](content), "schema": older + 1}
    return content


def sections(preset: Preset) -> Any:
    """The preset as a pydantic object: sections by attribute, tuples for lists, all defaults.

    Raises:
        ConfigError: the preset is not right.
    """
    value = tuples(dict(preset))
    try:
        return preset_type().validate_python(value)
    except pydantic.ValidationError as error:
        raise explain(error, value, preset.where) from None


def resolve(preset: str | os.PathLike | Mapping[str, Any]) -> Preset:
    """The same preset with every default written out: of the constructor, its networks, the data, the optimizers.

    A run writes it down before it trains, so that it can be repeated when a default has changed.
    """
    preset = load_preset(preset)
    resolved = Preset(sections(preset).model_dump(mode="json", by_alias=True), preset.where)
    return resolved if any(resolved["data"].get(key) for key in _PATHS) else without_path(resolved)[0]


def override(preset: str | os.PathLike | Mapping[str, Any], settings: Iterable[str]) -> Preset:
    """Changes single values of a preset.

    Args:
        preset: as for `load_preset`.
        settings: strings `key=value`; a dotted key leads into the sections, and the value is JSON, or else a string.

    Raises:
        ConfigError: a setting has no such form, or the preset is not right any more.

    Example:
        >>> override("vae_drawn_faces_32", ["arguments.beta=4", "data.augment=[\\"flip\\"]", "fit.epochs=3"])
    """
    preset = load_preset(preset)
    content = plain(preset, preset.where)
    resolved = resolve(preset)
    for setting in settings:
        key, equals, text = setting.partition("=")
        steps = key.strip().split(".")
        if not equals or not all(steps):
            raise ConfigError(f"{preset.where}: {setting!r}: expected key=value, such as fit.epochs=3")
        with contextlib.suppress(ConfigError):  # right again when all is set, perhaps
            resolved = resolve(check(content, preset.where))
        _set(content, resolved, steps, _value(text))
    return check(content, preset.where)


def on_dataset(preset: str | os.PathLike | Mapping[str, Any], dataset: str) -> Preset:
    """The same preset for other data: the batch size and the augmentation stay, other arguments of the old data go.

    Args:
        preset: as for `load_preset`.
        dataset: string, a registered dataset.
    """
    preset = load_preset(preset)
    kept = {key: value for key, value in preset["data"].items() if key in ("batch_size", "augment")}
    return check({**preset, "data": {"dataset": dataset, **kept}}, preset.where)


def _value(text: str) -> Any:
    try:
        return parse(text, "")
    except ConfigError:
        return text


def _set(content: dict[str, Any], resolved: dict[str, Any], steps: list[str], value: Any) -> None:
    """Sets `content[steps[0]][steps[1]]...`; sections that were left to their defaults are taken from `resolved`."""
    for step in steps[:-1]:
        resolved = resolved.get(step) if isinstance(resolved, dict) else None  # type: ignore[assignment]
        if not isinstance(content.get(step), dict):
            content[step] = resolved if isinstance(resolved, dict) else {}
        content = content[step]
    content[steps[-1]] = value


def schema() -> dict[str, Any]:
    """The JSON Schema of a preset: one choice for each model."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A preset of keras_genzoo",
        **preset_type().json_schema(),
    }
