"""From a network's spec to the network."""

import contextlib
import typing
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from keras_genzoo.networks import budget
from keras_genzoo.specs import keywords
from keras_genzoo.types import NETWORK, DType, Network


def build_network(
    name: str, value: Network, given: Mapping[str, Any], policy: keras.DTypePolicy
) -> tuple[keras.Model, dict[str, Any] | None]:
    """Builds the network that `value` names; a `keras.Model` is checked, and built if it is not.

    Args:
        name: string, the model's argument, which becomes the network's name.
        value: a registered network's name, a mapping `{"network": name, **arguments}`, or a `keras.Model`.
        given: what the model itself passes to the network's builder (`image_shape`, `latent_dim`, ...).
        policy: the dtype policy of its layers.

    Returns:
        The network, and its spec as a mapping, None for a `keras.Model`.

    Raises:
        ValueError: there is no such network, it cannot take what it is given, it takes no such argument, or it has more
            parameters than are left of `budget.at_most`; a `keras.Model` takes other inputs or has another output.
    """
    if isinstance(value, keras.Model):
        return checked_network(name, value, given), None
    builder, spec = NETWORK.read(name, value, given)
    if missing := sorted(set(given) - set(keywords(builder))):
        raise ValueError(
            f"{name}: the network '{spec['network']}' takes no {', '.join(missing)}, so it cannot be the {name}."
        )
    arguments = {key: spec[key] for key in spec if key != "network"}
    with in_policy(policy), budget.unallocated():
        network = builder(**given, **arguments)
        budget.spend(name, network)
    network.name = name
    return network, spec


def check_policy(policy: keras.DTypePolicy, where: str) -> None:
    """Refuses a dtype policy by which no model is trained.

    Raises:
        ValueError: it is another than those of `types.DType`.
    """
    known = typing.get_args(DType)
    if policy.name not in known:
        raise ValueError(
            f"{where}: the dtype policy is '{policy.name}', but {', '.join(known)} are trained: give dtype=..., or "
            "keras.config.set_dtype_policy one of them."
        )


@contextlib.contextmanager
def in_policy(policy: keras.DTypePolicy) -> Iterator[None]:
    """Lets layers that are made be of this dtype policy, and have channels last."""
    outer = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        with channels_last():
            yield
    finally:
        keras.config.set_dtype_policy(outer)


@contextlib.contextmanager
def channels_last() -> Iterator[None]:
    """Lets layers that are made have channels last, whatever the user's `keras.json` says."""
    outer = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_image_data_format(outer)


def checked_network(name: str, network: keras.Model, given: Mapping[str, Any]) -> keras.Model:
    """Returns a user's own network, built, that takes and gives what the model needs.

    Args:
        name: string, the model's argument.
        network: the network.
        given: what the model would pass to a builder: `image_shape`, `latent_dim`, `outputs`, `conditioning`, ...

    Raises:
        ValueError: it takes other inputs, or has another output.
    """
    images = tuple(given.get("image_shape", ()))
    takes = (given["latent_dim"],) if "latent_dim" in given else images
    gives = (given["outputs"],) if "outputs" in given else tuple(given.get("target_shape", images))
    conditions = [part.input() for part in given.get("conditioning", ())]
    symbols = [keras.KerasTensor((None, *takes)), *(keras.KerasTensor(part.shape, part.dtype) for part in conditions)]
    shapes = ", ".join(str(symbol.shape) for symbol in symbols)
    try:
        output = network(symbols if conditions else symbols[0])
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{name}: the network '{network.name}' does not take {shapes}, as it must: {reason}"
        ) from error
    found: tuple[int | None, ...] = getattr(output, "shape", ())
    scores_patches = given.get("outputs") == 1 and len(found) == 4 and found[-1] == 1
    if found != (None, *gives) and not scores_patches:
        made = found or type(output).__name__
        raise ValueError(
            f"{name}: the network '{network.name}' gives {made} for {shapes}, but {(None, *gives)} is expected."
        )
    squashed = _last_activation(network)
    if squashed and (given.get("outputs") == 1 or given.get("activation") == "linear"):
        warnings.warn(
            f"{name}: the network '{network.name}' ends in a {squashed}, but logits are due, to which the loss applies "
            "its own: leave the last activation out.",
            stacklevel=4,
        )
    elif squashed and given.get("activation", "tanh") == "tanh" and "outputs" not in given:
        warnings.warn(
            f"{name}: the network '{network.name}' ends in a {squashed}, in [0, 1], but images lie in [-1, 1]: end it "
            "in a tanh.",
            stacklevel=4,
        )
    return network


def _last_activation(network: keras.Model) -> str | None:
    """ "sigmoid" or "softmax", where a network visibly ends in one."""
    if not network.layers:
        return None
    last = network.layers[-1]
    if isinstance(last, keras.Model):
        return _last_activation(last)
    activation = getattr(last, "activation", None)
    name = "softmax" if isinstance(last, keras.layers.Softmax) else getattr(activation, "__name__", None)
    return name if name in ("sigmoid", "softmax") else None
