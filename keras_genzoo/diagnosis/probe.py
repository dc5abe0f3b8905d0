"""Probe: measures a model's networks and players on a fixed batch, in one graph that leaves no trace in the model."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_genzoo import backend, counter_rng
from keras_genzoo.capabilities import Conditional, DrawsLatents, FitsPrior, Samples
from keras_genzoo.diagnosis.scores import overfitting, pairwise_accuracy
from keras_genzoo.model import GenerativeModel
from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.players import Player

Tensor = Any

DISCRIMINATORS = ("discriminator", "critic")
_GENERATORS = ("generator", "decoder", "translator")
_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU)


class Probe:
    """Measures players and networks on a batch as in training, with batch statistics and dropout.

    Everything is computed in one graph, at about the cost of a train step. It runs in a scope that drops whatever the
    losses and layers assign, so that weights, seeds and running means do not change.

    Args:
        model: a compiled model.
        batch: optional integer, how many images a gradient is taken of: as many as in training fit into memory; all by
            default.
    """

    def __init__(self, model: GenerativeModel, batch: int | None = None):
        self.model = model
        self._batch = batch
        self._discriminator = next((name for name in DISCRIMINATORS if _scores_images(model, name)), None)
        self.has_discriminator = self._discriminator is not None
        """Whether a network scores images."""
        self._scores = model.scores if isinstance(model, Adversarial) else self._scores_of_images
        self._generator_player = next((p for p in model.players() if set(p.networks) & set(_GENERATORS)), None)
        self._generator = _generator_of_latents(model, self._generator_player)
        self._inner = {name: inner for name in _networks(model) if (inner := _activations(model, name)) is not None}
        self._graph = backend.compiled(self._measure, model)

    def measure(
        self,
        x: np.ndarray,
        y: np.ndarray | None,
        samples: np.ndarray | None,
        held_out: np.ndarray | None,
        held_out_y: np.ndarray | None = None,
    ) -> dict[str, float]:
        """Measures.

        Args:
            x: float array (n, height, width, channels) in [-1, 1], training images as the losses get them.
            y: their labels or targets, for models that need them.
            samples: float array of generated images, for models whose generator takes more than latents; None
                of a model without samples.
            held_out: optional float array of as many images that are not trained on.
            held_out_y: their labels or targets.

        Returns:
            Measures by name: `gradient`, `weights`, `dead`, `scale`, `pairwise_accuracy`, `held_out`, `overfitting`:
            see `keras_genzoo.diagnosis.rules`.
        """
        model = self.model
        latent_dim = model.latent_dim if isinstance(model, DrawsLatents) else 1
        z = counter_rng.normal(np.uint32(0), np.arange(len(x)), latent_dim).astype("float32")
        # What is None has a place in the graph all the same.
        y = x[:1] if y is None else y
        others = (x[:1], y[:1]) if held_out is None else (held_out, y[:1] if held_out_y is None else held_out_y)
        arrays = (x, y, z, x[:1] if samples is None else samples, *others)
        found = self._graph(*(ops.convert_to_tensor(array) for array in arrays))
        found = {name: ops.convert_to_numpy(value).astype("float64") for name, value in found.items()}
        scores = {name: found.pop(name) for name in [*found] if name.startswith("scores.")}
        if held_out is None:
            scores.pop("scores.held_out", None)
        return {name: float(value) for name, value in found.items()} | self._of_scores(**_finite(scores))

    def _of_scores(
        self, real: np.ndarray | None = None, fake: np.ndarray | None = None, held_out: np.ndarray | None = None
    ) -> dict[str, float]:
        measures: dict[str, float] = {}
        name, model = self._discriminator, self.model
        if real is not None and fake is not None:
            # A critic that separates all of them is as it should be.
            critic = isinstance(model, Adversarial) and model.adversarial_loss == "wasserstein"
            if name == "discriminator" and not critic:
                measures[f"pairwise_accuracy.{name}"] = pairwise_accuracy(real, fake)
            if held_out is not None:
                measures[f"overfitting.{name}"] = overfitting(real, held_out, fake)
        if real is not None and held_out is not None:
            measures[f"held_out.{name}"] = pairwise_accuracy(real, held_out)
        return measures

    def _measure(
        self, x: Tensor, y: Tensor, z: Tensor, samples: Tensor, held_out: Tensor, held_out_y: Tensor
    ) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        # On JAX the graph's own scope gives the values, and this one would hide them.
        values = [(variable, variable.value) for variable in self.model.variables] if backend.NAME == "jax" else None
        with keras.StatelessScope(values):
            for player in self.model.players():
                found[f"weights.{player.name}"] = _root_mean_square(
                    [v for v in self.model.variables_of(player) if _large(v)]
                )
            generator = self._generator_player
            if self._discriminator and generator:
                found[f"gradient.{generator.name}"] = self._gradient(generator, x[: self._batch], y[: self._batch])
            if self._discriminator:
                fake = self._generated(z, y, samples)
                for name, images, labels in (("real", x, y), ("fake", fake, y), ("held_out", held_out, held_out_y)):
                    if images is not None:
                        found[f"scores.{name}"] = ops.cast(self._scores(images, labels, True), "float32")
            for name, (inner, of_images) in self._inner.items():
                activations = inner(x if of_images else z, y)
                dead, scale = zip(*(_unit_statistics(values) for values in activations), strict=True)
                found[f"dead.{name}"], found[f"scale.{name}"] = ops.max(ops.stack(dead)), ops.max(ops.stack(scale))
        return found

    def _generated(self, z: Tensor, y: Tensor, samples: Tensor) -> Tensor | None:
        """Images by the generator in training, where it can be called; samples are made by its average."""
        if isinstance(self.model, Adversarial):
            return self.model.generated(z, y, True)
        if self._generator is not None:
            return self._generator(z, training=True)
        return samples if isinstance(self.model, Samples) else None

    def _scores_of_images(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        return getattr(self.model, str(self._discriminator))(images, training=training)

    def _gradient(self, player: Player, x: Tensor, y: Tensor) -> Tensor:
        optimizer = self.model.optimizer.players[player.name]

        def scaled_loss() -> tuple[Tensor, dict[str, Tensor]]:
            loss, *_ = player.play(x, y if self.model.targets else None, True, {})
            return optimizer.scale_loss(loss), {}  # in half precision small gradients would vanish, as in training

        gradients = backend.value_and_grad(scaled_loss, self.model.variables_of(player), self.model)[1]
        size = _root_mean_square([gradient for gradient in gradients if gradient is not None])
        return size / optimizer.scale_loss(ops.ones(()))


def _scores_images(model: GenerativeModel, name: str) -> bool:
    inputs = _inputs(getattr(model, name)) if name in _networks(model) else []
    of_images = bool(inputs) and tuple(inputs[0].shape[1:]) == tuple(model.image_shape)
    return of_images and (len(inputs) == 1 or isinstance(model, Adversarial))


def _generator_of_latents(model: GenerativeModel, player: Player | None) -> keras.Model | None:
    """A player's network that makes images of latents alone; None if there is none."""
    if player is None or not isinstance(model, DrawsLatents):
        return None
    networks = (getattr(model, name) for name in _GENERATORS if name in player.networks)
    return next((network for network in networks if network.input_shape[1:] == (model.latent_dim,)), None)


def _inputs(network: Any) -> list[Any]:
    return list(getattr(network, "inputs", None) or ()) if isinstance(network, keras.Model) else []


def _networks(model: GenerativeModel) -> list[str]:
    return list(dict.fromkeys(name for player in model.players() for name in player.networks))


def _activations(model: GenerativeModel, name: str) -> tuple[Callable[[Tensor, Tensor], list[Tensor]], bool] | None:
    """A function to the activations inside a network, and whether it takes images; None if no input for it is known."""
    network = getattr(model, name)
    inputs = _inputs(network)
    labeled = len(inputs) == 2 and isinstance(model, Conditional)
    if not labeled and len(inputs) != 1:
        return None
    shape = tuple(inputs[0].shape[1:])
    of_images = shape == tuple(model.image_shape)
    # The latents of a model whose prior is fitted afterwards are not known.
    of_latents = isinstance(model, DrawsLatents) and shape == (model.latent_dim,) and not isinstance(model, FitsPrior)
    inside = [layer for layer in network.layers if not isinstance(layer, layers.InputLayer)][:-1]
    outputs = [layer.output for layer in inside if _activates(layer)]
    if not outputs or not (of_images or of_latents):
        return None
    inner = keras.Model(inputs, outputs)

    def activations(given: Tensor, y: Tensor) -> list[Tensor]:
        values = inner([given, model.one_hot(y)] if labeled else given, training=True)
        return list(values) if isinstance(values, list | tuple) else [values]

    return activations, of_images


def _activates(layer: layers.Layer) -> bool:
    own = getattr(layer, "activation", None)
    return isinstance(layer, _ACTIVATIONS) or (own is not None and own is not keras.activations.linear)


def _unit_statistics(values: Tensor) -> tuple[Tensor, Tensor]:
    """The fraction of channels that have the same value for all images and places, and the root mean square of all."""
    flat = ops.reshape(ops.cast(values, "float32"), (-1, values.shape[-1]))
    dead = ops.max(flat, axis=0) - ops.min(flat, axis=0) <= 1e-6 * ops.max(ops.abs(flat), axis=0)
    return ops.mean(ops.cast(dead, "float32")), ops.sqrt(ops.mean(ops.square(flat)))


def _finite(scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Scores without NaN and infinity, by the kind of images."""
    return {name.removeprefix("scores."): values for name, values in scores.items() if np.isfinite(values).all()}


def _large(variable: keras.Variable) -> bool:
    return len(variable.shape) > 1  # biases and scales begin at 0 and 1


def _root_mean_square(tensors: list[Tensor]) -> Tensor:
    """The root mean square of all numbers in tensors."""
    if not tensors:
        return ops.zeros(())
    total = sum(ops.sum(ops.square(ops.cast(tensor, "float32"))) for tensor in tensors)
    return ops.sqrt(total / sum(int(np.prod(tensor.shape)) for tensor in tensors))
