"""GenerativeModel: a game of players, the one train step that plays it, and what every model owes its user."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_genzoo import backend, images
from keras_genzoo.arguments import DType, Momentum, Network, Scalar
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.export import Endpoint, export_saved_model
from keras_genzoo.players import Player, deal, player_optimizers
from keras_genzoo.registry import NETWORKS, did_you_mean
from keras_genzoo.schedules import number_or_schedule

Tensor = Any
_VALIDATION_SEED = 1


class Stage(NamedTuple):
    """A part of a training that grows: its name, and its share of the epochs."""

    name: str
    share: float = 1.0


class GenerativeModel(backend.TrainStep, keras.Model):
    """A model that is a game: it declares its players, and this base trains, saves, resumes and exports it.

    A subclass names each constructor argument's attribute like the argument, builds its networks by `self.network`,
    ends its constructor with `self.ready(...)`, and defines `players`, `call` and `sample`.

    Args:
        ema_momentum: float in [0, 1), momentum of an exponential moving average of the network `ema_of`, which then
            makes the images; None for no average.
        dtype: "float32", "mixed_float16" or "mixed_bfloat16"; None for Keras' global policy.
        name: string, the model's name.
    """

    logs: ClassVar[tuple[str, ...]] = ()
    """Names of the scalars that the losses report; together, no more and no fewer, they are what `fit` shows."""
    targets: ClassVar[str | None] = None
    """What a stream gives as y: None, "label" or "target"."""
    ema_of: ClassVar[str | None] = None
    """The network that `ema_momentum` averages."""
    default_optimizer: ClassVar[dict[str, Any]] = {"class_name": "Adam", "config": {"learning_rate": 1e-3}}
    """What `compile` takes when no optimizer is given: the paper's."""
    tiny: ClassVar[dict[str, Any]] = {}
    """Constructor arguments of a model small enough for tests."""

    def __init__(
        self,
        ema_momentum: Momentum | None = None,
        dtype: DType | None = None,
        name: str | None = None,
    ):
        super().__init__(dtype=dtype, name=name, autocast=False)
        if ema_momentum is not None and self.ema_of is None:
            raise ValueError(f"{type(self).__name__} has no network to average: leave ema_momentum out.")
        self.ema_momentum = ema_momentum
        self.ema: keras.Model | None = None
        self._specs: dict[str, Any] = {}
        self._graphs: dict[str, Callable[..., Tensor]] = {}
        self._judging = False
        self._training_seeds = backend.ReplicaSeedGenerator()
        self._validation_seeds = backend.ReplicaSeedGenerator(_VALIDATION_SEED)
        self._trackers = [keras.metrics.Mean(name=log) for log in self.logs]

    # What a subclass uses in its constructor

    def network(self, argument: str, value: Network, **given: Any) -> keras.Model:
        """Builds the network that the constructor argument `argument` names, or checks the one it holds.

        Args:
            argument: name of the argument, which is the network's name too.
            value: a registered network's name, a mapping `{"network": name, **arguments}`, or a `keras.Model`.
            given: what the model itself passes to the network's builder (`image_shape`, `latent_dim`, ...).
        """
        if isinstance(value, keras.Model):
            return value
        spec = {"network": value} if isinstance(value, str) else value
        if not isinstance(spec, Mapping) or "network" not in spec:
            raise ValueError(
                f"{type(self).__name__}.{argument}: got {value!r}, but a network's name, a mapping with the key "
                "'network', or a keras.Model is expected."
            )
        builder = NETWORKS[spec["network"]]
        parameters = inspect.signature(builder).parameters
        missing = sorted(set(given) - set(parameters))
        if missing:
            raise ValueError(
                f"{type(self).__name__}.{argument}: the network '{spec['network']}' takes no {', '.join(missing)}, so it "
                f"cannot be the {argument}."
            )
        for key in spec:
            if key != "network" and (key not in parameters or key in given):
                own = set(parameters) - set(given)
                raise ValueError(f"{argument}.{key}: '{spec['network']}' takes no such argument; {did_you_mean(key, own)}")
        arguments = {key: spec[key] for key in spec if key != "network"}
        self._specs[argument] = {"network": spec["network"], **arguments}
        outer = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.dtype_policy)
        try:
            network = builder(**given, **arguments)
        finally:
            keras.config.set_dtype_policy(outer)
        network.name = argument
        return network

    def ready(self, *input_shape: int) -> None:
        """Ends a constructor: copies the averaged network, and calls the model once on a symbol, so that it is built.

        Args:
            input_shape: shape of one input of `call`, without the batch.
        """
        if self.ema_momentum is not None and self.ema_of is not None:
            source = getattr(self, self.ema_of)
            self.ema = keras.models.clone_model(source)
            self.ema.name = f"{self.ema_of}_ema"
            self.ema.set_weights(source.get_weights())
            self.ema.trainable = False
        self._call_shape = input_shape
        self(keras.KerasTensor((None, *input_shape)))

    # What a subclass defines

    def players(self) -> tuple[Player, ...]:
        """The players, in the order of their turns."""
        raise NotImplementedError(f"{type(self).__name__} must define players().")

    def sample(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Images in [-1, 1] of the given numbers: image number i of a seed is the same in every batch.

        Args:
            indices: integers of shape (n,).
            seed: integer scalar in [0, 2**32).
        """
        raise NotImplementedError(f"{type(self).__name__} must define sample().")

    def stages(self) -> tuple[Stage, ...]:
        """The parts of a training, in order; a model that grows has more than one, and overrides `enter` too."""
        return (Stage("train"),)

    def enter(self, stage: int) -> None:
        """Begins stage number `stage`; the model may then change its players, and is compiled again by the caller."""

    # What a loss uses

    @property
    def seeds(self) -> keras.random.SeedGenerator:
        """The seed of every random draw in a loss: validation draws from one of its own, and leaves no trace."""
        return self._validation_seeds if self._judging else self._training_seeds

    def scheduled(self, value: Scalar) -> Tensor:
        """The present value of an argument that is a number or a schedule of train steps."""
        return number_or_schedule(value, self.optimizer.iterations)

    def input_gradient(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The gradient of `sum(function(x))` by `x`, which a loss may differentiate again."""
        return backend.input_gradient(function, x, self)

    # Training

    @property
    def turns(self) -> int:
        """The most turns that any player takes in a train step, each with images of its own."""
        return max(player.steps for player in self.players())

    @property
    def iterations(self) -> int:
        """The number of train steps taken so far: where in the data this training stands."""
        return int(ops.convert_to_numpy(self.optimizer.iterations)) if self.optimizer is not None else 0

    def variables_of(self, player: Player) -> list[keras.Variable]:
        """The variables that `player` trains."""
        return [variable for name in player.networks for variable in getattr(self, name).trainable_variables]

    def compile(self, optimizer: Any = None, jit_compile: bool | str = "auto", **kwargs: Any) -> None:
        """Prepares the training.

        Args:
            optimizer: one optimizer for all players, each getting its own copy, or a dictionary from each player's
                name to its own; instances, names or Keras configs. The paper's by default.
            jit_compile: bool or "auto": XLA or not. "auto" compiles on an accelerator and not on a CPU, where
                TensorFlow's graph mode is faster.
            kwargs: `steps_per_execution` and `run_eagerly`, as in Keras.

        Raises:
            ValueError: an optimizer for a player that is not there, or none for one that is.
        """
        for name in ("loss", "metrics", "weighted_metrics", "loss_weights"):
            if kwargs.get(name) is not None:
                raise ValueError(f"compile: {type(self).__name__} brings its own losses and logs: leave {name} out.")
        if backend.replicas() > 1 and (jit_compile is True or kwargs.get("steps_per_execution", 1) != 1):
            raise ValueError("compile: jit_compile=True and steps_per_execution fail on several replicas: leave them out.")
        players = self.players()
        scaled = self.dtype_policy.compute_dtype == "float16"
        optimizers = player_optimizers(self.default_optimizer if optimizer is None else optimizer, players, scaled)
        super().compile(optimizer=optimizers, jit_compile=jit_compile, auto_scale_loss=False, **kwargs)
        if not optimizers.built:
            optimizers.build({player.name: self.variables_of(player) for player in players})

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """One mean for each of `logs`."""
        return self._trackers

    def play(self, data: Any) -> dict[str, Tensor]:
        """One train step: every player takes its turns, each on its own share of the batch."""
        x, y = self._unpack(data)
        logged: set[str] = set()
        for player in self.players():
            variables = self.variables_of(player)
            optimizer = self.optimizer.players[player.name]
            for turn in range(player.steps):
                share = deal(x, turn, self.turns), deal(y, turn, self.turns)

                def game(player=player, share=share, optimizer=optimizer):
                    loss, logs = player.loss(*share, training=True)
                    return optimizer.scale_loss(loss), logs

                logs, gradients = backend.value_and_grad(game, variables, self)
                backend.apply_gradients(optimizer, gradients, variables)
                logged |= self._track(logs, player)
        self._check_all_logged(logged)
        self.after_step()
        return self.get_metrics_result()

    def judge(self, data: Any) -> dict[str, Tensor]:
        """One validation step: every player's losses on the whole batch, without an update."""
        x, y = self._unpack(data)
        logged: set[str] = set()
        with self._validating():
            for player in self.players():
                logged |= self._track(player.loss(x, y, training=False)[1], player)
        self._check_all_logged(logged)
        return self.get_metrics_result()

    def after_step(self) -> None:
        """Counts the step and moves the average.

        The average's momentum starts low and rises to `ema_momentum`, so that the initial weights are soon forgotten.
        """
        if self.ema is not None:
            step = ops.cast(self.optimizer.iterations, "float32")
            momentum = ops.minimum(self.ema_momentum, (1.0 + step) / (10.0 + step))
            for average, weight in zip(self.ema.weights, getattr(self, self.ema_of).weights, strict=True):
                average.assign(average + (1.0 - momentum) * (ops.cast(weight, average.dtype) - average))
        self.optimizer._iterations.assign_add(1)

    def _unpack(self, data: Any) -> tuple[Tensor, Tensor | None]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        if weight is not None:
            raise ValueError(f"{type(self).__name__}: sample_weight has no meaning in a game of players: leave it out.")
        if self.targets and y is None:
            raise ValueError(f"{type(self).__name__} needs a {self.targets} for each image: give batches (x, y).")
        return tuple(None if part is None else ops.convert_to_tensor(part) for part in (x, y))

    def _track(self, logs: Mapping[str, Tensor], player: Player) -> set[str]:
        trackers = {tracker.name: tracker for tracker in self._trackers}
        for name, value in logs.items():
            if name not in trackers:
                raise ValueError(
                    f"{type(self).__name__}.logs does not declare '{name}', which the loss of player '{player.name}' "
                    f"reports; {did_you_mean(name, trackers)}"
                )
            if len(value.shape):
                raise ValueError(
                    f"{type(self).__name__}: '{name}' has shape {tuple(value.shape)}, but logs are scalars; vectors "
                    "belong to a callback."
                )
            trackers[name].update_state(value)
        return set(logs)

    def _check_all_logged(self, logged: set[str]) -> None:
        if missing := sorted(set(self.logs) - logged):
            raise ValueError(f"{type(self).__name__}.logs declares {missing}, but no loss reports them.")

    @contextlib.contextmanager
    def _validating(self) -> Iterator[None]:
        self._judging = True
        try:
            yield
        finally:
            self._judging = False

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        validation_data: Any = None,
        validation_batch_size: int | None = None,
        shuffle: bool = True,
        steps_per_epoch: int | None = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains, going on in the data where `iterations` says that this model stands.

        Args:
            x: a `Stream`; arrays of float images in [-1, 1] with `batch_size`; or a dataset or generator as Keras
                takes them, whose batches must then hold `turns * batch_size` images.
            y: labels or paired images, with arrays.
            batch_size: integer, images that one turn of a player sees, with arrays; 32 by default.
            epochs: integer, the number of the epoch after which to stop.
            validation_data: a `Stream`, `(x, y)` arrays, `x` alone, or a dataset.
            validation_batch_size: integer, as `batch_size`, for validation arrays.
            shuffle: bool, whether arrays are visited in random order.
            steps_per_epoch: integer; by default as many as go once through the images.
            kwargs: `initial_epoch`, `callbacks`, `verbose`, `validation_freq`, ... as in Keras.

        Raises:
            ValueError: images out of [-1, 1], a batch that does not divide into turns, `sample_weight`, ...
        """
        if sample_weight is not None or class_weight is not None:
            raise ValueError(f"{type(self).__name__}.fit: sample_weight and class_weight have no meaning here: leave them out.")
        if kwargs.get("validation_split"):
            raise ValueError(f"{type(self).__name__}.fit: validation_split is not taken: give validation_data.")
        if x is None:
            raise ValueError(f"{type(self).__name__}.fit needs images: a Stream, an array or a dataset.")
        stream = self._stream(x, y, batch_size, shuffle, "fit")
        if stream is None:
            self._check_dataset(x)
            data, steps = (x if y is None else (x, y)), steps_per_epoch
        else:
            steps = steps_per_epoch or stream.steps(self.turns)
            data = stream.batches(self.turns, self.targets, start=self.iterations)
        if validation_data is not None:
            pair = validation_data if isinstance(validation_data, tuple) else (validation_data, None)
            held_out = self._stream(*pair, validation_batch_size or batch_size, False, "validation_data")
            if held_out is not None:
                validation_data = held_out.batches(1, self.targets)
                kwargs["validation_steps"] = None if backend.NAME == "tensorflow" else held_out.steps()
        return super().fit(
            data, epochs=epochs, shuffle=False, validation_data=validation_data, steps_per_epoch=steps, **kwargs
        )

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Every player's losses on held-out images, with the same noise each time; arguments as for `fit`."""
        # Where JAX trains, its state is with the trainer until `fit` hands it back, as it has before validating.
        self._validation_seeds.state.assign(ops.cast([_VALIDATION_SEED, 0], self._validation_seeds.state.dtype))
        if not kwargs.get("_use_cached_eval_dataset"):
            stream = self._stream(x, y, batch_size, False, "evaluate")
            if stream is not None:
                x, y = stream.batches(1, self.targets), None
                kwargs["steps"] = stream.steps()
        return super().evaluate(x, y, batch_size=None, **kwargs)

    def _stream(self, x: Any, y: Any, batch_size: int | None, shuffle: bool, where: str) -> Stream | None:
        """The `Stream` that `x` is, or can be made of it if it is an array; None for datasets and generators."""
        if isinstance(x, Stream):
            return x
        if not (isinstance(x, np.ndarray) or ops.is_tensor(x)):
            return None
        array = images.check_range(ops.convert_to_numpy(x), f"{type(self).__name__}.{where}")
        target = {} if y is None else {self.targets or "target": ops.convert_to_numpy(y)}
        return Stream(ArraySource(array.astype("float32"), **target), batch_size or 32, shuffle=shuffle)

    def _check_dataset(self, data: Any) -> None:
        found = backend.batch_sizes(data)
        if found is None:
            return
        size, dtype = found
        if not dtype.is_floating:
            raise ValueError(
                f"{type(self).__name__}.fit: the dataset's images have dtype {dtype.name}, but floats in [-1, 1] are "
                "expected: map them through keras_genzoo.images.from_pixels."
            )
        if self.turns > 1 and (size is None or size % self.turns):
            raise ValueError(
                f"{type(self).__name__}.fit: the dataset's batches hold {size or 'an unknown number of'} images, which "
                f"does not divide into {self.turns} turns: batch {self.turns} * batch_size with drop_remainder=True."
            )

    # Images

    def generate(self, num: int, seed: int = 0, batch_size: int = 64, start: int = 0) -> np.ndarray:
        """Makes images: number i of a seed is the same whatever `num` and `batch_size` are.

        Args:
            num: integer, how many.
            seed: integer in [0, 2**32).
            batch_size: integer, how many at a time.
            start: integer, the number of the first.

        Returns:
            uint8 array of shape (num, height, width, channels).
        """
        if not 0 <= seed < 2**32:
            raise ValueError(f"generate: seed={seed} must lie in [0, 2**32).")
        if num < 1:
            raise ValueError(f"generate: num={num} must be at least 1.")
        return images.to_pixels(self.in_batches("sample", np.arange(start, start + num), batch_size, np.uint32(seed)))

    def in_batches(self, method: str, array: np.ndarray, batch_size: int = 64, *more: Any) -> np.ndarray:
        """Calls the method `method` of tensors on an array of any length, as a graph, and returns an array.

        The last batch is filled up, so that one shape is compiled.
        """
        if method not in self._graphs:
            self._graphs[method] = backend.compiled(getattr(self, method), self)
        results = []
        for first in range(0, len(array), batch_size):
            part = array[first : first + batch_size]
            fill = np.repeat(part[-1:], min(batch_size, len(array)) - len(part), axis=0)
            whole = self._graphs[method](ops.convert_to_tensor(np.concatenate([part, fill])), *more)
            results.append(ops.convert_to_numpy(whole)[: len(part)])
        return np.concatenate(results)

    # Config, saving, export

    @classmethod
    def constructor_arguments(cls) -> dict[str, inspect.Parameter]:
        """The constructor's arguments by name: its own, and those of the bases that its `**kwargs` reach."""
        found: dict[str, inspect.Parameter] = {}
        for owner in cls.__mro__:
            if "__init__" not in vars(owner):
                continue
            parameters = inspect.signature(vars(owner)["__init__"]).parameters.values()
            for parameter in parameters:
                if parameter.name != "self" and parameter.kind is not parameter.VAR_KEYWORD:
                    found.setdefault(parameter.name, parameter)
            if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
                break
        return found

    def get_config(self) -> dict[str, Any]:
        """Every constructor argument, under its own name, as JSON takes it."""
        config = {}
        for name in self.constructor_arguments():
            value = self.dtype_policy.name if name == "dtype" else self._specs.get(name, getattr(self, name))
            if isinstance(value, keras.Model | keras.optimizers.schedules.LearningRateSchedule):
                value = keras.saving.serialize_keras_object(value)
            config[name] = _plain(value)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "GenerativeModel":
        """The inverse of `get_config`."""
        arguments = {
            name: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            if isinstance(value, dict) and "class_name" in value
            else value
            for name, value in config.items()
        }
        return cls(**arguments)

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile_from_config` needs to compile a loaded model alike."""
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer), "jit_compile": self.jit_compile}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """The inverse of `get_compile_config`; the optimizers are built, so that their state can be loaded."""
        self.compile(keras.saving.deserialize_keras_object(config["optimizer"]), jit_compile=config["jit_compile"])

    def _seed_states(self) -> list[keras.Variable]:
        """The states of all seed generators, which Keras does not save: this model's and its layers' (Dropout)."""
        generators = [g for layer in self._flatten_layers() for g in layer._seed_generators]
        return [g.state for g in dict.fromkeys(generators) if g is not self._validation_seeds]

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

    def endpoints(self) -> dict[str, Endpoint]:
        """What an exported model answers to, by name.

        `serve` is `call`, on floats; the images that the others take and give are uint8.
        """

        def generate(num: Tensor, seed: Tensor) -> Tensor:
            return images.to_pixels(self.sample(ops.arange(num), seed), ops)

        return {
            "serve": Endpoint(lambda inputs: self(inputs), {"inputs": ((None, *self._call_shape), "float32")}),
            "generate": Endpoint(generate, {"num": ((), "int32"), "seed": ((), "int64")}),
        }

    def export(self, filepath: Any, format: str = "tf_saved_model", verify: bool = True, **kwargs: Any) -> None:
        """Exports the model for serving without this package.

        A SavedModel has the endpoints of `endpoints()`; its `serving_default` is `call`. It is written beside
        its destination, loaded in a clean process, compared with this model, and only then renamed into place.

        Args:
            filepath: folder to make; one that holds an older SavedModel is replaced.
            format: "tf_saved_model", or another that Keras' `Model.export` knows ("onnx", ...), then of `call` alone.
            verify: bool, whether to load and compare.
            kwargs: passed to Keras for the other formats.
        """
        if format == "tf_saved_model":
            export_saved_model(self, filepath, verify=verify)
        else:
            super().export(filepath, format=format, **kwargs)


def _plain(value: Any) -> Any:
    """`value` without the containers by which Keras tracks attributes."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
