"""Averages: exponential moving averages of networks, which make the images while the networks themselves train."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
from keras import ops

Tensor = Any

_RAMP = 0.05  # of the images seen, as a half-life: Karras et al. 2020, arXiv:1912.04958, their code's `ema_rampup`


class Averaged(keras.Model):
    """The part of a `GenerativeModel` that averages the weights of networks.

    An average is a network of its own, in the attribute `ema` if there is one, else in `ema_<name>` for each.
    Statistics of batch normalization are averaged as all other weights.
    """

    ema_of: ClassVar[str | tuple[str, ...] | None] = None
    """The network, or networks, that are averaged if the user asks for it."""

    def _set_averages(self, momentum: float | None, half_life: int | None) -> None:
        where = type(self).__name__
        if self.ema_of is None and (momentum, half_life) != (None, None):
            asked = "ema_half_life" if momentum is None else "ema_momentum"
            raise ValueError(f"{where} has no network to average: leave {asked} out.")
        if momentum is not None and half_life is not None:
            raise ValueError(f"{where}: ema_momentum={momentum:g} and ema_half_life={half_life:,}: give one of them.")
        self.ema_momentum = momentum
        self.ema_half_life = half_life
        self.ema: keras.Model | None = None

    def averages(self) -> dict[str, str]:
        """The names of the averaged networks, and of the attributes that hold their averages."""
        if self.ema_of is None or (self.ema_momentum is None and self.ema_half_life is None):
            return {}
        if isinstance(self.ema_of, str):
            return {self.ema_of: "ema"}
        return {name: f"ema_{name}" for name in self.ema_of}

    def averaged(self, name: str) -> keras.Model:
        """The average of a network, or where there is none the network itself."""
        found = self.averages().get(name)
        return getattr(self, name) if found is None else getattr(self, found)

    def renew_averages(self, earlier: dict[int, Any] | None = None) -> None:
        """Makes the averages of the networks that the model has now.

        Args:
            earlier: what `average_values` gave before the networks were changed: weights that were averaged before keep
                their average, others begin at what they are.
        """
        for name, attribute in self.averages().items():
            network = getattr(self, name)
            average = keras.models.clone_model(network)
            average.name = f"{name}_ema"
            # As arrays: on JAX a weight and its average must not share their memory.
            present = zip(network.weights, network.get_weights(), strict=True)
            average.set_weights([(earlier or {}).get(id(weight), value) for weight, value in present])
            average.trainable = False
            setattr(self, attribute, average)

    def average_values(self) -> dict[int, Any]:
        """The average of each averaged weight, as an array, by the identity of the weight's variable."""
        pairs = [
            pair
            for name, attribute in self.averages().items()
            for pair in zip(getattr(self, name).weights, getattr(self, attribute).weights, strict=True)
        ]
        return {id(weight): ops.convert_to_numpy(average) for weight, average in pairs}

    def update_averages(
        self, steps: Tensor, images_seen: Tensor, images: Tensor, moved: Mapping[str, Tensor] | None = None
    ) -> None:
        """Moves the averages after a train step.

        The momentum starts low and rises to `ema_momentum`, so that the initial weights are soon forgotten; likewise
        the half-life, which is at most a twentieth of the images seen.

        Args:
            steps: integer scalar, train steps before this one.
            images_seen: integer scalar, images before this step.
            images: integer scalar, images of this step, over all replicas.
            moved: bool scalars by the names of networks: whether the step moved the network, as it does by default.
        """
        pairs = self.averages()
        if not pairs:
            return
        if self.ema_half_life is None:
            step = ops.cast(steps, "float32")
            momentum = ops.minimum(self.ema_momentum, (1.0 + step) / (10.0 + step))
        else:
            count = ops.cast(images, "float32")
            half_life = ops.minimum(float(self.ema_half_life), _RAMP * (ops.cast(images_seen, "float32") + count))
            momentum = ops.power(0.5, count / half_life)
        for name, attribute in pairs.items():
            weights, averages = getattr(self, name).weights, getattr(self, attribute).weights
            part = 1.0 - momentum
            if moved and name in moved:
                part = ops.where(moved[name], part, 0.0)
            for average, weight in zip(averages, weights, strict=True):
                average.assign(average + part * (ops.cast(weight, average.dtype) - average))
