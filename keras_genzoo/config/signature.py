"""From typed signatures to pydantic models: presets are checked against the constructors' own types."""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Union

import pydantic
from pydantic_core import PydanticCustomError

from keras_genzoo.registry import did_you_mean

Fields = dict[str, tuple[Any, Any]]
"""Keywords: a dictionary from each name to its type and its default, `...` where it has none."""

_NO_KEYWORDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)


class Section(pydantic.BaseModel):
    """An object in a preset: nothing beyond its fields, and no value of another type."""

    model_config = pydantic.ConfigDict(
        strict=True, extra="forbid", validate_default=True, allow_inf_nan=False, protected_namespaces=()
    )
    refusal: ClassVar[str]
    instead: ClassVar[Mapping[str, str]] = {}

    @pydantic.model_validator(mode="before")
    @classmethod
    def _know_keys(cls, value: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        for key in value if isinstance(value, Mapping) else ():
            if key not in names:
                raise refused(f"{cls.refusal}; {cls.instead.get(key) or did_you_mean(key, names)}", key)
        return value


def section(title: str, refusal: str, fields: Fields, instead: Mapping[str, str] | None = None) -> type[Section]:
    """Makes a `Section`.

    Args:
        title: string, its name in the JSON Schema.
        refusal: string, the message for an unknown key: "VAE takes no such argument".
        fields: the keys that it takes, less those of `instead`.
        instead: for keys that might be expected here, what to do instead.
    """
    instead = instead or {}
    definitions: dict[str, Any] = {}
    for name, (kind, default) in fields.items():
        if name in instead:
            continue
        if hasattr(pydantic.BaseModel, name):  # "schema", "copy", ...: pydantic keeps these names for itself
            definitions[f"{name}_"] = (kind, pydantic.Field(default, alias=name))
        else:
            definitions[name] = (kind, default)
    made = pydantic.create_model(title, __base__=Section, **definitions)
    made.refusal, made.instead = refusal, instead
    return made


def signature_of(function: Callable[..., Any], infer: Callable[[inspect.Parameter], Any] | None = None) -> Fields:
    """The typed keywords of a function or class.

    A class whose constructor takes `**kwargs` has its bases' keywords too, down to Keras' own classes; what takes its
    place by position alone is no keyword.

    Args:
        function: function or class.
        infer: function that gives the type of a parameter without annotation.

    Raises:
        TypeError: a keyword has no type.
    """
    fields: Fields = {}
    for constructor in _constructors(function) if isinstance(function, type) else (function,):
        hints = typing.get_type_hints(constructor, include_extras=True)
        parameters = inspect.signature(constructor).parameters.values()
        for parameter in parameters:
            if parameter.name == "self" or parameter.kind in _NO_KEYWORDS:
                continue
            if parameter.name not in hints and infer is None:
                raise TypeError(f"{function.__qualname__}: the argument '{parameter.name}' needs a type, for presets.")
            kind = hints[parameter.name] if parameter.name in hints else infer(parameter)  # type: ignore[misc]
            default = ... if parameter.default is parameter.empty else parameter.default
            fields.setdefault(parameter.name, (kind, default))
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            break
    return fields


def _constructors(made: type) -> list[Callable[..., Any]]:
    bases = [base for base in made.__mro__ if base is made or not base.__module__.startswith(("keras.", "builtins"))]
    return [vars(base)["__init__"] for base in bases if "__init__" in vars(base)]


def one_of(
    kind: str,
    key: str,
    arms: Mapping[str, Any],
    by_name: bool = False,
    aliases: Mapping[str, str] | None = None,
    other: Any = None,
) -> Any:
    """The type of an object whose `key` says which of `arms` it is.

    Args:
        kind: string, what the arms are, for error messages.
        key: string.
        arms: dictionary from a value of `key` to the type of such objects.
        by_name: bool, whether the bare name may stand for an object with no other key.
        aliases: dictionary from other names to those of `arms`.
        other: type of what may stand in the object's place, such as a number; None for nothing.
    """
    names = {**{name: name for name in arms}, **(aliases or {})}

    def check(value: Any) -> Any:
        named = by_name and isinstance(value, str)
        if named:
            value = {key: value}
        if not isinstance(value, Mapping):
            if other is None or (other is type(None) and value is not None):
                short = f"the name of the {kind} or " if by_name else ""
                null = " or null" if other is not None else ""
                raise refused(f"expected {short}an object with '{key}'{null}, got {value!r}")
            return value
        if key not in value:
            raise refused(f"is missing, and names the {kind}; there are: {', '.join(sorted(arms))}", key)
        name = value[key]
        if not isinstance(name, str) or name not in names:
            raise refused(f"there is no {kind} {name!r}; {did_you_mean(name, names)}", None if named else key)
        return {**value, key: names[name]}

    def tag(value: Any) -> Any:
        if isinstance(value, Mapping):
            return value.get(key)
        return getattr(value, key) if isinstance(value, Section) else "other"

    choices = [Annotated[arm, pydantic.Tag(name)] for name, arm in arms.items()]
    if other is not None:
        choices.append(Annotated[other, pydantic.Tag("other")])
    union: Any = Annotated[Union[tuple(choices)], pydantic.Discriminator(tag)]  # noqa: UP007 - of a computed tuple
    published = Union[Literal[tuple(names)], union] if by_name else union  # noqa: UP007
    return Annotated[union, pydantic.BeforeValidator(check, json_schema_input_type=published)]


def accepted_by(function: Callable[..., Any]) -> pydantic.AfterValidator:
    """A check that `function` takes the fields of a section as its keywords without a ValueError."""

    def check(value: Section) -> Section:
        try:
            function(**value.model_dump(by_alias=True))
        except ValueError as error:
            raise refused(str(error)) from error
        return value

    return pydantic.AfterValidator(check)


def refused(message: str, key: str | None = None) -> PydanticCustomError:
    """An error at this place, or at the key `key` of it."""
    return PydanticCustomError("refused", "{message}", {"message": message, "key": key})
