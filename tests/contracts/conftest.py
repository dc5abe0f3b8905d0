"""One fitted model for all checks of a registered model."""

from pathlib import Path
from typing import NamedTuple

import keras
import pytest

from keras_genzoo.model import GenerativeModel
from tests.contracts import helpers


class Fitted(NamedTuple):
    """A tiny model after two epochs with validation, and what it saved after the first.

    Checks leave the model as it is.
    """

    name: str
    model: GenerativeModel
    history: dict[str, list[float]]
    weights: Path
    whole: Path


class _SaveFirst(keras.callbacks.Callback):
    def __init__(self, *paths: Path):
        super().__init__()
        self.weights, self.whole = paths

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            self.model.save_weights(self.weights)
            self.model.save(self.whole)


@pytest.fixture(scope="module", params=helpers.GROUPED)
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """Every registered model in turn, fitted."""
    folder = tmp_path_factory.mktemp(request.param)
    weights, whole = folder / "epoch-1.weights.h5", folder / "epoch-1.keras"
    model = helpers.build(request.param)
    model.compile()
    history = helpers.fit(model, callbacks=[_SaveFirst(weights, whole)])
    return Fitted(request.param, model, history, weights, whole)
