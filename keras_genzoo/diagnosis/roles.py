"""Roles of networks: which of them score images, which images those are, and what each network is given."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from keras_genzoo.capabilities import Conditional, DrawsLatents, FitsPrior, Samples, Translates
from keras_genzoo.model import GenerativeModel
from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.models.translator import Translator
from keras_genzoo.players import Player

Tensor = Any
Given = Callable[[Tensor, Tensor, Tensor], Any]
"""From images x, labels or targets y, and latents z, to the inputs of a network."""

DISCRIMINATORS = ("discriminator", "critic")
_GENERATORS = ("generator", "decoder", "translator")


class Scoring(NamedTuple):
    """A network that scores real and generated images, a score for each image or for each of its patches.

    Args:
        name: string, the network's.
        unbounded: bool, whether it is a critic, which should separate all of them.
        real: function (x, y) -> the real images that it scores.
        fake: function (x, y, z, samples) -> the generated ones, of the generator in training; None if there are none.
        scores: function (images, x, y) -> scores, of images that belong to x and y.
    """

    name: str
    unbounded: bool
    real: Callable[[Tensor, Tensor], Tensor]
    fake: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor | None]
    scores: Callable[[Tensor, Tensor, Tensor], Tensor]


def scorings(model: GenerativeModel) -> list[Scoring]:
    """Returns the networks of a model that score images and are trained: a discriminator or critic, or several."""
    if isinstance(model, Translator):
        return [_of_translations(model, name) for name in model.discriminators if name in networks_of(model)]
    name = next((name for name in DISCRIMINATORS if _scores_images(model, name)), None)
    if name is None:
        return []
    if isinstance(model, Adversarial):
        return [
            Scoring(
                name,
                name == "critic" or model.adversarial_loss == "wasserstein",
                lambda x, y: x,
                lambda x, y, z, samples: model.generated(z, y, True),
                lambda images, x, y: model.scores(images, y, True),
            )
        ]
    generator = _generator_of_latents(model)

    def fake(x: Tensor, y: Tensor, z: Tensor, samples: Tensor) -> Tensor | None:
        if generator is not None:
            return generator(z, training=True)
        return samples if isinstance(model, Samples) else None

    scores = getattr(model, name)
    return [Scoring(name, name == "critic", lambda x, y: x, fake, lambda images, x, y: scores(images, training=True))]


def _of_translations(model: Translator, name: str) -> Scoring:
    direction = model.scored_direction(name)
    translator, ahead = getattr(model, model.translators[direction]), direction == "ab"
    return Scoring(
        name,
        model.adversarial_loss == "wasserstein",
        lambda x, y: y if ahead else x,
        lambda x, y, z, samples: translator(x if ahead else y, training=True),
        lambda images, x, y: model.scores_of(name, images, x if ahead else y, True),
    )


def generator_player(model: GenerativeModel) -> Player | None:
    """Returns the player that trains the network, or the networks, that make images."""
    names = set(translators_of(model).values() or _GENERATORS)
    return next((player for player in model.players() if names & set(player.networks)), None)


def translators_of(model: GenerativeModel) -> dict[str, str]:
    """Returns the name of what translates in each direction; nothing of other models."""
    if isinstance(model, Translator):
        return {str(direction): name for direction, name in model.translators.items()}
    if not isinstance(model, Translates):
        return {}
    return {one: "translator" if len(model.directions) == 1 else one for one in model.directions}


def networks_of(model: GenerativeModel) -> list[str]:
    """Returns the names of the networks that are trained."""
    return list(dict.fromkeys(name for player in model.players() for name in player.networks))


def given_to(model: GenerativeModel, name: str) -> Given | None:
    """Returns what a network is given of a batch; None if that is not known."""
    inputs = inputs_of(getattr(model, name))
    if isinstance(model, Translator):
        return _given_to_part_of(model, name, len(inputs))
    labeled = len(inputs) == 2 and isinstance(model, Conditional)
    if not labeled and len(inputs) != 1:
        return None
    shape = tuple(inputs[0].shape[1:])
    of_images = shape == tuple(model.image_shape)
    # The latents of a model whose prior is fitted afterwards are not known.
    of_latents = isinstance(model, DrawsLatents) and shape == (model.latent_dim,) and not isinstance(model, FitsPrior)
    if not (of_images or of_latents):
        return None

    def given(x: Tensor, y: Tensor, z: Tensor) -> Any:
        own = x if of_images else z
        return [own, model.one_hot(y)] if labeled and isinstance(model, Conditional) else own

    return given


def _given_to_part_of(model: Translator, name: str, inputs: int) -> Given | None:
    directions = {network: direction for direction, network in model.translators.items()}
    if name in directions:
        return lambda x, y, z: x if directions[name] == "ab" else y
    if name not in model.discriminators:
        return None
    ahead = model.scored_direction(name) == "ab"

    def given(x: Tensor, y: Tensor, z: Tensor) -> Any:
        real, beside = (y, x) if ahead else (x, y)
        return [real, beside] if inputs == 2 else real

    return given


def inputs_of(network: Any) -> list[Any]:
    """Returns the symbolic inputs of a network; none of a layer."""
    return list(getattr(network, "inputs", None) or ()) if isinstance(network, keras.Model) else []


def _scores_images(model: GenerativeModel, name: str) -> bool:
    inputs = inputs_of(getattr(model, name)) if name in networks_of(model) else []
    of_images = bool(inputs) and tuple(inputs[0].shape[1:]) == tuple(model.image_shape)
    return of_images and (len(inputs) == 1 or isinstance(model, Adversarial))


def _generator_of_latents(model: GenerativeModel) -> keras.Model | None:
    """The network that makes images of latents alone; None if there is none."""
    player = generator_player(model)
    if player is None or not isinstance(model, DrawsLatents):
        return None
    networks = (getattr(model, name) for name in _GENERATORS if name in player.networks)
    return next((network for network in networks if network.input_shape[1:] == (model.latent_dim,)), None)
