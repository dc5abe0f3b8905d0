"""Specs: choices with arguments of their own, given by name: "vamp", or `{"prior": "vamp", "components": 500}`."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from keras_genzoo.registry import Registry, did_you_mean


class SpecKind:
    """A kind of specs: the registry that they choose from, and the key that names the choice.

    It annotates constructors' arguments, `Annotated[Any, kind]`, from which presets' types are made: see `types.py`.

    Args:
        key: string, the key of a spec that names the choice, and what messages call it: "prior".
        registry: table from names to the classes or functions that make what is chosen.
        given: names of arguments that models pass by themselves, so that a preset's spec does not.

    Example:
        >>> PRIOR = SpecKind("prior", PRIORS, given=("latent_dim", "image_shape"))
        >>> prior, spec = PRIOR.build("VAE.prior", "vamp", latent_dim=64, image_shape=(32, 32, 3))
    """

    def __init__(self, key: str, registry: Registry[Any], given: tuple[str, ...] = ()):
        self.key = key
        self.registry = registry
        self.given = given

    def read(self, where: str, value: Any, given: Collection[str] = ()) -> tuple[Callable[..., Any], dict[str, Any]]:
        """The registered class or function that a spec names, and the spec as a mapping.

        Args:
            where: string, what messages call the argument.
            value: string or mapping.
            given: names of what the model passes by itself.

        Raises:
            ValueError: it is no spec, there is no such entry, or the entry takes no such argument.
        """
        spec = {self.key: value} if isinstance(value, str) else value
        if not isinstance(spec, Mapping) or self.key not in spec:
            raise ValueError(
                f"{where} is {value!r}, but the name of a {self.key}, or a mapping with the key '{self.key}', is "
                "expected."
            )
        name = spec[self.key]
        if name not in self.registry:
            raise ValueError(f"{where}: there is no {self.key} {name!r}; {did_you_mean(name, self.registry)}")
        entry = self.registry[name]
        known = set(keywords(entry)) - set(given)
        for key in spec:
            if key != self.key and key not in known:
                raise ValueError(f"{where}.{key}: '{name}' takes no such argument; {did_you_mean(key, known)}")
        return entry, dict(spec)

    def build(self, where: str, value: Any, **given: Any) -> tuple[Any, dict[str, Any]]:
        """What a spec names, made of the spec's arguments and of those of `given` that it takes.

        Args:
            where: string, what messages call the argument.
            value: string or mapping.
            given: what the model passes by itself.

        Returns:
            what was made, and the spec as a mapping.

        Raises:
            ValueError: as `read`.
        """
        entry, spec = self.read(where, value, given)
        taken = keywords(entry)
        arguments = {key: item for key, item in given.items() if key in taken}
        return entry(**arguments, **{key: item for key, item in spec.items() if key != self.key}), spec


def keywords(entry: Callable[..., Any]) -> list[str]:
    """The names of a class's or function's own arguments."""
    function = entry.__init__ if isinstance(entry, type) else entry  # type: ignore[misc]
    parameters = inspect.signature(function).parameters.values()
    return [item.name for item in parameters if item.name != "self" and item.kind is not item.VAR_KEYWORD]
