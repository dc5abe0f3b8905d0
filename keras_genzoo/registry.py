"""Registries: closed tables from a name to a class or function, and the nearest right name for a wrong one."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """The end of an error message: the nearest of `names` to `name`, or all of them if none is near.

    Example:
        >>> did_you_mean("dcgann", ["vae", "dcgan"])
        "did you mean 'dcgan'?"
    """
    names = sorted(names)
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names) or 'none'}"


class Registry(Mapping[str, T]):
    """A table from names to classes or functions that refuses a second entry of one name.

    Args:
        kind: string, what is registered here, as error messages call it.

    Example:
        >>> MODELS = Registry("model")
        >>> @MODELS.register("vae")
        ... class VAE: ...
        >>> MODELS["vaee"]
        ValueError: there is no model 'vaee': did you mean 'vae'?
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[Any], Any]:
        """A decorator that enters what it decorates under `name`.

        Raises:
            ValueError: `name` is taken, or is not made of lowercase letters, digits and underscores.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{self.kind} name {name!r} must be lowercase letters, digits and '_', at most 64.")

        def enter(entry: Any) -> Any:
            if name in self._entries:
                raise ValueError(f"{self.kind} '{name}' is registered already, as {self._entries[name]!r}.")
            self._entries[name] = entry
            return entry

        return enter

    def name_of(self, entry: object) -> str:
        """The name under which `entry` was registered."""
        return next(name for name, registered in self._entries.items() if registered is entry)

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name]
        except (KeyError, TypeError):
            raise ValueError(f"there is no {self.kind} {name!r}: {did_you_mean(name, self)}") from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def read_as(dataset: str) -> Callable[[Any], Any]:
    """A decorator of a dataset without a folder: given one by the user, it becomes the dataset `dataset`.

    Without it a dataset becomes `image_folder`; a dataset with an argument `path` stays itself.
    """

    def mark(function: Any) -> Any:
        function.read_as = dataset
        return function

    return mark


def folder_dataset(dataset: str) -> str:
    """The dataset that reads the folder which a user gives in the place of the images of `dataset`."""
    function = DATASETS[dataset]
    return dataset if "path" in inspect.signature(function).parameters else getattr(function, "read_as", "image_folder")


MODELS: Registry[type] = Registry("model")
NETWORKS: Registry[Callable[..., Any]] = Registry("network")
DATASETS: Registry[Callable[..., Any]] = Registry("dataset")
LIKELIHOODS: Registry[type] = Registry("likelihood")
PRIORS: Registry[type] = Registry("prior")
POSTERIORS: Registry[type] = Registry("posterior")
REGULARIZERS: Registry[type] = Registry("regularizer")
DISCRIMINATOR_AUGMENTATIONS: Registry[type] = Registry("augmentation")
