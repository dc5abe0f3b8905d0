"""Stages: the parts of a training in which batch size, resolution, learning rate or networks differ."""

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_genzoo.averages import Averaged
from keras_genzoo.freezing import Freezing
from keras_genzoo.players import PlayerOptimizers


class Stage(NamedTuple):
    """A part of a training.

    A training goes on to the next stage at the first end of an epoch at which the stage has seen its images, so a stage
    lasts whole epochs.

    Args:
        name: string.
        images: integer, images seen in this stage; None, of the last stage, for all that are left.
        batch_size: integer, images in one turn of a player; None for that of the data.
        image_size: integer, height of the images in pixels; None for that of the data.
        learning_rate: number for all players, or a dictionary from players to theirs; None for the optimizers' own.
    """

    name: str
    images: int | None = None
    batch_size: int | None = None
    image_size: int | None = None
    learning_rate: float | Mapping[str, float] | None = None


class Staged(Averaged, Freezing):
    """The part of a `GenerativeModel` that trains in stages, one after the other.

    Where a training stands is counted in images. A subclass that grows defines `stages` and `enter`.
    """

    stage = 0
    """The number of the stage that the model is in."""
    image_shape: tuple[int, ...]
    """(height, width, channels) of the images in that stage."""
    _training_seeds: keras.random.SeedGenerator

    def stages(self) -> tuple[Stage, ...]:
        """The parts of a training, in order."""
        return (Stage("train"),)

    def enter(self, stage: int) -> None:
        """Changes networks, and what else depends on it, to those of stage number `stage` from those of the one before.

        The constructor makes those of stage 0. The players and the logs are the same in all stages.
        """

    @property
    def final_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of the images in the last stage."""
        return self.image_shape

    @property
    def images_seen(self) -> int:
        """The number of images that the training has seen: where in the data it stands."""
        optimizer = getattr(self, "optimizer", None)  # Keras sets it in `compile`
        return 0 if optimizer is None else int(ops.convert_to_numpy(optimizer.images_seen))

    def border(self, number: int) -> float:
        """The number of images after which stage number `number` ends; infinite for the last one."""
        stages = self.stages()
        if number + 1 >= len(stages):
            return float("inf")
        if missing := [stage.name for stage in stages[: number + 1] if not stage.images]:
            raise ValueError(f"{type(self).__name__}.stages: '{missing[0]}' is not the last stage: give its images.")
        return float(sum(stage.images or 0 for stage in stages[: number + 1]))

    def due_stage(self) -> int:
        """The stage in which a training goes on that has seen `images_seen` images."""
        return next(number for number in range(len(self.stages())) if self.images_seen < self.border(number))

    def begin_stage(self, number: int) -> None:
        """Enters the stages up to number `number`, and compiles the model anew, as it was compiled before.

        Optimizers start anew, at the stage's learning rate; counts of steps and images go on; averages of weights that
        were there before go on too.

        Raises:
            ValueError: the model is in a later stage, or has no such stage.
        """
        if number >= (stages := len(self.stages())):
            raise ValueError(f"{type(self).__name__} has no stage {number}: its {stages} are counted from 0.")
        if number < self.stage:
            raise ValueError(
                f"{type(self).__name__} is in stage {self.stage}, and cannot go back to stage {number}: build it anew."
            )
        if number == self.stage:
            return
        compiled = None if getattr(self, "optimizer", None) is None else self.get_compile_config()
        while self.stage < number:
            earlier = self.average_values()
            with self._open_for_layers(), _drawing_by(self._stage_seed()):
                self.enter(self.stage + 1)
                self.stage += 1
                self.renew_averages(earlier)
                self.freeze()
        if compiled is not None:
            self._compile_again(compiled)

    def _stage_seed(self) -> int:
        """Decides over the first weights of the next stage, wherever it begins: it is in the state that is saved."""
        seed = int(ops.convert_to_numpy(self._training_seeds.state)[0])
        return int(np.random.SeedSequence([seed, self.stage + 1]).generate_state(1)[0])

    @contextlib.contextmanager
    def _open_for_layers(self) -> Iterator[None]:
        """Lets attributes of this built model take other networks, of which Keras forgets the earlier ones."""
        before = {name: value for name, value in vars(self).items() if isinstance(value, keras.Layer)}
        self._tracker.unlock()
        try:
            yield
        finally:
            self._tracker.lock()
        held = {id(value) for value in vars(self).values()}
        for layer in before.values():
            if id(layer) not in held:
                self._tracker.untrack(layer)

    def _compile_again(self, compiled: dict[str, Any]) -> None:
        """Compiles for the present stage by an earlier configuration, and takes over the counts."""
        counts = self.optimizer.iterations, self.optimizer.images_seen
        values = [ops.convert_to_numpy(count) for count in counts]
        self.compile_from_config(compiled)
        for count, value in zip((self.optimizer.iterations, self.optimizer.images_seen), values, strict=True):
            count.assign(value)

    def _at_rate_of_stage(self, optimizers: PlayerOptimizers) -> PlayerOptimizers:
        """The optimizers at the learning rate of the present stage, if it has one."""
        rates = self.stages()[self.stage].learning_rate
        self._own_rates = {}
        if rates is None:
            return optimizers
        config = optimizers.get_config()
        for player in config["players"] if not isinstance(rates, Mapping) else rates:
            own = _innermost(config["players"][player])
            self._own_rates[player] = own["learning_rate"]
            own["learning_rate"] = rates[player] if isinstance(rates, Mapping) else rates
        return PlayerOptimizers.from_config(config)

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile_from_config` needs to compile a loaded model alike, in its stage."""
        if getattr(self, "optimizer", None) is None:  # Keras asks for it of a model that was not compiled, too
            return {"stage": self.stage}
        optimizer = keras.saving.serialize_keras_object(self.optimizer)
        for player, rate in self._own_rates.items():
            _innermost(optimizer["config"]["players"][player])["learning_rate"] = rate
        return {"optimizer": optimizer, "jit_compile": self.jit_compile, "stage": self.stage}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """The inverse of `get_compile_config`; the optimizers are built, so that their state can be loaded."""
        if self.stage < config.get("stage", 0):
            self.begin_stage(config["stage"])
        if "optimizer" in config:
            optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
            self.compile(optimizer, jit_compile=config["jit_compile"])


@contextlib.contextmanager
def _drawing_by(seed: int) -> Iterator[None]:
    """Lets initializers draw their seeds, which Keras takes from Python's own generator, by `seed`."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _innermost(optimizer: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an optimizer in Keras' form, within that of a wrapper which scales losses."""
    config = optimizer["config"]
    return _innermost(config["inner_optimizer"]) if "inner_optimizer" in config else config
