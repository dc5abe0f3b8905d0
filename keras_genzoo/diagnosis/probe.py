"""The probe: one graph that looks into a model's networks with a fixed batch, and leaves no trace in it."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_genzoo import backend, counter_rng
from keras_genzoo.capabilities import Conditional, DrawsLatents, FitsPrior
from keras_genzoo.diagnosis.scores import overfitting, told_apart
from keras_genzoo.model import GenerativeModel
from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.players import Player

Tensor = Any

OPPONENTS = ("discriminator", "critic")
_MAKERS = ("generator", "decoder")
_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU)


class Probe:
    """Measures what players and networks do with a batch as in training: batch statistics, dropout and all.

    All of it is computed in one graph, at about the cost of a train step. It runs in a scope that drops whatever the
    losses and layers assign, so that weights, seeds and running means are after it what they were before.

    Args:
        model: a compiled model.
        batch: optional integer, images that a gradient is taken of at once: as many as in training, for which there is
            memory; all by default.
    """

    def __init__(self, model: GenerativeModel, batch: int | None = None):
        self.model = model
        self._batch = batch
        self._opponent = next((name for name in OPPONENTS if _judges_images(model, name)), None)
        self.has_opponent = self._opponent is not None
        """Whether a player judges images."""
        self._scores = model.scores if isinstance(model, Adversarial) else self._scores_of_images
        self._maker = next((one for one in model.players() if set(one.networks) & set(_MAKERS)), None)
        self._generator = _of_noise(model, self._maker)
        self._inner = {name: inner for name in _networks(model) if (inner := _activations(model, name)) is not None}
        self._graph = backend.compiled(self._measure, model)

    def measure(
        self,
        x: np.ndarray,
        y: np.ndarray | None,
        samples: np.ndarray,
        held_out: np.ndarray | None,
        held_out_y: np.ndarray | None = None,
    ) -> dict[str, float]:
        """Looks.

        Args:
            x: float array (n, height, width, channels) in [-1, 1], training images as a loss gets them.
            y: their labels or paired images, for models that take them.
            samples: float array of generated images, for models whose generator takes more than latents.
            held_out: optional float array of as many images that are not trained on.
            held_out_y: what `y` is of those.

        Returns:
            Measures by name: `gradient`, `weights`, `dead`, `scale`, `told_apart`, `held_out`, `overfitting`; see
            `keras_genzoo.diagnosis.rules`.
        """
        z = counter_rng.normal(np.uint32(0), np.arange(len(x)), getattr(self.model, "latent_dim", 1)).astype("float32")
        y = x[:1] if y is None else y
        unseen = (x[:1], y[:1]) if held_out is None else (held_out, y[:1] if held_out_y is None else held_out_y)
        arrays = (x, y, z, samples, *unseen)
        found = self._graph(*(ops.convert_to_tensor(array) for array in arrays))
        found = {name: ops.convert_to_numpy(value).astype("float64") for name, value in found.items()}
        real, fake, new = (found.pop(f"scores.{which}", None) for which in ("real", "fake", "unseen"))
        measures = {name: float(value) for name, value in found.items()}
        if real is not None and fake is not None and np.isfinite([real.sum(), fake.sum()]).all():
            # A critic, or who plays its part, that tells all of them is as it should be.
            if self._opponent == "discriminator" and getattr(self.model, "adversarial_loss", None) != "wasserstein":
                measures["told_apart.discriminator"] = told_apart(real, fake)
            if held_out is not None and new is not None:
                measures[f"held_out.{self._opponent}"] = told_apart(real, new)
                measures[f"overfitting.{self._opponent}"] = overfitting(real, new, fake)
        return measures

    def _measure(
        self, x: Tensor, y: Tensor, z: Tensor, samples: Tensor, held_out: Tensor, held_out_y: Tensor
    ) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        # On JAX the graph's own scope gives the values, and this one would hide them.
        values = [(one, one.value) for one in self.model.variables] if backend.NAME == "jax" else None
        with keras.StatelessScope(values):
            for player in self.model.players():
                found[f"weights.{player.name}"] = _mean_square(
                    [v for v in self.model.variables_of(player) if _large(v)]
                )
            if self._opponent and self._maker:
                found[f"gradient.{self._maker.name}"] = self._gradient(self._maker, x[: self._batch], y[: self._batch])
            if self._opponent:
                made = self._made(z, y, samples)
                for name, images, of in (("real", x, y), ("fake", made, y), ("unseen", held_out, held_out_y)):
                    found[f"scores.{name}"] = ops.cast(self._scores(images, of, True), "float32")
            for name, (inner, of_images) in self._inner.items():
                given = x if of_images else z
                dead, scale = zip(*(_unit_statistics(one) for one in inner(given, y)), strict=True)
                found[f"dead.{name}"], found[f"scale.{name}"] = ops.max(ops.stack(dead)), ops.max(ops.stack(scale))
        return found

    def _made(self, z: Tensor, y: Tensor, samples: Tensor) -> Tensor:
        """Images by the generator as it is trained; samples are made by its average."""
        if isinstance(self.model, Adversarial):
            return self.model.generated(z, y, True)
        return samples if self._generator is None else self._generator(z, training=True)

    def _scores_of_images(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        return getattr(self.model, str(self._opponent))(images, training=training)

    def _gradient(self, player: Player, x: Tensor, y: Tensor) -> Tensor:
        optimizer = self.model.optimizer.players[player.name]

        def game() -> tuple[Tensor, dict[str, Tensor]]:
            loss, _ = player.loss(x, y if self.model.targets else None, training=True)
            return optimizer.scale_loss(loss), {}  # in half precision small gradients would vanish, as in training

        gradients = backend.value_and_grad(game, self.model.variables_of(player), self.model)[1]
        return _mean_square([one for one in gradients if one is not None]) / optimizer.scale_loss(ops.ones(()))


def _judges_images(model: GenerativeModel, name: str) -> bool:
    inputs: Any = getattr(getattr(model, name, None), "inputs", None)
    return bool(inputs) and tuple(inputs[0].shape[1:]) == tuple(model.image_shape)


def _of_noise(model: GenerativeModel, maker: Player | None) -> keras.Model | None:
    """The network that makes images of latents alone."""
    networks = [getattr(model, name) for name in _MAKERS if maker is not None and name in maker.networks]
    takes_latents = [one for one in networks if one.input_shape[1:] == (getattr(model, "latent_dim", None),)]
    return takes_latents[0] if takes_latents else None


def _networks(model: GenerativeModel) -> list[str]:
    return list(dict.fromkeys(name for player in model.players() for name in player.networks))


def _activations(model: GenerativeModel, name: str) -> tuple[Callable[[Tensor, Tensor], list[Tensor]], bool] | None:
    """What gives the activations inside a network, and whether it takes images; None if we know no input for it."""
    network = getattr(model, name)
    inputs: Any = (getattr(network, "inputs", None) or ()) if isinstance(network, keras.Model) else ()
    labeled = len(inputs) == 2 and isinstance(model, Conditional)
    if not labeled and len(inputs) != 1:
        return None
    shape = tuple(inputs[0].shape[1:])
    of_images = shape == tuple(model.image_shape)
    # Of a model whose prior is fitted afterwards we do not know the latents.
    of_noise = isinstance(model, DrawsLatents) and shape == (model.latent_dim,) and not isinstance(model, FitsPrior)
    inside = [layer for layer in network.layers if not isinstance(layer, layers.InputLayer)][:-1]
    outputs = [layer.output for layer in inside if _activates(layer)]
    if not outputs or not (of_images or of_noise):
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
    """The share of channels that have one value for all images and places, and the root mean square of all."""
    flat = ops.reshape(ops.cast(values, "float32"), (-1, values.shape[-1]))
    dead = ops.max(flat, axis=0) - ops.min(flat, axis=0) <= 1e-6 * ops.max(ops.abs(flat), axis=0)
    return ops.mean(ops.cast(dead, "float32")), ops.sqrt(ops.mean(ops.square(flat)))


def _large(variable: keras.Variable) -> bool:
    return len(variable.shape) > 1  # biases and scales begin at 0 and 1


def _mean_square(tensors: list[Tensor]) -> Tensor:
    """The root of the mean square of all numbers in tensors."""
    if not tensors:
        return ops.zeros(())
    total = sum(ops.sum(ops.square(ops.cast(one, "float32"))) for one in tensors)
    return ops.sqrt(total / sum(int(np.prod(one.shape)) for one in tensors))
