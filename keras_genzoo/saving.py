"""What Keras saves of a model and what it forgets: config from the constructor, optimizers, seed generators."""

import functools
import inspect
import io
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pydantic
from keras import ops


class Saved(keras.Model):
    """The part of a `GenerativeModel` by which it is written and read again, exactly.

    Config is written once for all models: each constructor argument is kept under its own name, a network's as the
    spec that built it (`_specs`).
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Checks the constructor's arguments against their types, as a preset's are, before it works with them."""
        given = {**dict(zip(list(inspect.signature(cls.__init__).parameters)[1:], args, strict=False)), **kwargs}
        arguments = cls.constructor_arguments()
        for name, value in given.items():
            if name in arguments and arguments[name].annotation is not inspect.Parameter.empty:
                _check(f"{cls.__name__}.{name}", value, arguments[name].annotation)
        return super().__new__(cls, *args, **kwargs)

    @classmethod
    def constructor_arguments(cls) -> dict[str, inspect.Parameter]:
        """The constructor's arguments by name: its own, and those of the bases that its `**kwargs` reach.

        What a base takes by position alone they do not reach.
        """
        found: dict[str, inspect.Parameter] = {}
        unreached = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
        for owner in cls.__mro__:
            if "__init__" not in vars(owner):
                continue
            parameters = inspect.signature(vars(owner)["__init__"]).parameters.values()
            for parameter in parameters:
                if parameter.name != "self" and parameter.kind not in unreached:
                    found.setdefault(parameter.name, parameter)
            if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
                break
        return found

    def get_config(self) -> dict[str, Any]:
        """Every constructor argument, under its own name, as JSON takes it."""
        config = {}
        for name in self.constructor_arguments():
            if name == "dtype":
                value = self.dtype_policy.name
            else:
                value = self._specs[name] if name in self._specs else getattr(self, name)
            if isinstance(value, keras.Model | keras.optimizers.schedules.LearningRateSchedule):
                value = keras.saving.serialize_keras_object(value)
            config[name] = _plain(value)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The inverse of `get_config`."""
        arguments = {
            name: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            if isinstance(value, dict) and "class_name" in value
            else value
            for name, value in config.items()
        }
        return cls(**arguments)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves the model as a `.keras` file, as Keras does.

        Raises:
            ValueError: the file is of Keras' older format, which holds no model of a class of its own.
        """
        if not str(filepath).endswith(".keras"):
            raise ValueError(
                f"{type(self).__name__}.save: '{filepath}' must end in .keras: older formats could not be loaded."
            )
        super().save(filepath, overwrite=overwrite, **kwargs)

    def _seed_states(self) -> list[keras.Variable]:
        """The states of all seed generators, which Keras does not save: this model's and its layers' (Dropout)."""
        generators = [g for layer in self._flatten_layers() for g in layer._seed_generators]
        return [g.state for g in dict.fromkeys(generators) if g is not self._validation_seeds]

    def state(self) -> memoryview:
        """All that a training goes on from, as the content of a `.weights.h5` file.

        It is made in memory: where a disk gets full while HDF5 writes, HDF5 (seen with h5py 3.14) kills the process.
        """
        file = WeightsFile()
        self.save_weights(file)
        return file.getbuffer()

    def reseed(self, number: int) -> None:
        """Lets all that is drawn from now on be other numbers: a function of the seeds' states and `number`."""
        for state in self._seed_states():
            words = np.random.SeedSequence([*map(int, ops.convert_to_numpy(state)), number]).generate_state(2)
            state.assign(ops.cast(words, state.dtype))

    def not_finite(self) -> list[str]:
        """What of this model's state holds NaN or infinity: the paths of variables, its optimizers' among them."""
        passing = {id(variable) for variable in self.metrics_variables}
        variables = {id(variable): variable for variable in (*self.variables, *self._optimizer_variables())}
        floats = [variable for key, variable in variables.items() if "float" in variable.dtype and key not in passing]
        if not floats:
            return []
        finite = ops.convert_to_numpy(ops.stack([ops.all(ops.isfinite(variable)) for variable in floats]))
        return [variable.path for variable, is_finite in zip(floats, finite, strict=True) if not is_finite]

    def _optimizer_variables(self) -> list[keras.Variable]:
        optimizer = getattr(self, "optimizer", None)  # Keras sets it in `compile`
        return [] if optimizer is None else optimizer.variables

    def save_own_variables(self, store: Any) -> None:
        """Saves the seed generators' states beside this model's own variables."""
        super().save_own_variables(store)
        for number, state in enumerate(self._seed_states()):
            store[f"seed_{number}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` saved."""
        states = self._seed_states()
        names = [f"seed_{number}" for number in range(len(states))]
        saved = [name for name in store.keys() if name.startswith("seed_")]  # noqa: SIM118 - an HDF5 store
        if len(saved) != len(names):
            raise ValueError(
                f"{type(self).__name__}: the file holds the state of {len(saved)} seed generators, this model has "
                f"{len(names)}: it was saved by a model with other arguments."
            )
        super().load_own_variables({name: store[name] for name in store.keys() if name not in names})  # noqa: SIM118
        for state, name in zip(states, names, strict=True):
            state.assign(store[name])


class WeightsFile(io.BytesIO):
    """A file in memory with a name: Keras (3.15) takes any file but looks at how its name ends."""

    def __str__(self) -> str:
        return "model.weights.h5"


def _check(where: str, value: Any, annotation: Any) -> None:
    """Raises a ValueError unless a value is of a type, and within its bounds."""
    try:
        _adapter(annotation).validate_python(python_numbers(value))
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{where} is {value!r:.80}: {first['msg'][0].lower()}{first['msg'][1:]}.") from None


@functools.lru_cache
def _adapter(annotation: Any) -> pydantic.TypeAdapter:
    return pydantic.TypeAdapter(annotation, config=pydantic.ConfigDict(arbitrary_types_allowed=True))


def python_numbers(value: Any) -> Any:
    """A value, or those of a tuple or list, without NumPy's scalars, which Keras' layers refuse."""
    if isinstance(value, np.generic):
        return value.item()
    return type(value)(map(python_numbers, value)) if type(value) in (list, tuple) else value


def _plain(value: Any) -> Any:
    """`value` without the containers by which Keras tracks attributes."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return python_numbers(value)
