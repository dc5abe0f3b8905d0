"""The type of presets: one pydantic type, made from the signatures of all that is registered."""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union

import keras
import pydantic
from annotated_types import Ge, Gt, Le, Len, Lt

from keras_genzoo.config.signature import Fields, Section, accepted_by, one_of, refused, section, signature_of
from keras_genzoo.data import AUGMENTATIONS
from keras_genzoo.optimizers import ScheduledAdam
from keras_genzoo.registry import DATASETS, MODELS
from keras_genzoo.scalar_schedules import SCHEDULES
from keras_genzoo.specs import SpecKind
from keras_genzoo.types import SPEC_KINDS, Count, Momentum, Scalar, Schedule

SCHEMA = 2
"""The version of the presets' format that this package reads and writes."""

OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "Adadelta": keras.optimizers.Adadelta,
    "Adafactor": keras.optimizers.Adafactor,
    "Adagrad": keras.optimizers.Adagrad,
    "Adam": keras.optimizers.Adam,
    "AdamW": keras.optimizers.AdamW,
    "Adamax": keras.optimizers.Adamax,
    "Ftrl": keras.optimizers.Ftrl,
    "Lamb": keras.optimizers.Lamb,
    "Lion": keras.optimizers.Lion,
    "Nadam": keras.optimizers.Nadam,
    "RMSprop": keras.optimizers.RMSprop,
    "SGD": keras.optimizers.SGD,
    "ScheduledAdam": ScheduledAdam,
}
"""The optimizers that a preset may name, by class name."""

# Keys that might be expected in a preset but would repeat what is given elsewhere; and where.
_OF_DATASETS = {
    "size": "it follows from arguments.image_shape",
    "channels": "it follows from arguments.image_shape",
    "target_channels": "it follows from arguments.target_shape",
    "path": "it reads no folder; --data FOLDER trains on one",
    "read": "genzoo train --dry-run reads headers alone",
}
_OF_OPTIMIZERS = {
    **dict.fromkeys(("use_ema", "ema_momentum", "ema_overwrite_frequency"), "set arguments.ema_momentum instead"),
    "loss_scale_factor": "losses are scaled where arguments.dtype asks for it",
    "name": "an optimizer is named after its player",
}

# Keras does not annotate its constructors; these are the types that their defaults do not tell.
_KERAS_TYPES: dict[str, Any] = {
    "learning_rate": Scalar,
    "beta_1": Momentum,
    "beta_2": Momentum,
    "rho": Momentum,
    "momentum": Momentum,
    "boundaries": Annotated[tuple[int, ...], Len(1)],
    "values": Annotated[tuple[float, ...], Len(2)],
}


class Fit(Section):
    """The arguments of `fit`."""

    refusal = "fit takes no such key"
    epochs: Count
    steps_per_epoch: Count | None = None


def preset_type() -> pydantic.TypeAdapter:
    """The type of a preset of any registered model."""
    tables: tuple[Mapping[str, Any], ...] = MODELS, DATASETS, AUGMENTATIONS, *(kind.registry for kind in SPEC_KINDS)
    return _preset_type(*(tuple(table.items()) for table in tables))


@functools.lru_cache(maxsize=4)  # a registry can grow
def _preset_type(*_: tuple[tuple[str, Any], ...]) -> pydantic.TypeAdapter:
    data = one_of("dataset", "dataset", {name: _data(name, DATASETS[name]) for name in DATASETS})
    return pydantic.TypeAdapter(one_of("model", "model", {name: _preset(name, MODELS[name], data) for name in MODELS}))


def _preset(name: str, model: type, data: Any) -> type[Section]:
    arguments = {key: (_specs(kind), default) for key, (kind, default) in signature_of(model).items()}
    optimizer = (_optimizers(), getattr(model, "default_optimizer", ...))
    training = section(f"{name}_compile", "compile takes no such key", {"optimizer": optimizer})
    fields: Fields = {
        "schema": (Literal[SCHEMA], ...),
        "model": (Literal[name], ...),
        "about": (str, ""),
        "data": (data, ...),
        "arguments": (section(f"{name}_arguments", f"{model.__name__} takes no such argument", arguments), ...),
        "compile": (training, {} if optimizer[1] is not ... else ...),
        "fit": (Fit, ...),
    }
    return section(name, "a preset takes no such key", fields)


def _data(name: str, function: Callable[..., Any]) -> type[Section]:
    fields: Fields = {
        "dataset": (Literal[name], ...),
        "batch_size": (Annotated[int, Ge(1), Le(65536)], ...),
        "augment": (tuple[Literal[tuple(AUGMENTATIONS)], ...], ()),  # type: ignore[misc]
        "labeled": (Count | None, None),
        "labeled_share": (Annotated[float, Gt(0), Lt(1)] | None, None),
    }
    options = signature_of(function)
    if "cache" in options:  # a preset of somebody else must not say where files are written and swept
        options["cache"] = (Annotated[None, pydantic.BeforeValidator(_no_cache)], None)
    elsewhere = {key: where for key, where in _OF_DATASETS.items() if key != "path" or "path" not in options}
    return section(f"{name}_data", f"dataset '{name}' takes no such key", {**fields, **options}, elsewhere)


def _no_cache(value: Any) -> None:
    if value is not None:
        raise refused("expected null: a preset does not say where files are kept; set GENZOO_CACHE instead")


def _specs(annotation: Any) -> Any:
    """The type of what a preset may give for an argument of type `annotation`: specs in the place of objects."""
    union = typing.get_origin(annotation) in (Union, types.UnionType)
    arms = typing.get_args(annotation) if union else (annotation,)
    objects = [arm for arm in arms if isinstance(arm, type) and issubclass(arm, keras.Model | Schedule)]
    kinds = {arm: kind for arm in arms if (kind := _kind(arm)) is not None}
    plain = tuple(_items(arm) for arm in arms if arm not in kinds and arm not in objects)
    other = Union[plain] if plain else None  # noqa: UP007 - of a computed tuple
    for kind in kinds.values():
        entries = tuple(kind.registry.items())
        return one_of(kind.key, kind.key, _sections(kind, entries), by_name=True, other=other)
    return one_of("schedule", "class_name", _schedules(), other=other) if Schedule in arms else other


def _kind(annotation: Any) -> SpecKind | None:
    """The kind of specs that an annotation stands for, if any."""
    return next((item for item in getattr(annotation, "__metadata__", ()) if isinstance(item, SpecKind)), None)


def _items(annotation: Any) -> Any:
    """The type of what a preset may give for an argument without specs, or for a list of them."""
    item, *rest = typing.get_args(annotation) or (None,)
    return tuple[_specs(item), ...] if rest == [...] and _kind(item) else annotation  # type: ignore[misc]


@functools.lru_cache(maxsize=4 * len(SPEC_KINDS))  # a registry can grow
def _sections(kind: SpecKind, entries: tuple[tuple[str, Callable[..., Any]], ...]) -> dict[str, type[Section]]:
    """The types of all specs of a kind, by name."""
    passed = dict.fromkeys(kind.given, "the model passes it by itself")
    made = {}
    for name, entry in entries:
        arguments = {key: (_specs(annotation), default) for key, (annotation, default) in signature_of(entry).items()}
        fields = {kind.key: (Literal[name], ...), **arguments}
        made[name] = section(f"{name}_{kind.key}", f"'{name}' takes no such argument", fields, passed)
    return made


@functools.cache
def _schedules() -> dict[str, Any]:
    over = {"over": (Literal["steps", "images"], "steps")}  # train steps, or the images seen
    return {name: _keras_class(name, made, accepted_by(made), more=over) for name, made in SCHEDULES.items()}


@functools.cache
def _optimizers() -> Any:
    """An optimizer, or a dictionary from players to theirs; names may be in lowercase, as Keras has them."""
    arms = {name: _keras_class(name, made) for name, made in OPTIMIZERS.items()}
    lowercase = {name.lower(): name for name in OPTIMIZERS}
    optimizer: Any = one_of("optimizer", "class_name", arms, by_name=True, aliases=lowercase)
    players: Any = Annotated[dict[str, optimizer], Len(1)]

    def tag(value: Any) -> str:
        return "players" if isinstance(value, dict) and "class_name" not in value else "optimizer"

    choices = Annotated[optimizer, pydantic.Tag("optimizer")] | Annotated[players, pydantic.Tag("players")]
    return Annotated[choices, pydantic.Discriminator(tag)]


def _keras_class(name: str, made: type, *checks: Any, more: Fields | None = None) -> type[Section]:
    """The type of `{"class_name": name, "config": {...}}`, and `more` keys, for one of Keras' classes."""
    own = {key: (_specs(kind), default) for key, (kind, default) in signature_of(made, _type_of_keras).items()}
    config: Any = section(f"{name}_config", f"{name} takes no such argument", own, _OF_OPTIMIZERS)
    for check in checks:
        config = Annotated[config, check]
    required = any(default is ... for _, default in own.values())
    fields: Fields = {"class_name": (Literal[name], ...), "config": (config, ... if required else {})}
    keys = ["config", *(more or {})]
    return section(name, f"beside class_name there is only {' and '.join(keys)}", {**fields, **(more or {})})


def _type_of_keras(parameter: inspect.Parameter) -> Any:
    name, default = parameter.name, parameter.default
    if name in _KERAS_TYPES:
        return _KERAS_TYPES[name]
    if isinstance(default, bool | str):
        return type(default)
    number: Any = Annotated[int, Ge(0)] if name.endswith("steps") else float
    return number | None if default is None else number
