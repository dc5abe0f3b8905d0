"""What the configuration in a `.keras` file may name: parts of Keras that compute and do nothing else.

A name is resolved as Keras resolves it, in each of the ways that Keras has, and what it stands for is compared with a
closed list: there are many ways to write a name. What is registered with Keras in this process is code of the user's.
"""

import functools
import re
import sys
from typing import Any

import keras

from keras_genzoo.untrusted.files import UntrustedError

MOST_DEPTH = 200
"""Levels of the JSON: models within models within models."""

_CLASSES = re.compile(
    r"""keras\.src\.(
    layers\.(activations|attention|convolutional|core|merging|normalization|pooling|regularization|reshaping|rnn)\..+
    | layers\.(input_spec|layer)
    | layers\.preprocessing\.(image_preprocessing\..+ | normalization | pipeline | rescaling)
    | models\.(functional|model|sequential)
    | (initializers|regularizers|constraints|dtype_policies|quantizers|optimizers|losses|metrics)\..+
    | ops\.(numpy|nn|math|linalg|image)
    | random\.seed_generator | applications\.convnext
    )""",
    re.VERBOSE,
)
"""The modules whose classes only compute."""
_FUNCTIONS = re.compile(r"keras\.src\.(activations|losses|metrics)\..+|keras\.src\.ops\.nn")
_ELEMENTWISE = {"abs", "cos", "exp", "sin", "sqrt", "square", "tanh"}  # of keras.src.ops.numpy: activations
_OPERATIONS = {"Cast", "Slice", "SliceUpdate", "StopGradient", "Unstack"}  # of keras.src.ops.core
_RUNNING = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "__lambda__"}
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"}
_NUMBERS = re.compile(r"bool|(bfloat|float|int|uint|complex)\d{1,3}(_e\dm\d\w*)?")
# Where a name without a module, and a function of "builtins", is searched for.
_NAMESPACES = (
    "layers",
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "dtype_policies",
)


def check_config(config: Any, where: str) -> None:
    """Refuses a configuration that names anything but what computes.

    Args:
        config: JSON, the content of `config.json`.
        where: string, its name in error messages.

    Raises:
        UntrustedError: it names code, classes or functions that are neither on the list nor registered, or it is
            nested too deep.
    """
    waiting = [(config, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise UntrustedError(where, f"nested deeper than {MOST_DEPTH} levels")
        if isinstance(value, dict) and "class_name" in value:
            _check_named(value, where)
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((item, depth + 1) for item in items)


def _check_named(value: dict[str, Any], where: str) -> None:
    name, module = value["class_name"], value.get("module")
    registered = value.get("registered_name") or name
    if not all(isinstance(text, str) for text in (name, module or "", registered)):
        raise UntrustedError(where, "has a class_name, module or registered_name that is not a text")
    if name in _VALUES:
        _check_values(value.get("config"), where)
        return
    if name.rpartition(".")[2] in _RUNNING:
        raise UntrustedError(where, f"holds a {name}, which is code, and code of strangers is not run")
    shown = f"{module}.{name}" if module else name
    if name == "function":
        name = registered = value.get("config")
        if not isinstance(name, str):
            raise UntrustedError(where, "names a function by something that is not a text")
        shown = f"{module}.function {name}" if module else name
    found = _found(name, module, registered)
    if not found or not all(map(_computes, found)):
        raise UntrustedError(
            where, f"names {shown[:100]!r}, which is neither registered with Keras nor a part of it that only computes"
        )


def _check_values(config: Any, where: str) -> None:
    """Values are as long as their file; a type such as "U1000000000" would make them longer."""
    dtype = config.get("dtype", "float32") if isinstance(config, dict) else "float32"
    if not isinstance(dtype, str) or not _NUMBERS.fullmatch(dtype):
        raise UntrustedError(where, f"holds values of type {str(dtype)[:60]!r}: numbers are expected")


def _found(name: str, module: str | None, registered: str) -> list[Any]:
    """All that Keras could take a name for, by its registry, its public names and its modules."""
    if (own := keras.saving.get_registered_object(registered)) is not None:
        return [own]  # which Keras takes first
    if module in (None, "builtins"):
        places = [f"keras.{namespace}.{name}" for namespace in _NAMESPACES] + [f"keras.{name}"]
        return [found for place in places if (found := _public(place)) is not None]
    if module != "keras" and not module.startswith("keras."):
        return []
    # Modules that are not imported yet are not imported for a stranger.
    candidates = (_public(f"{module}.{name}"), vars(sys.modules.get(module, object)).get(name))
    return [found for found in candidates if found is not None]


def _public(place: str) -> Any:
    try:
        return functools.reduce(getattr, place.split(".")[1:], keras)
    except AttributeError:
        return None


def _computes(found: Any) -> bool:
    module, name = getattr(found, "__module__", None) or "", getattr(found, "__name__", "")
    if not isinstance(found, type):
        listed = _FUNCTIONS.fullmatch(module) or (module == "keras.src.ops.numpy" and name in _ELEMENTWISE)
        return callable(found) and bool(listed or (not module.startswith("keras.") and _is_registered(found)))
    if issubclass(found, keras.layers.Lambda) and module.startswith("keras."):
        return False
    if module == "keras.src.ops.core":
        return name in _OPERATIONS
    return bool(_CLASSES.fullmatch(module)) or (not module.startswith("keras.") and _is_registered(found))


def _is_registered(found: Any) -> bool:
    return keras.saving.get_registered_object(keras.saving.get_registered_name(found)) is found
