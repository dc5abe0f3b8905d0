"""keras_genzoo: a zoo of image generative models for Keras 3.

`import keras_genzoo as genzoo`; then `genzoo.build("vae_drawn_faces_32")` is a compiled `keras.Model`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from keras_genzoo.version import __version__

if TYPE_CHECKING:
    from keras_genzoo.artifacts import from_pretrained, load
    from keras_genzoo.config import build, list_models, list_presets, load_preset
    from keras_genzoo.data import Stream, load_data
    from keras_genzoo.evaluation import evaluate
    from keras_genzoo.pretrained import list_pretrained
    from keras_genzoo.training import train

__all__ = [
    "Stream",
    "__version__",
    "build",
    "evaluate",
    "from_pretrained",
    "list_models",
    "list_presets",
    "list_pretrained",
    "load",
    "load_data",
    "load_preset",
    "train",
]

# Loaded when first asked for, so that the import is quick.
_HOME = {
    "Stream": "data",
    "build": "config",
    "evaluate": "evaluation",
    "from_pretrained": "artifacts",
    "list_models": "config",
    "list_presets": "config",
    "list_pretrained": "pretrained",
    "load": "artifacts",
    "load_data": "data",
    "load_preset": "config",
    "train": "training",
}
_ROOMS = (
    "callbacks",
    "counter_rng",
    "data",
    "evaluation",
    "features",
    "images",
    "layers",
    "losses",
    "metrics",
    "models",
    "networks",
    "scalar_schedules",
    "training",
    "uses",
)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"keras_genzoo.{_HOME[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"keras_genzoo.{name}")
    raise AttributeError(f"module 'keras_genzoo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
