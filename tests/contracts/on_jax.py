"""A process of its own: models on JAX, where TensorFlow cannot be imported. Its arguments are a folder and their names.

For each model it reads `<name>.start.npz`, the weights to start from, and writes `<name>.npz`, or why it could not.
"""

import importlib.abc
import os
import sys
import traceback
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"


class _NoTensorFlow(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in ("tensorflow", "tensorflow_datasets"):
            raise ImportError(f"{fullname} is not installed here")


sys.meta_path.insert(0, _NoTensorFlow())

import keras  # noqa: E402
import numpy as np  # noqa: E402

from keras_genzoo.optimizers import ScheduledAdam  # noqa: E402
from keras_genzoo.scalar_schedules import OverImages  # noqa: E402
from tests.contracts import helpers  # noqa: E402

SCHEDULED = "r3gan"
Arrays = dict[str, np.ndarray]


def parity(name: str, folder: Path) -> Arrays:
    """Weights and images after two steps from the given weights."""
    with np.load(folder / f"{name}.start.npz") as start:
        model = helpers.two_steps(name, start=[start[key] for key in start.files], jit_compile=True)
    weights = {f"weight_{number}": value for number, value in enumerate(model.get_weights())}
    return {**weights, "images": helpers.images(model, seed=5)}


def resume(name: str, folder: Path) -> Arrays:
    """Two states that must be one: after two epochs, and after the second epoch once more, from the saved first."""
    path = folder / f"{name}.weights.h5"

    class SaveFirst(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                self.model.save_weights(path)

    model = helpers.build(name)
    model.compile()
    history = helpers.fit(model, callbacks=[SaveFirst()])
    evaluated = model.evaluate(helpers.held_out(model), return_dict=True, verbose=0)
    logs = {f"log_{log}": np.array(values) for log, values in history.items()}
    whole = {f"whole_{key}": value for key, value in helpers.state(model).items()}
    model.load_weights(path)  # the same model goes back: what is compiled is not compiled again
    helpers.fit(model, initial_epoch=1, validation_data=None)
    resumed = {f"resumed_{key}": value for key, value in helpers.state(model).items()}
    return {**logs, **{f"evaluated_{log}": np.array(v) for log, v in evaluated.items()}, **whole, **resumed}


def schedules(name: str, folder: Path) -> Arrays:
    """What a model ends with whose optimizer and augmentation follow the images that it has seen."""
    steps = helpers.STEPS * helpers.BATCH
    falling = OverImages(keras.optimizers.schedules.PolynomialDecay(0.5, steps, 0.25))
    augmentation = {"augmentation": "ada", "operations": ("color",), "probability": falling}
    model = helpers.build(name, discriminator_augmentation=augmentation)
    model.compile(
        ScheduledAdam(OverImages(keras.optimizers.schedules.PolynomialDecay(1e-3, steps, 1e-4)), 0.0, falling)
    )
    helpers.fit(model, epochs=1)
    optimizer = model.optimizer.players["generator"]
    return {"probability": model.augmentation.probability, "rate": optimizer.learning_rate, "beta_2": optimizer.beta_2}


def main(folder: Path, names: list[str]) -> None:
    """Runs these models."""
    for name in names:
        try:
            results = {**parity(name, folder), **resume(name, folder)}
            results |= schedules(name, folder) if name == SCHEDULED else {}
            assert "tensorflow" not in sys.modules
            np.savez(folder / f"{name}.npz", **{key.replace("/", "."): np.array(v) for key, v in results.items()})
        except Exception:
            (folder / f"{name}.error").write_text(traceback.format_exc()[-3000:], encoding="utf-8")


main(Path(sys.argv[1]), sys.argv[2:])
