"""From a network's spec to the network."""

from collections.abc import Mapping
from typing import Any

import keras

from keras_genzoo.networks import budget
from keras_genzoo.specs import keywords
from keras_genzoo.types import NETWORK, Network


def build_network(
    name: str, value: Network, given: Mapping[str, Any], policy: keras.DTypePolicy
) -> tuple[keras.Model, dict[str, Any] | None]:
    """Builds the network that `value` names; a `keras.Model` is returned as it is.

    Args:
        name: string, the model's argument, which becomes the network's name.
        value: a registered network's name, a mapping `{"network": name, **arguments}`, or a `keras.Model`.
        given: what the model itself passes to the network's builder (`image_shape`, `latent_dim`, ...).
        policy: the dtype policy of its layers.

    Returns:
        The network, and its spec as a mapping, None for a `keras.Model`.

    Raises:
        ValueError: there is no such network, it cannot take what it is given, it takes no such argument, or it has more
            parameters than are left of `budget.at_most`.
    """
    if isinstance(value, keras.Model):
        return value, None
    builder, spec = NETWORK.read(name, value, given)
    if missing := sorted(set(given) - set(keywords(builder))):
        raise ValueError(
            f"{name}: the network '{spec['network']}' takes no {', '.join(missing)}, so it cannot be the {name}."
        )
    arguments = {key: spec[key] for key in spec if key != "network"}
    outer = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        with budget.unallocated():
            network = builder(**given, **arguments)
            budget.spend(name, network)
    finally:
        keras.config.set_dtype_policy(outer)
    network.name = name
    return network, spec
