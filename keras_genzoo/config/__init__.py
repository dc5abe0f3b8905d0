"""Presets: read, check, override, resolve and build them; every refusal is a `ConfigError` of one line."""

from typing import TYPE_CHECKING

from keras_genzoo.config.finding import find, list_presets
from keras_genzoo.config.reading import ConfigError
from keras_genzoo.lazily import lazily

if TYPE_CHECKING:
    from keras_genzoo.config.building import build
    from keras_genzoo.config.presets import (
        Preset,
        check,
        list_models,
        load_preset,
        on_dataset,
        override,
        resolve,
        schema,
        without_path,
    )

__all__ = [
    "ConfigError",
    "Preset",
    "build",
    "check",
    "find",
    "list_models",
    "list_presets",
    "load_preset",
    "on_dataset",
    "override",
    "resolve",
    "schema",
    "without_path",
]

# What checks presets imports all models, and with them Keras; what finds and reads them does not.
_CHECKING = (
    "Preset",
    "check",
    "list_models",
    "load_preset",
    "on_dataset",
    "override",
    "resolve",
    "schema",
    "without_path",
)
__getattr__ = lazily(__name__, {"build": "building", **dict.fromkeys(_CHECKING, "presets")})
