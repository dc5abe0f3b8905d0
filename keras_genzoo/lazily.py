"""Imports of a room's names when they are first used, so that what needs no tensors waits for no TensorFlow."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazily(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Makes the `__getattr__` of a package that imports some of its names when they are first used.

    None of the names may be that of a module of the package: once imported, the module would stand in its place.

    Args:
        room: the package's `__name__`.
        homes: from the names to the modules of the package that define them.

    Example:
        >>> __getattr__ = lazily(__name__, {"build": "building"})
    """

    def getattribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{room}' has no attribute '{name}'")
        return getattr(importlib.import_module(f"{room}.{homes[name]}"), name)

    return getattribute
