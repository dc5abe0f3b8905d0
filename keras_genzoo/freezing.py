"""Freezing: layers of networks that keep the weights with which a training begins."""

from collections.abc import Mapping
from typing import Any

import keras

from keras_genzoo.registry import did_you_mean


class Freezing(keras.Model):
    """The part of a `GenerativeModel` that keeps the first layers of a network as they are.

    A training that begins with another one's weights on few images keeps what these layers know: of a discriminator
    the lower ones, next to the image (Mo et al. 2020, arXiv:2002.10964, section 3).
    """

    frozen: Mapping[str, int] | None

    def players(self) -> tuple[Any, ...]:
        """See `GenerativeModel`."""
        raise NotImplementedError

    def freeze(self) -> None:
        """Freezes the first layers of each network that `frozen` names; those without weights are not counted.

        Raises:
            ValueError: there is no such network, or nothing of it would be left to train.
        """
        trained = {name for player in self.players() for name in player.networks} if self.frozen else set()
        for name, count in (self.frozen or {}).items():
            where = f"{type(self).__name__}.frozen"
            if name not in trained:
                raise ValueError(f"{where}: no network '{name}' is trained; {did_you_mean(name, trained)}")
            layers = [layer for layer in getattr(self, name).layers if layer.weights]
            if count >= len(layers):
                raise ValueError(
                    f"{where}: {count} layers of the {name}, which has {len(layers)} with weights: freeze fewer."
                )
            for layer in layers[:count]:
                layer.trainable = False
