"""Probe: measures a model's networks and players on a fixed batch, in graphs that leave no trace in the model."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_genzoo import backend, counter_rng
from keras_genzoo.capabilities import DrawsLatents, Translates
from keras_genzoo.diagnosis.roles import generator_player, given_to, inputs_of, networks_of, scorings
from keras_genzoo.diagnosis.scores import overfitting, pairwise_accuracy
from keras_genzoo.model import GenerativeModel
from keras_genzoo.players import Player

Tensor = Any

_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU)


class Probe:
    """Measures players and networks on a batch as in training, with batch statistics and dropout.

    Everything is computed in one graph, at about the cost of a train step. It runs in a scope that drops whatever the
    losses and layers assign, so that weights, seeds and running means do not change. Translators, which are trained on
    a few large images at a time, are measured on as many at a time, by a second graph.

    Args:
        model: a compiled model.
        batch: optional integer, how many images a gradient is taken of: as many as in training fit into memory; all by
            default.
    """

    def __init__(self, model: GenerativeModel, batch: int | None = None):
        self.model = model
        self._batch = batch
        self._size = batch if isinstance(model, Translates) else None
        self._scorings = scorings(model)
        self.has_discriminator = bool(self._scorings)
        """Whether a network scores images."""
        self._generator_player = generator_player(model)
        self._inner = {name: inner for name in networks_of(model) if (inner := _activations(model, name)) is not None}
        self._graph = backend.compiled(self._measure, model)
        self._graph_of_more = backend.compiled(self._measure_more, model)

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
        whole = slice(None) if self._size else slice(1)
        y = x[whole] if y is None else y
        others = (x[whole], y[whole])
        if held_out is not None:
            others = (held_out, y[whole] if held_out_y is None else held_out_y)
        arrays = (x, y, z, x[whole] if samples is None else samples, *others)
        found = self._in_parts(arrays, min(len(x), len(others[0])))
        scores = {name: found.pop(name) for name in [*found] if name.startswith("scores.")}
        if held_out is None:
            scores = {name: values for name, values in scores.items() if not name.startswith("scores.held_out.")}
        return {name: float(value) for name, value in found.items()} | self._of_scores(scores)

    def _in_parts(self, arrays: tuple[np.ndarray, ...], count: int) -> dict[str, np.ndarray]:
        """What the graphs compute of all images at once, or of as many at a time as in training."""
        if self._size is None:
            parts = [arrays]
        else:
            size = min(self._size, count)
            parts = [tuple(a[at : at + size] for a in arrays) for at in range(0, count - size + 1, size)]
        found: list[Mapping[str, Tensor]] = []
        for number, part in enumerate(parts):
            graph = self._graph_of_more if number else self._graph
            found.append(graph(*(ops.convert_to_tensor(array) for array in part)))
        numbers = [{name: ops.convert_to_numpy(value) for name, value in one.items()} for one in found]
        return _joined(numbers)

    def _of_scores(self, scores: dict[str, np.ndarray]) -> dict[str, float]:
        measures: dict[str, float] = {}
        for one in self._scorings:
            real, fake, held_out = (_finite(scores.get(f"scores.{kind}.{one.name}")) for kind in _KINDS)
            if real is not None and fake is not None:
                # A critic that separates all of them is as it should be.
                if not one.unbounded:
                    measures[f"pairwise_accuracy.{one.name}"] = pairwise_accuracy(real, fake)
                if held_out is not None:
                    measures[f"overfitting.{one.name}"] = overfitting(real, held_out, fake)
            if real is not None and held_out is not None:
                measures[f"held_out.{one.name}"] = pairwise_accuracy(real, held_out)
        return measures

    def _scope(self) -> contextlib.AbstractContextManager:
        # On JAX the graph's own scope gives the values, and this one would hide them.
        values = [(variable, variable.value) for variable in self.model.variables] if backend.NAME == "jax" else None
        return keras.StatelessScope(values)

    def _measure(self, x: Tensor, y: Tensor, *more: Tensor) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        with self._scope():
            for player in self.model.players():
                found[f"weights.{player.name}"] = _root_mean_square(
                    [v for v in self.model.variables_of(player) if _large(v)]
                )
            generator = self._generator_player
            if self._scorings and generator:
                found[f"gradient.{generator.name}"] = self._gradient(generator, x[: self._batch], y[: self._batch])
            return found | self._of_networks(x, y, *more)

    def _measure_more(self, *arrays: Tensor) -> dict[str, Tensor]:
        with self._scope():
            return self._of_networks(*arrays)

    def _of_networks(
        self, x: Tensor, y: Tensor, z: Tensor, samples: Tensor, held_out: Tensor, held_out_y: Tensor
    ) -> dict[str, Tensor]:
        """Scores of images, and the least, the largest and the mean square of what each layer gives."""
        found: dict[str, Tensor] = {}
        for one in self._scorings:
            images = one.real(x, y), one.fake(x, y, z, samples), one.real(held_out, held_out_y)
            for kind, given, beside in zip(_KINDS, images, ((x, y), (x, y), (held_out, held_out_y)), strict=True):
                if given is not None:
                    found[f"scores.{kind}.{one.name}"] = ops.cast(one.scores(given, *beside), "float32")
        for name, inner in self._inner.items():
            for number, values in enumerate(inner(x, y, z)):
                for what, value in _statistics(values).items():
                    found[f"{what}/{number}/{name}"] = value
        return found

    def _gradient(self, player: Player, x: Tensor, y: Tensor) -> Tensor:
        optimizer = self.model.optimizer.players[player.name]

        def scaled_loss() -> tuple[Tensor, dict[str, Tensor]]:
            loss, *_ = player.play(x, y if self.model.targets else None, True, {})
            return optimizer.scale_loss(loss), {}  # in half precision small gradients would vanish, as in training

        gradients = backend.value_and_grad(scaled_loss, self.model.variables_of(player), self.model)[1]
        size = _root_mean_square([gradient for gradient in gradients if gradient is not None])
        return size / optimizer.scale_loss(ops.ones(()))


_KINDS = ("real", "fake", "held_out")


def _activations(model: GenerativeModel, name: str) -> Callable[[Tensor, Tensor, Tensor], list[Tensor]] | None:
    """A function to the activations inside a network; None if no input for it is known, or it has none."""
    network, given = getattr(model, name), given_to(model, name)
    if given is None:
        return None
    inside = [layer for layer in network.layers if not isinstance(layer, layers.InputLayer)][:-1]
    outputs = [layer.output for layer in inside if _activates(layer)]
    if not outputs:
        return None
    inner = keras.Model(inputs_of(network), outputs)

    def activations(x: Tensor, y: Tensor, z: Tensor) -> list[Tensor]:
        values = inner(given(x, y, z), training=True)
        return list(values) if isinstance(values, list | tuple) else [values]

    return activations


def _activates(layer: layers.Layer) -> bool:
    own = getattr(layer, "activation", None)
    return isinstance(layer, _ACTIVATIONS) or (own is not None and own is not keras.activations.linear)


def _statistics(values: Tensor) -> dict[str, Tensor]:
    """Of all images and places the least and the largest value of each channel, and the mean square of all."""
    flat = ops.reshape(ops.cast(values, "float32"), (-1, values.shape[-1]))
    return {"least": ops.min(flat, axis=0), "most": ops.max(flat, axis=0), "square": ops.mean(ops.square(flat))}


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The numbers of all parts of a batch: scores in a row, and of each network the worst layer's dead units and scale.

    A unit is dead that has the same value for all images and places.
    """
    found = {name: value.astype("float64") for name, value in parts[0].items() if "/" not in name}
    for name in found:
        if name.startswith("scores."):
            found[name] = np.concatenate([part[name].astype("float64") for part in parts])
    for name in parts[0]:
        what, _, of = name.partition("/")
        if what != "least":
            continue
        least = np.min([part[name] for part in parts], axis=0)
        most = np.max([part[f"most/{of}"] for part in parts], axis=0)
        square = np.mean([part[f"square/{of}"] for part in parts])
        with np.errstate(invalid="ignore"):  # what is not finite shows in the losses
            dead = np.mean(most - least <= 1e-6 * np.maximum(np.abs(most), np.abs(least)))
        network = of.partition("/")[2]
        for measure, value in ((f"dead.{network}", dead), (f"scale.{network}", np.sqrt(square))):
            found[measure] = np.maximum(found.get(measure, value), value)
    return found


def _finite(scores: np.ndarray | None) -> np.ndarray | None:
    """Scores without NaN and infinity, else None."""
    return scores if scores is not None and np.isfinite(scores).all() else None


def _large(variable: keras.Variable) -> bool:
    return len(variable.shape) > 1  # biases and scales begin at 0 and 1


def _root_mean_square(tensors: list[Tensor]) -> Tensor:
    """The root mean square of all numbers in tensors."""
    if not tensors:
        return ops.zeros(())
    total = sum(ops.sum(ops.square(ops.cast(tensor, "float32"))) for tensor in tensors)
    return ops.sqrt(total / sum(int(np.prod(tensor.shape)) for tensor in tensors))
