"""How many parameters networks may have: they are counted before any memory is taken for them."""

import contextlib
import contextvars
from collections.abc import Iterator

import keras
from keras.src.backend.common import global_state  # there is no public way to forget variables that wait

_LEFT: contextvars.ContextVar[int | None] = contextvars.ContextVar("parameters_left", default=None)


@contextlib.contextmanager
def at_most(parameters: int) -> Iterator[None]:
    """Lets the networks that are built inside have at most `parameters` in all; outside there is no limit.

    Use it around what builds networks as somebody else has described them.

    Args:
        parameters: integer.

    Example:
        >>> with at_most(500_000_000):
        ...     model = VAE(**arguments)
    """
    token = _LEFT.set(parameters)
    try:
        yield
    finally:
        _LEFT.reset(token)


def spend(name: str, network: keras.Model) -> None:
    """Takes a network's parameters from what is left.

    Args:
        name: string, what the error message calls the network.
        network: a built model; its variables need no memory yet.

    Raises:
        ValueError: it has more than that.
    """
    left, count = _LEFT.get(), network.count_params()
    if left is None:
        return
    if count > left:
        raise ValueError(
            f"{name}: {count:,} parameters, but at most {left:,} more may be in this model: give fewer filters, "
            "smaller kernels, latents or images."
        )
    _LEFT.set(left - count)


@contextlib.contextmanager
def unallocated(keep: bool = True) -> Iterator[None]:
    """Variables that are made inside have a shape and no memory; this they get at the end, unless there was an error.

    Their values are those that they would have had: initializers draw their seeds when they are made.

    Args:
        keep: bool, whether they get memory; without it, what was made inside is for looking at its shapes alone.
    """
    scope, before = keras.StatelessScope(initialize_variables=False), len(_waiting())
    try:
        with scope:
            yield
        made = _waiting()[before:]
        if not keep:
            del _waiting()[before:]
            return
        with keras.StatelessScope():  # whose end, if it is the outermost, gives memory to all that wait for it
            pass
    except BaseException:
        del _waiting()[before:]
        raise
    for variable in made:  # what was assigned inside
        if (value := scope.get_current_value(variable)) is not None:
            variable.assign(value)


def _waiting() -> list[keras.Variable]:
    return global_state.get_global_attribute("uninitialized_variables", [], set_to_default=True)
