"""Evaluating: measures while training, keeps the best state, and changes nothing about the training."""

import numpy as np
import pytest

from keras_genzoo.artifacts import Run, load
from keras_genzoo.callbacks import Evaluating
from keras_genzoo.data import load_split
from keras_genzoo.evaluation import Reference, read
from tests.evaluation.conftest import Channels

PRESET = {
    "schema": 1,
    "model": "vae",
    "data": {"dataset": "drawn_faces", "batch_size": 16},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 2,
        "encoder": {"network": "conv_encoder", "filters": [4]},
        "decoder": {"network": "conv_decoder", "filters": [4]},
    },
    "fit": {"epochs": 1},
}


@pytest.fixture(scope="module")
def split():
    return load_split("drawn_faces", size=16, num_images=48, held_out=40)


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", PRESET, {"seed": 0}) as run:
        yield run


def fit(run, split, callbacks, epochs=3):
    from keras_genzoo import build
    from keras_genzoo.data import Stream

    model = build(PRESET, seed=0)
    history = model.fit(Stream(split.train, 16), epochs=epochs, callbacks=callbacks, verbose=0)
    return model, history.history


@pytest.mark.slow
def test_training_is_the_same_with_and_without(run, split):
    reference = Reference(split.held_out, "held_out")
    measured, logs = fit(run, split, [Evaluating(run, reference, ["frechet", "mse"], extractor=Channels(), num=30)])
    plain, _ = fit(run, split, [])
    for a, b in zip(measured.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    results = read(run.path)
    assert [one.subject["iterations"] for one in results["mse"]] == [3, 6, 9]
    assert logs["mse"] == [one.value for one in results["mse"]]
    assert logs["frechet_channels"] == [one.value for one in results["frechet_channels"]]
    assert results["frechet_channels"][0].protocol["generated"]["count"] == 30


@pytest.mark.slow
def test_every_few_epochs_and_the_last(run, split):
    fit(run, split, [Evaluating(run, Reference(split.held_out, "held_out"), ["mse"], every=2)], epochs=5)
    assert [one.subject["iterations"] for one in read(run.path)["mse"]] == [6, 12, 15]


class Told(Evaluating):
    """Measures what it is told to find."""

    def __init__(self, values, **arguments):
        super().__init__(**arguments)
        self.values = list(values)

    def _keep_best(self, result, number):
        object.__setattr__(result, "value", self.values.pop(0))
        super()._keep_best(result, number)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("mse", [3.0, 1.0, 2.0], 2),
        ("mse", [1.0, 1.0, 1.0], 1),
        ("psnr", [1.0, 2.0, 3.0], 3),
        ("psnr", [None, 2.0, 1.0], 2),
    ],
)
def test_the_best_state_is_kept(run, split, metric, values, best):
    told = Told(values, run=run, reference=Reference(split.held_out, "held_out"), metrics=[metric])
    fit(run, split, [told])
    (kept,) = (path for path in (run.path / "best" / metric).iterdir() if path.is_dir())
    assert kept.name == f"epoch-{best:04d}"
    assert load(run.path, best=metric).iterations == 3 * best


@pytest.mark.slow
def test_a_better_state_of_an_earlier_epoch_replaces_a_later_one(run, split):
    """After a training has gone back to an earlier checkpoint."""
    how = {"run": run, "reference": Reference(split.held_out, "held_out"), "metrics": ["mse"]}
    fit(run, split, [Told([3.0, 2.0, 2.5], **how)])
    fit(run, split, [Told([1.0], **how)], epochs=1)
    (kept,) = (path for path in (run.path / "best" / "mse").iterdir() if path.is_dir())
    assert kept.name == "epoch-0001" and load(run.path, best="mse").iterations == 3


@pytest.mark.slow
def test_a_training_that_is_about_to_stop_is_not_held_up_but_for_its_last_epoch(run, split):
    stopping = Evaluating(run, Reference(split.held_out, "held_out"), ["mse"], stop=lambda: True, epochs=5)
    fit(run, split, [stopping])
    assert not read(run.path)
    stopping.epochs = None
    fit(run, split, [stopping])
    assert len(read(run.path)["mse"]) == 1


@pytest.mark.slow
def test_a_metric_that_kept_nothing(run, split):
    fit(run, split, [Evaluating(run, Reference(split.held_out, "held_out"), ["mse"])], epochs=1)
    with pytest.raises(ValueError, match=r"keeps no state that was best by 'msee'; did you mean 'mse'\?"):
        load(run.path, best="msee")


@pytest.mark.slow
def test_what_cannot_be_measured_does_not_stop_the_training(run, split):
    class Broken(Channels):
        def outputs(self, images):
            return np.full((len(images), 6), np.nan, "float32"), None

    callback = Evaluating(run, Reference(split.held_out, "held_out"), ["frechet"], extractor=Broken(), num=30)
    with pytest.warns(UserWarning, match="epoch 1 could not be evaluated: frechet: "):
        fit(run, split, [callback], epochs=1)
