"""Beginning with another run's weights: all of them, those that fit, none; and what is said of it."""

import re
import shutil

import numpy as np
import pytest

import keras_genzoo.models
from keras_genzoo.artifacts import Run, RunError
from keras_genzoo.files import sha256_of
from keras_genzoo.registry import MODELS
from keras_genzoo.training import Options, Taken, Training, take_weights
from keras_genzoo.training.from_run import copy_weights, named_weights
from tests.toys import Toy
from tests.training.conftest import PRESET


def toy(value=None, **arguments):
    """A compiled toy, whose weights are all `value`."""
    model = Toy(**arguments)
    model.compile()
    for weight in model.weights if value is not None else ():
        weight.assign(np.full(weight.shape, value))
    return model


def values(model):
    """Arrays of a model's weights by their names."""
    return {name: np.array(weight) for name, weight in named_weights(model).items()}


def test_the_same_model_takes_all_weights_and_averages_but_no_optimizer_and_no_seed():
    model = toy(ema_momentum=0.9)
    rest = [np.array(one) for one in (*model.optimizer.variables, *model._seed_states())]
    matched = copy_weights(model, toy(2.0, ema_momentum=0.9))
    found = values(model)
    assert set(found) == {f"{n}/dense_1/{part}" for n in ("ema", "first", "second") for part in ("kernel", "bias")}
    assert set(matched.fitting) == set(found) and all((array == 2.0).all() for array in found.values())
    assert not matched.missing and not matched.extra and not matched.other_shape
    assert matched.parameters == sum(array.size for array in found.values()) == model.count_params()
    after = [np.array(one) for one in (*model.optimizer.variables, *model._seed_states())]
    assert all(np.array_equal(a, b) for a, b in zip(rest, after, strict=True)) and model.iterations == 0


def test_an_average_that_the_source_does_not_have_begins_as_its_network():
    model = toy(ema_momentum=0.9)
    assert not copy_weights(model, toy(2.0)).missing
    assert all((array == 2.0).all() for array in model.ema.get_weights())


def test_what_does_not_fit_is_left_and_reported_with_its_reason():
    model = toy(image_shape=(2, 3, 1))
    before = values(model)
    matched, after = copy_weights(model, toy(2.0, ema_momentum=0.9)), values(model)
    kernel, bias = "first/dense_1/kernel", "first/dense_1/bias"
    assert matched.other_shape[kernel] == ((4, 1), (6, 1)) and bias in matched.fitting
    assert np.array_equal(after[kernel], before[kernel]) and (after[bias] == 2.0).all()
    assert matched.extra == ("ema/dense_1/kernel", "ema/dense_1/bias")
    taken = Taken("runs/a", "faces", "toy", 64 * "a", matched)
    record = taken.record()
    assert record["taken"] == 2 and record["other_shape"][kernel] == [[4, 1], [6, 1]]
    rows = "\n".join(value for _, value in taken.rows())
    assert rows.startswith("runs/a (faces, sha256 aaaaaaaaaaaa): 2 of 4 weights taken, 2 numbers\n")
    assert f"of another shape: {kernel} (4, 1) there, (6, 1) here" in rows and "missing here: ema/" in rows


@pytest.mark.slow
@pytest.mark.parametrize("name", list(MODELS))
def test_every_weight_of_every_model_has_a_name(name):
    model = MODELS[name](**MODELS[name].tiny)
    assert len(named_weights(model)) == len(model.weights)


@pytest.mark.slow
def test_a_model_with_nothing_in_common_is_refused(trained):
    message = r"none of its weights fit this Toy: it has decoder, encoder, and this model first, second: name a run"
    with pytest.raises(RunError, match=message):
        take_weights(toy(), trained)


def test_weights_that_are_not_there_or_damaged_are_refused(trained, tmp_path):
    with pytest.raises(RunError, match="is not a run folder"):
        take_weights(toy(), tmp_path)
    run = Run(shutil.copytree(trained.path, tmp_path / "run"))
    shutil.copyfile(run.path / "config.json", run.weights())
    with pytest.raises(RunError, match=r"is damaged: .* no checkpoint in .* that can be used"):
        take_weights(toy(), run)
    shutil.rmtree(run.checkpoints.folder)
    assert run.weights() == run.path / "model.weights.h5"
    run.weights().unlink()
    with pytest.raises(RunError, match=r"model\.weights\.h5 is missing, and there are no checkpoints"):
        take_weights(toy(), run)
    (run.path / "environment.json").write_text("{}")
    with pytest.raises(RunError, match="holds no weights yet"):
        take_weights(toy(), run)


def test_a_training_reports_it_keeps_it_and_takes_it_again_if_it_was_stopped_early(trained, tmp_path):
    changes = {"arguments.latent_dim": 5}
    begun = Training.prepare(Options(PRESET, tmp_path / "run", from_run=trained, seed=1, set=changes))
    digest, text = sha256_of(trained.weights()), begun.plan()
    assert re.search(rf"^  from   {trained.path} \(preset, sha256 {digest[:12]}\): \d+ of \d+ weights", text, re.M)
    assert "of another shape: decoder/dense_1/" in text
    expected = values(begun.model)
    with begun.opened() as run:
        record = run.record["from"]
    assert (record["sha256"], record["path"], record["preset"]) == (digest, str(trained.path), "preset")
    assert record["taken"] == len(begun.taken.matched.fitting) > 4

    again = Training.prepare(Options(output=run.path, resume=True))
    found = values(again.model)
    assert again.taken == begun.taken
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    run.add_to_record(**{"from": {**record, "sha256": 64 * "0"}})
    with pytest.raises(RunError, match="holds other weights now"):
        Training.prepare(Options(output=run.path, resume=True))


GAN = {
    "schema": 2,
    "model": "dcgan",
    "data": {"dataset": "drawn_faces", "batch_size": 8, "num_images": 32, "held_out": 16},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": [8, 4]},
        "discriminator": {"network": "dcgan_discriminator", "filters": [4, 8]},
    },
    "fit": {"epochs": 1, "steps_per_epoch": 2},
}


@pytest.mark.slow
def test_frozen_layers_keep_the_weights_they_began_with(tmp_path):
    first = keras_genzoo.train(GAN, tmp_path / "first", seed=1)
    before = values(keras_genzoo.load(first.path))
    run = keras_genzoo.train(GAN, tmp_path / "second", seed=2, from_run=first, freeze={"discriminator": 1})
    assert run.config["arguments"]["frozen"] == {"discriminator": 1}
    after = values(keras_genzoo.load(run.path))
    kept = {name for name in after if np.array_equal(before[name], after[name])}
    assert kept == {name for name in after if name.startswith("discriminator/conv2d_1/")}
    again = keras_genzoo.train(output=run.path, resume=True, epochs=2)
    name = "discriminator/conv2d_1/kernel"
    assert np.array_equal(values(keras_genzoo.load(again.path))[name], before[name])


@pytest.mark.parametrize(
    ("frozen", "message"),
    [
        ({"critic": 1}, "DCGAN.frozen: no network 'critic' is trained; there are: discriminator, generator"),
        ({"discriminator": 4}, r"4 layers of the discriminator, which has \d with weights: freeze fewer"),
    ],
)
def test_what_cannot_be_frozen(frozen, message):
    with pytest.raises(ValueError, match=message):
        MODELS["dcgan"](**MODELS["dcgan"].tiny, frozen=frozen)
