"""Keras' own callbacks work with models of several players."""

import keras
import numpy as np
import pytest

from tests.toys import Toy, images

pytestmark = pytest.mark.slow
X = images(8)


@pytest.fixture
def model():
    made = Toy()
    made.compile({"first": keras.optimizers.SGD(0.1), "second": keras.optimizers.Adam(0.01)})
    return made


def rates(model):
    return {name: float(one.learning_rate) for name, one in model.optimizer.players.items()}


def fit(model, callback, epochs=3):
    return model.fit(X, batch_size=4, validation_data=X, epochs=epochs, callbacks=[callback], verbose=0).history


@pytest.mark.parametrize(
    "make",
    [
        lambda path: keras.callbacks.BackupAndRestore(path / "backup"),
        lambda path: keras.callbacks.CSVLogger(path / "log.csv"),
        lambda path: keras.callbacks.EarlyStopping("val_first_loss", mode="min", restore_best_weights=True),
        lambda path: keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        lambda path: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        lambda path: keras.callbacks.ModelCheckpoint(path / "model.keras", monitor="val_first_loss", mode="min"),
        lambda path: keras.callbacks.ModelCheckpoint(path / "model.weights.h5", save_weights_only=True),
        lambda path: keras.callbacks.ProgbarLogger(),
        lambda path: keras.callbacks.ReduceLROnPlateau("first_loss", mode="min"),
        lambda path: keras.callbacks.TensorBoard(path / "board", histogram_freq=1, write_graph=False),
        lambda path: keras.callbacks.TerminateOnNaN(),
    ],
    ids=[
        "BackupAndRestore",
        "CSVLogger",
        "EarlyStopping",
        "LambdaCallback",
        "LearningRateScheduler",
        "ModelCheckpoint of models",
        "ModelCheckpoint of weights",
        "ProgbarLogger",
        "ReduceLROnPlateau",
        "TensorBoard",
        "TerminateOnNaN",
    ],
)
def test_every_callback_works(model, tmp_path, make):
    assert len(fit(model, make(tmp_path))["first_loss"]) == 3


def test_a_scheduler_sets_the_rate_of_every_player(model):
    history = fit(model, keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2), epochs=2)
    assert rates(model) == pytest.approx({"first": 0.025, "second": 0.0025})
    np.testing.assert_allclose(history["learning_rate_first"], [0.05, 0.025])
    np.testing.assert_allclose(history["learning_rate_second"], [0.005, 0.0025])


def test_a_plateau_reduces_the_rate_of_every_player(model):
    plateau = keras.callbacks.ReduceLROnPlateau("first_loss", mode="max", factor=0.5, patience=1, min_delta=1e6)
    fit(model, plateau, epochs=2)
    assert rates(model) == pytest.approx({"first": 0.05, "second": 0.005})


def test_an_average_of_weights_is_the_model_s_affair(model):
    with pytest.raises(ValueError, match="use_ema=True"):
        fit(model, keras.callbacks.SwapEMAWeights())
