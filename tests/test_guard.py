import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.artifacts import DivergedError
from keras_genzoo.callbacks import Divergence, Guard
from keras_genzoo.data import ArraySource, Stream
from tests.toys import Toy, images

STEPS = 5


class Sick(Toy):
    """A toy whose second player's loss is not finite in one step, and which goes on as if nothing had happened."""

    def __init__(self, at=-1, value=math.nan, **kwargs):
        super().__init__(**kwargs)
        self.at = at
        self.value = value

    def second_loss(self, x, y, training):
        loss, _ = super().second_loss(x, y, training)
        shown = (
            ops.where(self.optimizer.iterations == self.at, self.value, loss) if training else ops.full((), self.value)
        )
        return loss, {"second_loss": shown}


@pytest.fixture(scope="module")
def stream():
    return Stream(ArraySource(images(4 * STEPS), names=[f"{number}.png" for number in range(4 * STEPS)]), batch_size=4)


def diverge(model, guard, stream, **arguments):
    model.compile()
    with pytest.raises(Divergence) as caught:
        model.fit(stream, callbacks=[guard], verbose=0, **{"epochs": 4, **arguments})
    return caught.value


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 1, 6, STEPS - 1])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_it_stops_within_a_step_and_says_where(stream, at, value):
    model = Sick(at=at, value=value)
    error = diverge(model, Guard(stream), stream)
    assert at + 1 <= model.iterations <= at + 2
    epoch, indices = at // STEPS, stream.indices(at * stream.batch_size, stream.batch_size)
    assert error.record == {
        "what": "second_loss",
        "value": str(value),
        "player": "second",
        "epoch": epoch + 1,
        "step": at % STEPS + 1,
        "iterations": at + 1,
        "images": indices.tolist(),
        "names": [f"{index}.png" for index in indices],
    }
    assert str(error) == (
        f"second_loss (player 'second') is {value} in epoch {epoch + 1}, step {at % STEPS + 1}, which saw the images "
        f"{', '.join(error.record['names'])}: the training diverged"
    )


def test_it_knows_where_a_resumed_epoch_stands(stream):
    model = Sick(at=7)
    model.compile()
    model.fit(stream, epochs=2, initial_epoch=1, steps_per_epoch=1, verbose=0)
    model.optimizer.iterations.assign(6)
    with pytest.raises(Divergence) as caught:
        model.fit(
            stream, epochs=2, initial_epoch=1, steps_per_epoch=4, callbacks=[Guard(stream, first_step=1)], verbose=0
        )
    assert (caught.value.record["epoch"], caught.value.record["step"], caught.value.record["iterations"]) == (2, 3, 8)


def test_images_that_are_not_finite_are_named_alone():
    x = images(8)
    x[5, 0, 1, 0] = math.nan
    source = ArraySource(images(8), names=[f"{number}.png" for number in range(8)])
    source._columns["image"] = x  # the constructor would have refused it
    stream = Stream(source, batch_size=8)
    error = diverge(Toy(), Guard(stream), stream)
    assert error.record["names"] == ["5.png"] and "which saw the images 5.png:" in str(error)


@pytest.mark.slow
def test_long_lists_are_cut_in_the_message_alone():
    stream = Stream(ArraySource(images(30)), batch_size=30)
    error = diverge(Sick(at=0), Guard(stream), stream)
    assert sorted(error.record["images"]) == list(range(30)) and error.record["names"] == []
    assert "... (30 in all): the training diverged" in str(error)


class Spoil(keras.callbacks.Callback):
    """Puts NaN where no loss looks."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.at:
            average = self.model.ema.weights[0]
            average.assign(average + math.nan)


def test_weights_are_looked_at_now_and_then(stream):
    model = Toy(ema_momentum=0.9)
    model.compile()
    with pytest.raises(DivergedError, match=r"kernel is not finite in epoch 1, step 4"):
        model.fit(stream, callbacks=[Spoil(at=2), Guard(stream, every=2)], epochs=1, verbose=0)
    assert model.iterations == 4


def test_held_out_images_do_not_end_a_training(stream):
    model = Sick(at=-1)
    model.compile()
    history = model.fit(
        stream, callbacks=[Guard(stream)], validation_data=images(4), batch_size=4, epochs=1, verbose=0
    ).history
    assert math.isnan(history["val_second_loss"][0]) and np.isfinite(history["second_loss"][0])


def test_any_data_will_do():
    model = Sick(at=1)
    model.compile()
    with pytest.raises(Divergence, match="step 2: the training diverged"):
        model.fit(images(16), batch_size=4, callbacks=[Guard()], verbose=0)
