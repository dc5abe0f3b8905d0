"""From a preset to a compiled model."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from keras_genzoo.config import limits
from keras_genzoo.config.preset_type import OPTIMIZERS
from keras_genzoo.config.presets import Preset, check, load_preset, sections
from keras_genzoo.config.reading import ConfigError
from keras_genzoo.config.signature import signature_of
from keras_genzoo.files import expanded
from keras_genzoo.model import GenerativeModel
from keras_genzoo.networks.budget import at_most
from keras_genzoo.pretrained import find, list_pretrained, read_inference, weights_of
from keras_genzoo.registry import MODELS, did_you_mean
from keras_genzoo.scalar_schedules import schedule_from
from keras_genzoo.types import Schedule
from keras_genzoo.untrusted import UntrustedError, check_hdf5


def build(
    preset: str | os.PathLike | Mapping[str, Any],
    weights: str | os.PathLike | None = None,
    seed: int | None = None,
    jit_compile: bool | str = "auto",
    pretrained: bool = False,
    **arguments: Any,
) -> GenerativeModel:
    """Builds and compiles the model of a preset.

    Args:
        preset: string, the name of a preset; path of a `.json` file; or a dictionary with the content of such a file.
        weights: path of a `.weights.h5` file to load: the state of a training of the same model.
        seed: integer in [0, 2**32), seeds Python, NumPy and Keras before the weights are drawn; None leaves them.
        jit_compile: bool or "auto", as for `compile`.
        pretrained: bool, whether to load the zoo's newest weights of this preset: see `list_pretrained`.
        arguments: arguments of the model's constructor, instead of the preset's; a network may be a `keras.Model`,
            a scalar that changes in time a Keras schedule.

    Returns:
        The model, ready for `fit`.

    Raises:
        ConfigError: the preset, an argument or the weights are not right, or there are no pretrained ones.

    Example:
        >>> model = build("wgan_gp_ffhq_64", seed=0, critic_steps=3)
        >>> model = build("vae_drawn_faces_32", weights="runs/faces/model.weights.h5")
    """
    preset = load_preset(preset)
    objects = {name: value for name, value in arguments.items() if isinstance(value, keras.Model | Schedule)}
    specs = {name: value for name, value in arguments.items() if name not in objects}
    preset = check({**preset, "arguments": {**preset["arguments"], **specs}}, preset.where)
    model_class = MODELS[preset["model"]]
    _check_objects(model_class, objects, preset)
    path = None if weights is None else _weights(weights)
    if seed is not None:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
            raise ConfigError(f"seed: expected an integer in [0, 2**32), got {seed!r}")
        keras.utils.set_random_seed(seed)

    checked = sections(preset)
    given = checked.arguments.model_dump(exclude_unset=True, by_alias=True)
    given = {name: _schedule(value) for name, value in given.items()}
    try:
        with at_most(limits.MOST_PARAMETERS):
            model = model_class(**{**given, **objects})
    except ValueError as error:
        raise ConfigError(f"{preset.where}: arguments: {error}") from error
    limits.check_step(model, checked.data.batch_size, preset.where)
    try:
        optimizer = checked.compile.model_dump()["optimizer"]
        model.compile(optimizer=_optimizers(optimizer), jit_compile=jit_compile)
    except ValueError as error:
        raise ConfigError(f"{preset.where}: {error}") from error
    if path is not None:
        _load(model, path)
    if pretrained:
        card = find(preset.name)
        if card is None:
            raise ConfigError(f"{preset.where}: there are no pretrained weights; {did_you_mean('', list_pretrained())}")
        read_inference(model, weights_of(card))
    return model


def _check_objects(model_class: type, objects: Mapping[str, Any], preset: Preset) -> None:
    signature = signature_of(model_class)
    for name, value in objects.items():
        if name not in signature:
            raise ConfigError(
                f"{preset.where}: arguments.{name}: {model_class.__name__} takes no such argument; "
                f"{did_you_mean(name, signature)}"
            )
        kind = keras.Model if isinstance(value, keras.Model) else Schedule
        if kind not in getattr(signature[name][0], "__args__", ()):
            raise ConfigError(f"{preset.where}: arguments.{name}: {model_class.__name__} takes no {kind.__name__} here")


def _schedule(value: Any) -> Any:
    return schedule_from(value) if isinstance(value, Mapping) and "class_name" in value else value


def _optimizers(spec: dict[str, Any]) -> Any:
    """The optimizer of `{"class_name": name, "config": {...}}`, or a dictionary from players to theirs."""
    if "class_name" not in spec:
        return {player: _optimizers(own) for player, own in spec.items()}
    try:
        return OPTIMIZERS[spec["class_name"]](**{name: _schedule(value) for name, value in spec["config"].items()})
    except ValueError as error:
        raise ValueError(f"compile.optimizer: {spec['class_name']}: {error}") from error


def _weights(path: str | os.PathLike) -> Path:
    path = expanded(path)
    if not path.name.endswith(".weights.h5"):
        raise ConfigError(f"weights: expected a file that ends in .weights.h5, got '{path}'")
    if not path.is_file():
        raise ConfigError(f"weights: there is no file '{path}'")
    return path


def _load(model: keras.Model, path: Path) -> None:
    try:
        check_hdf5(path)
        with warnings.catch_warnings():  # of what it leaves at its initial values, Keras only warns
            warnings.filterwarnings("error", "Skipping", UserWarning)
            model.load_weights(path)
    except UserWarning as error:
        raise _mismatch(model, path, "it has other layers, or layers of other shapes") from error
    except UntrustedError as error:
        raise _mismatch(model, path, error.reason) from error
    except (OSError, ValueError, KeyError) as error:
        raise _mismatch(model, path, " ".join(str(error).split())[:300]) from error


def _mismatch(model: keras.Model, path: Path, reason: str) -> ConfigError:
    return ConfigError(f"weights: '{path}' is damaged, or not of such a {type(model).__name__}: {reason}")
