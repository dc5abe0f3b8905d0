"""GenerativeModel: a model of several players, the one train step that trains them all, and what users get of it."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo import backend
from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.data.stream import in_words
from keras_genzoo.export import Endpoint, export_saved_model
from keras_genzoo.fitting import VALIDATION_SEED, Fitting
from keras_genzoo.in_batches import InBatches
from keras_genzoo.networks import budget
from keras_genzoo.networks.building import build_network, check_policy
from keras_genzoo.players import Player, counted, keeping_losses, player_optimizers, turn_batch
from keras_genzoo.registry import did_you_mean
from keras_genzoo.saving import Saved, python_numbers
from keras_genzoo.scalar_schedules import OverImages, number_or_schedule, with_schedules, without_schedules
from keras_genzoo.specs import SpecKind
from keras_genzoo.types import ArraySpec, DType, Frozen, Images, Inputs, Momentum, Network, Scalar

Tensor = Any


class GenerativeModel(Fitting, Saved, InBatches, backend.TrainStep, keras.Model):
    """A model that declares its players; this base trains, saves, resumes and exports it.

    A subclass names each constructor argument's attribute like the argument, builds its networks by `self.network`,
    ends its constructor with `self.ready(...)`, and defines `players` and `call`. What else it can do are capabilities:
    see `keras_genzoo.capabilities`; a model that makes images of noise is a `SamplingModel`.

    Args:
        ema_momentum: float in [0, 1), momentum of an exponential moving average of the networks `ema_of`, which then
            makes the images; None for no average.
        ema_half_life: integer, the same as a number of images, after which a weight counts half as much.
        frozen: how many of the first layers of a network keep their weights: {"discriminator": 4}; see `Freezing`.
        dtype: "float32", "mixed_float16" or "mixed_bfloat16"; None for Keras' global policy.
        name: string, the model's name.
    """

    logs: tuple[str, ...] = ()
    """Names of the scalars that the losses report; together, no more and no fewer, they are what `fit` shows.

    A model whose arguments decide on them sets its own before `ready`.
    """
    targets: ClassVar[str | None] = None
    """What a stream gives as y: None, "label", "target" (a paired image), or "other" (one of the second domain)."""
    targets_may_lack: ClassVar[bool] = False
    """True if y may be -1, for an image without a label."""
    prefers_xla: ClassVar[bool] = False
    """True if a train step is faster under XLA on a CPU too: many small operations between its convolutions."""
    first_stage: ClassVar[tuple[str, ...]] = ()
    """Names of networks that another model's training begins, so that this one's needs `--from RUN`."""
    first_models: tuple[str, ...] = ()
    """Names of models whose runs have these; a model whose arguments decide on them sets its own."""
    default_optimizer: ClassVar[dict[str, Any]] = {"class_name": "Adam", "config": {"learning_rate": 1e-3}}
    """What `compile` takes when no optimizer is given: the paper's."""
    tiny: ClassVar[dict[str, Any]] = {}
    """Constructor arguments of a model small enough for tests."""

    def __init__(
        self,
        ema_momentum: Momentum | None = None,
        ema_half_life: Images | None = None,
        frozen: Frozen | None = None,
        dtype: DType | None = None,
        name: str | None = None,
    ):
        super().__init__(dtype=dtype, name=name, autocast=False)
        check_policy(self.dtype_policy, type(self).__name__)
        self._set_averages(ema_momentum, ema_half_life)
        self.frozen = None if frozen is None else dict(frozen)
        self._specs: dict[str, Any] = {}
        self._graphs: dict[str, Callable[..., Tensor]] = {}
        self._in_validation = False
        self._reporters: dict[str, str] = {}  # from a log to the player whose loss reports it
        self._training_seeds = backend.ReplicaSeedGenerator()
        self._validation_seeds = backend.ReplicaSeedGenerator(VALIDATION_SEED)
        self._trackers: list[keras.metrics.Metric] = []

    # What a subclass uses in its constructor

    def network(self, argument: str, value: Network, **given: Any) -> keras.Model:
        """Builds the network that the constructor argument `argument` names, or checks the one it holds.

        Args:
            argument: name of the argument, which is the network's name too.
            value: a registered network's name, a mapping `{"network": name, **arguments}`, or a `keras.Model`.
            given: what the model itself passes to the network's builder (`image_shape`, `latent_dim`, ...).
        """
        try:
            given = {name: python_numbers(item) for name, item in given.items()}
            network, spec = build_network(argument, value, given, self.dtype_policy)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}.{error}") from None
        if spec is not None:
            self._specs[argument] = spec
        return network

    def given_to(self, network: str) -> dict[str, Any]:
        """What the builder of a network is given beside shapes: `conditioning`, of a conditional model, for example."""
        return {}

    def component(self, argument: str, kind: SpecKind, value: Any, **given: Any) -> Any:
        """Makes what the constructor argument `argument` names, such as a prior; None of None.

        Args:
            argument: name of the argument.
            kind: what it chooses from.
            value: a registered name, a mapping `{kind.key: name, **arguments}`, or None.
            given: what the model itself passes to what takes it (`latent_dim`, ...).
        """
        made, self._specs[argument] = (None, None) if value is None else self._made(argument, kind, value, given)
        return made

    def components(self, argument: str, kind: SpecKind, values: Iterable[Any], **given: Any) -> list[Any]:
        """As `component`, of an argument that holds a list of specs."""
        pairs = [self._made(f"{argument}[{i}]", kind, value, given) for i, value in enumerate(values)]
        self._specs[argument] = [spec for _, spec in pairs]
        return [made for made, _ in pairs]

    def _made(self, argument: str, kind: SpecKind, value: Any, given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        with budget.unallocated():
            given = {name: python_numbers(item) for name, item in given.items()}
            made, spec = kind.build(f"{type(self).__name__}.{argument}", with_schedules(value), **given)
            if isinstance(made, keras.layers.Layer):  # its weights are counted before they take memory
                budget.spend(argument, made)
        return made, without_schedules(spec)

    def ready(self, inputs: Inputs) -> None:
        """Ends a constructor: makes a metric for each of `logs`, copies the averaged network, and builds the model.

        Args:
            inputs: what `call` takes: the `ArraySpec` of one example, or a tuple or dictionary of such.
        """
        self._trackers = [keras.metrics.Mean(name=log) for log in self.logs]
        self.renew_averages()
        self.freeze()
        self._call_inputs = inputs
        self(keras.tree.map_structure(_symbol, self.call_inputs))

    @property
    def call_inputs(self) -> Inputs:
        """What `call` takes: the `ArraySpec` of one array, without the batch, or a tuple or dictionary of such."""
        # Not the dictionary by which Keras tracks attributes: JAX takes no such structure.
        return dict(self._call_inputs) if isinstance(self._call_inputs, dict) else self._call_inputs

    # What a subclass defines

    def players(self) -> tuple[Player, ...]:
        """The players, in the order of their turns."""
        raise NotImplementedError(f"{type(self).__name__} must define players().")

    # What a loss uses

    @property
    def seeds(self) -> keras.random.SeedGenerator:
        """The seed of every random draw in a loss: validation draws from one of its own, and leaves no trace."""
        return self._validation_seeds if self._in_validation else self._training_seeds

    def scheduled(self, value: Scalar) -> Tensor:
        """The present value of an argument that is a number or a schedule of train steps or images."""
        if isinstance(value, OverImages):
            value.bind(self.optimizer.images_seen)
        return number_or_schedule(value, self.optimizer.iterations)

    def input_gradient(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The gradient of `sum(function(x))` with respect to `x`, which a loss may differentiate again."""
        return backend.input_gradient(function, x, self)

    # Training

    @property
    def turns(self) -> int:
        """The most turns that any player takes in a train step, each with images of its own."""
        return max(player.steps for player in self.players())

    @property
    def iterations(self) -> int:
        """The number of train steps taken so far: counts of images are in `images_seen`."""
        optimizer = getattr(self, "optimizer", None)  # Keras sets it in `compile`
        return int(ops.convert_to_numpy(optimizer.iterations)) if optimizer is not None else 0

    def reporter(self, log: str) -> str | None:
        """The name of the player whose loss reports the log of that name; None before the first step."""
        return self._reporters.get(log)

    def variables_of(self, player: Player) -> list[keras.Variable]:
        """The variables that `player` trains."""
        return [variable for name in player.networks for variable in getattr(self, name).trainable_variables]

    def _bringing(self, player: Player) -> list[keras.Layer]:
        """The networks that this player is the first to train: what their layers bring is added to its loss."""
        first = {name: other.name for other in reversed(self.players()) for name in other.networks}
        return [getattr(self, name) for name in player.networks if first[name] == player.name]

    def compile(self, optimizer: Any = None, loss: None = None, *, jit_compile: Any = "auto", **kwargs: Any) -> None:
        """Prepares the training.

        Args:
            optimizer: one optimizer for all players, each getting its own copy, or a dictionary from each player's
                name to its own; instances, names or Keras configs. The paper's by default.
            loss: None: a model brings its own.
            jit_compile: bool or "auto": XLA or not. "auto" compiles on an accelerator, and on a CPU, where
                TensorFlow's graph mode is faster for most, a model that `prefers_xla`.
            kwargs: `steps_per_execution` and `run_eagerly`, as in Keras.

        Raises:
            ValueError: an optimizer for a player that is not there, or none for one that is.
        """
        for name, value in {"loss": loss, **kwargs}.items():
            if name in ("loss", "metrics", "weighted_metrics", "loss_weights") and value is not None:
                raise ValueError(f"compile: {type(self).__name__} brings its own losses and logs: leave {name} out.")
        if jit_compile not in (True, False, "auto"):
            raise ValueError(f"compile: jit_compile={jit_compile!r} must be True, False or 'auto'.")
        integer_in(kwargs.get("steps_per_execution", 1), 1, SEEDS, "compile: steps_per_execution")
        if backend.replicas() > 1 and (jit_compile is True or kwargs.get("steps_per_execution", 1) != 1):
            raise ValueError(
                "compile: jit_compile=True and steps_per_execution fail on several replicas: leave them out."
            )
        if jit_compile == "auto" and self.prefers_xla and backend.replicas() == 1:
            jit_compile = True
        self._graphs.clear()  # a model that has entered another stage computes something else
        players = self.players()
        scaled = self.dtype_policy.compute_dtype == "float16"
        optimizers = player_optimizers(self.default_optimizer if optimizer is None else optimizer, players, scaled)
        optimizers = self._at_rate_of_stage(optimizers)
        super().compile(optimizer=optimizers, jit_compile=jit_compile, auto_scale_loss=False, **kwargs)
        if not optimizers.built:
            optimizers.build({player.name: self.variables_of(player) for player in players})

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """One mean for each of `logs`."""
        return self._trackers

    def training_step(self, data: Any) -> dict[str, Tensor]:
        """One train step: every player takes its turns, each on images of its own.

        A turn changes the player's own networks only. The others compute as in training, so by the statistics of their
        batches, but their running statistics (batch normalization, spectral normalization) stay: those are of the
        turns in which a network is trained. The papers' code differs here: DCGAN's moves the discriminator's with
        every batch that passes it in its own turn, PyTorch's example in the generator's too.

        A turn whose gradients float16 could not hold is skipped: it moves no weight, statistic or average.
        """
        x, y = self._unpack(data)
        handed: dict[str, Tensor] = {}
        logged: set[str] = set()
        moved: dict[str, Tensor] = {}  # by network, whether any turn of this step moved it
        for player in self.players():
            variables = self.variables_of(player)
            optimizer = self.optimizer.players[player.name]
            for turn in range(player.steps):
                batch = turn_batch(x, turn, self.turns), turn_batch(y, turn, self.turns)

                def loss_and_logs(
                    player: Player = player, batch: tuple = batch, optimizer: Any = optimizer, handed: Any = handed
                ) -> tuple:
                    networks = self._bringing(player)
                    with keeping_losses(networks, alone=backend.replicas() == 1):
                        loss, logs, given = player.play(batch[0], batch[1], True, handed)
                        brought = [ops.cast(part, "float32") for network in networks for part in network.losses]
                    return optimizer.scale_loss(sum(brought, loss)), (logs, given)

                (logs, given), gradients, assigned = backend.value_and_grad(loss_and_logs, variables, self)
                if self.turns == 1:  # else the next turn is of other images
                    handed |= {name: ops.stop_gradient(tensor) for name, tensor in given.items()}
                alone = (
                    contextlib.nullcontext()
                    if backend.NAME != "jax"
                    else counted(optimizer, self.optimizer.images_seen)
                )
                with alone:
                    backend.apply_gradients(optimizer, gradients, variables)
                finite = True
                if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                    finite = ops.all(ops.stack([ops.all(ops.isfinite(gradient)) for gradient in gradients]))
                    for name in player.networks:
                        moved[name] = ops.logical_or(finite, moved.get(name, False))
                self._assign(assigned, player, finite)
                logged |= self._track(logs, player)
        self._check_all_logged(logged)
        self.after_step(ops.shape(x)[0] * backend.replicas(), moved)
        return self.get_metrics_result()

    def _assign(self, assigned: backend.Assigned, player: Player, finite: Tensor | bool) -> None:
        """Assigns what the forward passes of a turn changed, but what belongs to the networks of other players."""
        others = {name for other in self.players() for name in other.networks} - set(player.networks)
        foreign = {id(weight) for name in others for weight in getattr(self, name).non_trainable_weights}
        for variable, value in assigned:
            if id(variable) in foreign:
                continue
            if finite is not True and "float" in variable.dtype:  # seeds go on in a skipped turn, too
                value = ops.where(finite, value, variable.value)
            variable.assign(value)

    def validation_step(self, data: Any) -> dict[str, Tensor]:
        """One validation step: every player's losses on the whole batch, without an update."""
        x, y = self._unpack(data)
        logged: set[str] = set()
        handed: dict[str, Tensor] = {}
        count = ops.reshape(ops.cast(ops.shape(x)[0], "float32"), (1,))  # the last batch may be short
        with self._validating():
            for player in self.players():
                _, logs, given = player.play(x, y, False, handed)
                handed |= given
                logged |= self._track(logs, player, count)
        self._check_all_logged(logged)
        return self.get_metrics_result()

    def after_step(self, images: Tensor, moved: Mapping[str, Tensor]) -> None:
        """Counts a train step of `images` images, and moves the averages of networks, unless `moved` says no."""
        optimizer = self.optimizer
        self.update_averages(optimizer.iterations, optimizer.images_seen, images, moved)
        optimizer._iterations.assign_add(1)
        optimizer.images_seen.assign_add(ops.cast(images, optimizer.images_seen.dtype))

    def _unpack(self, data: Any) -> tuple[Tensor, Tensor | None]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        if weight is not None:
            raise ValueError(f"{type(self).__name__}: sample_weight has no meaning for its losses: leave it out.")
        if self.targets and y is None:
            raise ValueError(
                f"{type(self).__name__} needs {in_words(self.targets)} for each image: give batches (x, y)."
            )
        return ops.convert_to_tensor(x), None if y is None else ops.convert_to_tensor(y)

    def _track(self, logs: Mapping[str, Tensor], player: Player, weight: Tensor = None) -> set[str]:
        trackers = {tracker.name: tracker for tracker in self._trackers}
        for name, value in logs.items():
            if name not in trackers:
                raise ValueError(
                    f"{type(self).__name__}.logs does not declare '{name}', which the loss of player '{player.name}' "
                    f"reports; {did_you_mean(name, trackers)}"
                )
            self._reporters[name] = player.name
            if len(value.shape):
                raise ValueError(
                    f"{type(self).__name__}: '{name}' has shape {tuple(value.shape)}, but logs are scalars; vectors "
                    "belong to a callback."
                )
            # As a vector: a sum of scalars would melt into TensorFlow's AddN, whose last bit differs from run to run.
            trackers[name].update_state(ops.reshape(value, (1,)), sample_weight=weight)
        return set(logs)

    def _check_all_logged(self, logged: set[str]) -> None:
        if missing := sorted(set(self.logs) - logged):
            raise ValueError(f"{type(self).__name__}.logs declares {missing}, but no loss reports them.")

    @contextlib.contextmanager
    def _validating(self) -> Iterator[None]:
        self._in_validation = True
        try:
            yield
        finally:
            self._in_validation = False

    # Export

    def endpoints(self) -> dict[str, Endpoint]:
        """The endpoints of an export by name: `serve` is `call`, on floats."""
        inputs = self.call_inputs
        if isinstance(inputs, ArraySpec):
            return {"serve": Endpoint(lambda x: self(x), {"inputs": inputs.batched()})}
        if isinstance(inputs, dict):
            named, names = inputs, list(inputs)
            return {
                "serve": Endpoint(
                    lambda *arrays: self(dict(zip(names, arrays, strict=True))),
                    {name: spec.batched() for name, spec in named.items()},
                )
            }
        specs = {f"input_{number}": spec.batched() for number, spec in enumerate(inputs)}
        return {"serve": Endpoint(lambda *arrays: self(arrays), specs)}

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


def _symbol(spec: ArraySpec) -> keras.KerasTensor:
    return keras.KerasTensor((None, *spec.shape), spec.dtype)
