"""Optimizers beyond Keras' own."""

from typing import Any

import keras

from keras_genzoo.types import Momentum, NonNegative, Scalar, Schedule


@keras.saving.register_keras_serializable("keras_genzoo")
class ScheduledAdam(keras.optimizers.Adam):
    """Adam whose beta_2 may change in time, as its learning rate may.

    Use it where gradients grow calm as a training goes on: a low beta_2 follows them at first, a high one averages them
    later (Huang et al. 2024, arXiv:2501.05441, appendix D).

    Args:
        learning_rate: float, or a schedule.
        beta_1: float in [0, 1).
        beta_2: float in [0, 1), or a schedule of such.
        epsilon: float.
        kwargs: as for `keras.optimizers.Adam`.
    """

    def __init__(
        self,
        learning_rate: Scalar = 1e-3,
        beta_1: Momentum = 0.9,
        beta_2: Momentum | Schedule = 0.999,
        epsilon: NonNegative = 1e-7,
        name: str = "adam",
        **kwargs: Any,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    @property
    def beta_2(self) -> Any:
        """The present value, which Keras' update reads."""
        value = self._beta_2
        return value(self.iterations) if isinstance(value, Schedule) else value

    @beta_2.setter
    def beta_2(self, value: Any) -> None:
        self._beta_2 = value

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = keras.optimizers.Optimizer.get_config(self)  # Adam's own would read a schedule's present value
        beta_2 = self._beta_2
        if isinstance(beta_2, Schedule):
            beta_2 = keras.saving.serialize_keras_object(beta_2)
        own = {"beta_1": self.beta_1, "beta_2": beta_2, "epsilon": self.epsilon, "amsgrad": self.amsgrad}
        return {**config, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ScheduledAdam":
        """The inverse of `get_config`."""
        beta_2 = config.get("beta_2")
        if isinstance(beta_2, dict):
            config = {**config, "beta_2": keras.saving.deserialize_keras_object(beta_2, custom_objects)}
        return super().from_config(config, custom_objects)
