"""A training of three stages: when they change, what changes, and that it can be stopped anywhere."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.callbacks import Diagnosis
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.scalar_schedules import OverImages, schedule_from
from keras_genzoo.stages import Stage
from tests.toys import Growing, Toy

EPOCHS = 9
PIXELS = np.random.default_rng(0).integers(0, 256, (33, 4, 4, 1), "uint8")


def stream():
    return Stream(ArraySource(PIXELS), 2, augment=("flip",))


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = Growing(**{"ema_momentum": 0.9, **arguments})
    model.compile(keras.optimizers.Adam(1e-4))
    return model


def state(model):
    return [ops.convert_to_numpy(v) for v in (*model.variables, *model.optimizer.variables)]


class Recording(keras.callbacks.Callback):
    """What each epoch was played with, and the state of the model after each step."""

    def __init__(self, keep=False):
        super().__init__()
        self.keep, self.epochs, self.steps = keep, [], []

    def on_epoch_begin(self, epoch, logs=None):
        model = self.model
        rates = tuple(round(float(one.learning_rate), 6) for one in model.optimizer.players.values())
        self.epochs.append((epoch, model.stage, model.images_seen, model.image_shape[0], rates))
        self._epoch, self._before = epoch, getattr(self, "_first", 0)
        self._first = 0

    def on_train_batch_end(self, batch, logs=None):
        if self.keep:
            model = self.model
            self.steps.append((self._epoch, self._before + batch + 1, model.stage, bytes(model.state())))


@pytest.fixture(scope="module")
def whole():
    """The training as it is without a stop."""
    model, recording = build(), Recording(keep=True)
    history = model.fit(stream(), epochs=EPOCHS, callbacks=[recording], verbose=0)
    return model, recording, history


def test_stages_change_at_the_first_end_of_an_epoch_after_their_images(whole):
    model, recording, history = whole
    # 2 turns: 2 steps of 16 images, 4 of 8, and 8 of 4 in an epoch
    assert recording.epochs == [
        (0, 0, 0, 1, (0.01, 0.01)),
        (1, 0, 32, 1, (0.01, 0.01)),
        (2, 0, 64, 1, (0.01, 0.01)),
        (3, 1, 96, 2, (0.001, 0.0001)),
        (4, 1, 128, 2, (0.001, 0.0001)),
        (5, 1, 160, 2, (0.001, 0.0001)),
        (6, 2, 192, 4, (0.0001, 0.0001)),
        (7, 2, 224, 4, (0.0001, 0.0001)),
        (8, 2, 256, 4, (0.0001, 0.0001)),
    ]
    assert model.images_seen == 288 and model.iterations == 3 * 2 + 3 * 4 + 3 * 8
    assert len(history.history["first_loss"]) == EPOCHS and history is model.history


@pytest.mark.slow
@pytest.mark.parametrize("at", range(2, 42, 3))  # in each stage, at the ends of epochs, and at both borders
def test_a_training_that_was_stopped_anywhere_goes_on_bit_for_bit(whole, at, tmp_path):
    model, recording, _ = whole
    epoch, step, stage, saved = recording.steps[at]
    file = tmp_path / "state.weights.h5"
    file.write_bytes(saved)
    again = build()
    again.begin_stage(stage)
    again.load_weights(file)
    steps = {0: 2, 1: 4, 2: 8}[stage]
    epoch, step = (epoch + 1, 0) if step == steps else (epoch, step)
    again.fit(stream(), epochs=EPOCHS, initial_epoch=epoch, initial_step=step, verbose=0)
    for one, other in zip(state(again), state(model), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_the_doctor_goes_on_from_stage_to_stage(recwarn):
    doctor = Diagnosis(stream(), ArraySource(PIXELS), time_fraction=1e9, every=1)
    build().fit(stream(), epochs=EPOCHS, callbacks=[doctor], verbose=0)
    assert not doctor.timeline.stopped and not [w for w in recwarn if "diagnosis" in str(w.message)]
    assert doctor.timeline.observations == 1 + 42  # before the first step, and after each


@pytest.mark.slow
def test_a_saved_model_comes_back_in_its_stage_at_the_rates_of_its_optimizers(tmp_path):
    model = build()
    model.fit(stream(), epochs=4, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.stage == 1 and again.image_shape == (2, 2, 1)
    for each in (model, again):
        each.fit(stream(), epochs=8, initial_epoch=4, verbose=0)
        assert [float(one.learning_rate) for one in each.optimizer.players.values()] == pytest.approx([1e-4, 1e-4])
    for one, other in zip(state(again), state(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_averages_follow_the_networks_of_the_stage():
    model = build()
    model.fit(stream(), epochs=3, verbose=0)
    head = {name: ops.convert_to_numpy(model.averaged(name).weights[-2]) for name in ("first", "second")}
    model.begin_stage(1)
    for name in ("first", "second"):
        network, average = getattr(model, name), model.averaged(name)
        assert average is getattr(model, f"ema_{name}") and average.input_shape == (None, 2, 2, 1)
        np.testing.assert_array_equal(average.weights[-2], head[name])  # goes on
        assert (head[name] != ops.convert_to_numpy(network.weights[-2])).any()
        np.testing.assert_array_equal(average.weights[0], ops.convert_to_numpy(network.weights[0]))  # begins


def test_a_half_life_in_images():
    model = Toy(ema_half_life=1000)
    model.compile(keras.optimizers.SGD(0.0))
    before = [ops.convert_to_numpy(weight) for weight in model.ema.weights]
    model.first.set_weights([weight + 1.0 for weight in model.first.get_weights()])
    seen = [0, 20_000, 60_000]
    shares = []
    for images in seen:
        model.ema.set_weights(before)
        model.optimizer.images_seen.assign(images)
        model.training_step((ops.zeros((50, 2, 2, 1)),))
        shares.append(float(np.mean([np.mean(a - b) for a, b in zip(model.ema.get_weights(), before, strict=True)])))
    half_lives = [min(1000, 0.05 * (images + 50)) for images in seen]
    np.testing.assert_allclose(shares, [1 - 0.5 ** (50 / half_life) for half_life in half_lives], rtol=1e-4)
    assert model.images_seen == 60_050


def test_schedules_of_images_do_not_depend_on_the_batch_size(tmp_path):
    spec = {"class_name": "PolynomialDecay", "config": {"initial_learning_rate": 1.0, "decay_steps": 100}}
    found = {}
    for batch in (10, 25):
        model = Toy(weight=schedule_from({**spec, "over": "images"}))
        model.compile(keras.optimizers.SGD(schedule_from({**spec, "over": "images"})))
        for _ in range(50 // batch):
            model.training_step((ops.zeros((batch, 2, 2, 1)),))
        rate = float(model.optimizer.players["second"].learning_rate)
        found[batch] = (round(rate, 4), round(float(model.scheduled(model.weight)), 4))
    middle = 0.5 * (1.0 + 0.0001)
    assert found[10] == found[25] == (pytest.approx(middle, abs=1e-4), pytest.approx(middle, abs=1e-4))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert float(again.optimizer.players["first"].learning_rate) == pytest.approx(middle, abs=1e-4)


def test_a_schedule_of_images_needs_a_model_that_counts_them():
    with pytest.raises(ValueError, match="OverImages: no model counts the images: compile a model with it first"):
        OverImages(keras.optimizers.schedules.CosineDecay(1.0, 10))(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Toy(ema_momentum=0.5, ema_half_life=10), "ema_momentum=0.5 and ema_half_life=10: give one of them"),
        (lambda: _in_stage(2).begin_stage(1), "Growing is in stage 2, and cannot go back to stage 1"),
        (
            lambda: build().fit(_dataset(), epochs=1, verbose=0),
            "the stage 'one' has batches or images of its own, which a dataset cannot give",
        ),
        (lambda: _Endless().border(0), "'small' is not the last stage: give its images"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def _in_stage(number):
    model = build()
    model.begin_stage(number)
    return model


def _dataset():
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices(np.zeros((32, 1, 1, 1), "float32")).batch(16)


class _Endless(Toy):
    def stages(self):
        return Stage("small"), Stage("large")
