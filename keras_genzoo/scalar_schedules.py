"""Scalars that change in time: a number, or a Keras `LearningRateSchedule` of steps, or of the images seen."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import keras
from annotated_types import Ge, Gt, Le, Lt
from keras import ops

from keras_genzoo.registry import did_you_mean
from keras_genzoo.types import NonNegative, Schedule


@keras.saving.register_keras_serializable("keras_genzoo")
class CyclicRamp(Schedule):
    """Rises in a straight line from `low` to `high`, stays there, and starts again, `num_cycles` times.

    Use it as the weight of a VAE's KL term: each restart lets the encoder put information into latents that the prior
    had emptied. After the last cycle the value stays at `high`.

    Reference:
        Fu et al. 2019, "Cyclical annealing schedule: a simple approach to mitigating KL vanishing",
        arXiv:1903.10145, equations 6 and 7, with the linear f.

    Args:
        total_steps: integer, T: train steps that all cycles take together.
        num_cycles: integer, M.
        ramp_share: float in (0, 1], R: the share of a cycle in which the value rises.
        low: float, the value at the start of each cycle.
        high: float, the value after the rise.
        name: string.

    Raises:
        ValueError: there are more cycles than steps.

    Example:
        >>> beta = CyclicRamp(total_steps=8, num_cycles=2)
        >>> [float(beta(step)) for step in range(8)]
        [0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0, 1.0]
    """

    def __init__(
        self,
        total_steps: Annotated[int, Ge(1), Lt(2**31)],
        num_cycles: Annotated[int, Ge(1)] = 4,
        ramp_share: Annotated[float, Gt(0), Le(1)] = 0.5,
        low: NonNegative = 0.0,
        high: NonNegative = 1.0,
        name: str = "CyclicRamp",
    ):
        super().__init__()
        if num_cycles > total_steps:
            raise ValueError(f"CyclicRamp: num_cycles={num_cycles} do not fit into total_steps={total_steps}.")
        self.total_steps = total_steps
        self.num_cycles = num_cycles
        self.ramp_share = ramp_share
        self.low = low
        self.high = high
        self.name = name

    def __call__(self, step: Any) -> Any:
        cycle = self.total_steps / self.num_cycles
        step = ops.convert_to_tensor(step)
        tau = ops.cast(ops.mod(step, math.ceil(cycle)), "float32") / cycle
        rise = ops.minimum(tau / self.ramp_share, 1.0)
        rise = ops.where(step < self.total_steps, rise, 1.0)
        return self.low + (self.high - self.low) * rise

    def get_config(self) -> dict[str, Any]:
        return {
            "total_steps": self.total_steps,
            "num_cycles": self.num_cycles,
            "ramp_share": self.ramp_share,
            "low": self.low,
            "high": self.high,
            "name": self.name,
        }


@keras.saving.register_keras_serializable("keras_genzoo")
class LinearDecay(Schedule):
    """Stays at its first value for a while, falls in a straight line to 0, and stays there.

    Use it as the learning rate of a translator and its discriminators, over images rather than steps.

    Reference: Zhu et al. 2017, arXiv:1703.10593, appendix 7.1: 100 epochs at 2e-4, 100 in which it falls.

    Args:
        initial_learning_rate: float, the first value.
        constant_steps: integer, steps (or images) at that value.
        decay_steps: integer, steps (or images) after these, in which it falls to 0.
        name: string.

    Example:
        >>> rate = OverImages(LinearDecay(2e-4, constant_steps=100 * len(train), decay_steps=100 * len(train)))
        >>> model.compile(keras.optimizers.Adam(rate, beta_1=0.5))
    """

    def __init__(
        self,
        initial_learning_rate: NonNegative,
        constant_steps: Annotated[int, Ge(0), Lt(2**31)],
        decay_steps: Annotated[int, Ge(1), Lt(2**31)],
        name: str = "LinearDecay",
    ):
        super().__init__()
        self.initial_learning_rate = initial_learning_rate
        self.constant_steps = constant_steps
        self.decay_steps = decay_steps
        self.name = name

    def __call__(self, step: Any) -> Any:
        # Counted in integers first: float32 cannot tell large neighbors apart.
        late = ops.cast(ops.convert_to_tensor(step) - self.constant_steps, "float32")
        return self.initial_learning_rate * ops.clip(1.0 - late / self.decay_steps, 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "constant_steps": self.constant_steps,
            "decay_steps": self.decay_steps,
            "name": self.name,
        }


@keras.saving.register_keras_serializable("keras_genzoo")
class OverImages(Schedule):
    """A schedule of the images that a training has seen, not of its steps.

    Use it where batch sizes differ, between stages or between runs that are compared. It takes effect in a compiled
    model: as the learning rate of a player, and as an argument such as `beta`.

    Args:
        schedule: the schedule, of a number of images.

    Example:
        >>> rate = OverImages(keras.optimizers.schedules.CosineDecay(1e-3, decay_steps=1_000_000))
        >>> model.compile(keras.optimizers.Adam(rate))
    """

    def __init__(self, schedule: Schedule):
        super().__init__()
        self.schedule = schedule
        self._images_seen: Any = None

    def bind(self, images_seen: Any) -> None:
        """Makes it a function of this variable, which counts a model's images, or of its present value."""
        self._images_seen = images_seen

    def __call__(self, step: Any) -> Any:
        if self._images_seen is None:
            raise ValueError("OverImages: no model counts the images: compile a model with it first.")
        return self.schedule(ops.convert_to_tensor(self._images_seen))

    def get_config(self) -> dict[str, Any]:
        return {"schedule": keras.saving.serialize_keras_object(self.schedule)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OverImages":
        return cls(keras.saving.deserialize_keras_object(config["schedule"]))


SCHEDULES: dict[str, type[Schedule]] = {
    "CosineDecay": keras.optimizers.schedules.CosineDecay,
    "CosineDecayRestarts": keras.optimizers.schedules.CosineDecayRestarts,
    "CyclicRamp": CyclicRamp,
    "ExponentialDecay": keras.optimizers.schedules.ExponentialDecay,
    "InverseTimeDecay": keras.optimizers.schedules.InverseTimeDecay,
    "LinearDecay": LinearDecay,
    "PiecewiseConstantDecay": keras.optimizers.schedules.PiecewiseConstantDecay,
    "PolynomialDecay": keras.optimizers.schedules.PolynomialDecay,
}
"""The schedules that a preset may name, by class name."""


def schedule_from(spec: Mapping[str, Any]) -> Schedule:
    """Makes a schedule from `{"class_name": name, "config": {...}, "over": "steps" or "images"}`.

    Raises:
        ValueError: the class is not one of `SCHEDULES`, or refuses its config.
    """
    name = spec.get("class_name")
    if not isinstance(name, str) or name not in SCHEDULES:
        raise ValueError(f"there is no schedule {name!r}: {did_you_mean(name, SCHEDULES)}")
    schedule = SCHEDULES[name](**spec.get("config", {}))
    return OverImages(schedule) if spec.get("over") == "images" else schedule


def with_schedules(spec: Any) -> Any:
    """A spec in whose values schedules stand in the place of the mappings that name them."""
    if not isinstance(spec, Mapping):
        return spec
    return {name: _made(value) for name, value in spec.items()}


def without_schedules(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec as JSON takes it."""
    serialize = keras.saving.serialize_keras_object
    return {name: serialize(value) if isinstance(value, Schedule) else value for name, value in spec.items()}


def _made(value: Any) -> Any:
    if not isinstance(value, Mapping) or "class_name" not in value:
        return value
    # As Keras writes it, or as a preset has it.
    return keras.saving.deserialize_keras_object(dict(value)) if "module" in value else schedule_from(value)


def number_or_schedule(value: float | Schedule, iterations: Any) -> Any:
    """What a scalar that may change in time is worth now.

    Args:
        value: a number, or a schedule.
        iterations: integer tensor or variable, train steps taken.

    Returns:
        A float32 scalar tensor.

    Example:
        >>> loss = reconstruction + number_or_schedule(self.beta, self.iterations) * kl
    """
    return ops.cast(value(iterations) if callable(value) else value, "float32")
