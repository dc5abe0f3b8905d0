"""Players: each owns networks, minimizes a loss, and has an optimizer."""

import contextlib
import copy
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
from keras import ops

from keras_genzoo.registry import did_you_mean
from keras_genzoo.scalar_schedules import OverImages

Tensor = Any
Loss = Callable[..., tuple[Tensor, dict[str, Tensor]] | tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]]


@dataclasses.dataclass(frozen=True)
class Player:
    """A part of a generative model that is trained by a loss of its own, such as a generator or a discriminator.

    Args:
        name: string, "generator", "critic", ...: the key of its optimizer.
        networks: names of the model's attributes that hold the networks it trains.
        loss: function `(x, y, training) -> (scalar, {log name: scalar})` of one turn's images; of a player that
            `gives` something, `(scalar, logs, {name: tensor})`.
        steps: integer, turns it takes in a train step (k in Goodfellow et al. 2014, n_critic in Arjovsky et al. 2017).
        gives: names of tensors that its loss hands on to later players, so that a forward pass is not paid twice.
        takes: names of tensors of earlier players that its loss takes by keyword: as they were before those players'
            updates, without a gradient. Where players take turns with images of their own, they are not handed on,
            and the loss must compute them itself.
    """

    name: str
    networks: tuple[str, ...]
    loss: Loss
    steps: int = 1
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()

    def play(
        self, x: Tensor, y: Tensor, training: bool, handed: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
        """The loss of one turn, its logs, and what is handed on; `handed` is what earlier players have."""
        found = self.loss(x, y, training, **{name: handed[name] for name in self.takes if name in handed})
        return found[0], found[1], found[2] if len(found) == 3 else {}


def turn_batch(batch: Tensor | None, turn: int, turns: int) -> Tensor | None:
    """The part of `batch` for turn number `turn` of `turns`.

    Args:
        batch: tensor of shape (turns * n, ...), or None.

    Returns:
        tensor of shape (n, ...), or None.

    Raises:
        ValueError: the batch does not divide into turns.
    """
    if turns == 1 or batch is None:
        return batch
    size = batch.shape[0]
    if size is None:  # a replica's part of a global batch; `fit` has checked the whole
        count = ops.shape(batch)[0] // turns
        return batch[turn * count : (turn + 1) * count]
    if size % turns:
        raise ValueError(
            f"a batch of {size} images does not divide into {turns} turns: give batches of turns * batch_size images, "
            f"{turns} * {max(1, size // turns)} = {turns * max(1, size // turns)} for example."
        )
    count = size // turns
    return batch[turn * count : (turn + 1) * count]


class _Keeping(threading.local):
    """Whether this thread keeps the losses of all calls: replicas trace the same networks in threads."""

    active = False


_keeping = _Keeping()


@contextlib.contextmanager
def keeping_losses(networks: Iterable[keras.Layer], alone: bool = True) -> Iterator[None]:
    """Lets `network.losses` hold what its layers brought in all calls of the block.

    Keras forgets it when a network is called the next time, and a loss calls a discriminator at least twice.

    Args:
        networks: the networks.
        alone: bool, whether no other thread calls them, so that what they hold of before can be forgotten.
    """
    for network in networks:
        vars(network).setdefault("_clear_losses", functools.partial(_clear_losses, network))
        if alone:
            network._clear_losses()
    _keeping.active = True
    try:
        yield
    finally:
        _keeping.active = False


def _clear_losses(network: keras.Layer) -> None:
    if not _keeping.active:
        type(network)._clear_losses(network)


@keras.saving.register_keras_serializable("keras_genzoo")
class PlayerOptimizers(keras.optimizers.Optimizer):
    """One optimizer for each player, in the place where Keras keeps a model's only one.

    Its own `iterations` count train steps, and `images_seen` their images; the `iterations` of a player's optimizer
    count that player's turns.

    Args:
        players: dictionary from a player's name to its `keras.optimizers.Optimizer`.
    """

    def __init__(self, players: Mapping[str, keras.optimizers.Optimizer], name: str = "player_optimizers"):
        super().__init__(learning_rate=0.0, name=name)
        self.players = dict(players)
        self.images_seen = keras.Variable(
            0, dtype="int", trainable=False, name="images_seen", aggregation="only_first_replica"
        )
        for optimizer in self.players.values():
            for schedule in schedules_of(optimizer):
                schedule.bind(self.images_seen)

    def build(self, variables: Mapping[str, list[keras.Variable]]) -> None:
        """Makes every optimizer's slots, so that weights can be loaded before the first step.

        Args:
            variables: dictionary from a player's name to the variables it trains.
        """
        for name, optimizer in self.players.items():
            optimizer.build(variables[name])
        self.built = True

    @property
    def variables(self) -> list[keras.Variable]:
        """This container's and every player's variables, which the JAX trainer carries through the step."""
        return self._variables + [v for optimizer in self.players.values() for v in optimizer.variables]

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """The players' optimizers, in which Keras' callbacks read and set learning rates."""
        return [getattr(one, "inner_optimizer", one) for one in self.players.values()]

    def __dir__(self) -> list[str]:
        """Without `optimizers`: Keras saves what it finds here, and files have it under `players`."""
        return [name for name in super().__dir__() if name != "optimizers"]

    @property
    def learning_rate(self) -> Tensor:
        """Raises: each player has its own."""
        raise ValueError(
            f"the optimizers of {', '.join(self.players)} have a learning rate each: read "
            "model.optimizer.players[NAME].learning_rate."
        )

    @learning_rate.setter
    def learning_rate(self, value: Tensor) -> None:
        self.learning_rate  # noqa: B018 - says what to do instead

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Lets every player's optimizer end its training."""
        for optimizer in self.players.values():
            optimizer.finalize_variable_values(optimizer._trainable_variables)

    def save_own_variables(self, store: Any) -> None:
        """Saves the counts of train steps and images; Keras walks to the players by itself."""
        store["iterations"] = ops.convert_to_numpy(self._iterations)
        store["images_seen"] = ops.convert_to_numpy(self.images_seen)

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` saved."""
        self._iterations.assign(store["iterations"])
        # Files of version 0.1 lack it: whoever knows the batch size sets it (`artifacts.Run`).
        self.images_seen.assign(store["images_seen"] if "images_seen" in store else 0)  # noqa: SIM401 - an HDF5 store

    def get_config(self) -> dict[str, Any]:
        """The players' optimizers, serialized by Keras."""
        serialize = keras.saving.serialize_keras_object
        return {"players": {name: serialize(one) for name, one in self.players.items()}, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "PlayerOptimizers":
        """The inverse of `get_config`."""
        players = {name: keras.saving.deserialize_keras_object(one) for name, one in config["players"].items()}
        return cls(players, name=config["name"])


def schedules_of(optimizer: keras.optimizers.Optimizer) -> list[OverImages]:
    """The schedules of a player's optimizer that count images."""
    own = getattr(optimizer, "inner_optimizer", optimizer)
    values = own._learning_rate, getattr(own, "_beta_2", None)
    return [value for value in values if isinstance(value, OverImages)]


@contextlib.contextmanager
def counted(optimizer: keras.optimizers.Optimizer, images_seen: keras.Variable) -> Iterator[None]:
    """Lets a player's schedules read the present number of images where a step sees its variables alone: on JAX."""
    found = schedules_of(optimizer)
    for schedule in found:
        schedule.bind(ops.convert_to_tensor(images_seen))
    try:
        yield
    finally:
        for schedule in found:
            schedule.bind(images_seen)


def player_optimizers(optimizer: Any, players: tuple[Player, ...], scale_losses: bool) -> PlayerOptimizers:
    """The container for what a user passed to `compile(optimizer=...)`.

    Args:
        optimizer: a `PlayerOptimizers`; one optimizer (instance, name or Keras config), of which every player gets a
            copy; or a dictionary from each player's name to its own.
        players: the model's players.
        scale_losses: bool, whether to wrap each optimizer for float16.

    Raises:
        ValueError: a player has no optimizer or one that another has too, or an optimizer has no player.
    """
    names = [player.name for player in players]
    container = optimizer if isinstance(optimizer, PlayerOptimizers) else None
    if container is not None:
        optimizer = container.players
    elif not isinstance(optimizer, Mapping) or "class_name" in optimizer:
        given = _optimizer(optimizer)
        optimizer = {name: given.from_config(given.get_config()) for name in names}
    for name in optimizer:
        if name not in names:
            raise ValueError(f"compile.optimizer.{name}: there is no such player; {did_you_mean(name, names)}")
    for name in names:
        if name not in optimizer:
            raise ValueError(f"compile.optimizer: player '{name}' has none; name one for each of {', '.join(names)}.")
    if container is not None:
        return container
    instances = {name: _optimizer(optimizer[name]) for name in names}
    if len({id(instance) for instance in instances.values()}) < len(names):
        raise ValueError(f"compile.optimizer: {', '.join(names)} share an optimizer, but each needs one of its own.")
    for name, instance in instances.items():
        instance.name = name  # by which Keras' callbacks log its learning rate
        if instance.use_ema:
            raise ValueError(
                f"compile.optimizer.{name}: use_ema=True would overwrite the weights after fit; "
                "give the model ema_momentum instead."
            )
    if scale_losses:
        wrapper = keras.optimizers.LossScaleOptimizer
        instances = {
            name: instance if isinstance(instance, wrapper) else wrapper(instance)
            for name, instance in instances.items()
        }
    return PlayerOptimizers(instances)


def _optimizer(given: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.get(copy.deepcopy(given) if isinstance(given, Mapping) else given)  # Keras writes into it
