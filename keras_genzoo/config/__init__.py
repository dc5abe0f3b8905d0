"""Presets: read, check, override, resolve and build them; every refusal is a `ConfigError` of one line."""

from keras_genzoo.config.building import build
from keras_genzoo.config.presets import (
    Preset,
    check,
    list_models,
    list_presets,
    load_preset,
    on_dataset,
    override,
    resolve,
    schema,
)
from keras_genzoo.config.reading import ConfigError

__all__ = [
    "ConfigError",
    "Preset",
    "build",
    "check",
    "list_models",
    "list_presets",
    "load_preset",
    "on_dataset",
    "override",
    "resolve",
    "schema",
]
