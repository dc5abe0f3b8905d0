import io

import pytest

from keras_genzoo.callbacks import progress as module
from keras_genzoo.callbacks.progress import Progress, duration, numbers, written
from tests.toys import Toy


class Clock:
    """A clock that stands still unless it is told."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(module.time, "perf_counter", lambda: self.now)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Logging(Toy):
    logs = ("loss", "kl")


MODEL = Logging()


class Lazy:
    """A log that counts how often it was asked for its value, as a device would be."""

    asked = 0

    def __float__(self):
        Lazy.asked += 1
        return 12.3456


def play(progress, clock, epochs, steps, seconds, first_epoch=0, first_step=0, pause=0.0, compiling=30.0):
    """A training whose first step takes `compiling` seconds longer."""
    progress.set_model(MODEL)
    progress.on_train_begin()
    for epoch in range(first_epoch, epochs):
        progress.on_epoch_begin(epoch)
        for batch in range(first_step, steps):
            clock.now += seconds + (compiling if (epoch, batch) == (first_epoch, first_step) else 0.0)
            progress.on_train_batch_end(batch, {"kl": Lazy(), "loss": Lazy()})
        first_step = 0
        progress.on_test_begin()
        clock.now += pause
        progress.on_epoch_end(epoch, {"kl": 3.0, "loss": 7.0, "val_kl": 4.0, "val_loss": 8.5})


def lines_of(clock, epochs=3, steps=100, images=64, more=None, **played):
    stream = io.StringIO()
    with Progress(epochs, steps, images, stream=stream, **(more or {})) as progress:
        play(progress, clock, epochs, steps, **played)
    return stream.getvalue().splitlines()


def test_the_estimate_comes_after_the_first_steps_and_leaves_out_what_compiled(clock):
    lines = lines_of(clock, epochs=40, seconds=0.5)
    assert lines[0] == "about 33 min left, to the end of epoch 40; 128 images/s"
    assert sum(line.startswith("about") for line in lines) == 1


def test_the_estimate_counts_validation_as_forward_passes(clock):
    lines = lines_of(clock, epochs=40, seconds=0.5, more={"validation_images": 6400})
    assert lines[0] == "about 47 min left, to the end of epoch 40; 128 images/s"


def test_short_epochs_are_timed_over_two_of_them(clock):
    lines = lines_of(clock, epochs=41, steps=8, seconds=0.1, pause=1.2)
    assert "about 78 s left, to the end of epoch 41; 640 images/s" in lines


def test_a_resumed_training_tells_what_remains(clock):
    lines = lines_of(clock, epochs=4, steps=100, seconds=1.0, first_epoch=3, first_step=50, more={"first_step": 50})
    assert lines[0] == "about 38 s left, to the end of epoch 4; 64 images/s"
    assert lines[-1].startswith("epoch 4/4  80 s, 40 images/s")


def test_an_epoch_leaves_a_line_with_logs_in_the_order_of_the_model(clock):
    assert lines_of(clock, epochs=1, seconds=0.5, compiling=0.0)[-1] == (
        "epoch 1/1  50 s, 128 images/s  loss 7 (val 8.5)  kl 3 (val 4)"
    )


def test_without_a_terminal_lines_are_rare_but_do_come(clock):
    lines = [line for line in lines_of(clock, epochs=100, steps=100, seconds=0.01) if line.startswith("epoch")]
    assert len(lines) < 10
    assert lines[0].startswith("epoch   1/100") and lines[-1].startswith("epoch 100/100")
    long = lines_of(clock, epochs=1, steps=100, seconds=10.0)
    assert sum("/1, step " in line for line in long) >= 10
    assert "loss 12.35  kl 12.35" in long[1]


def test_logs_are_read_twice_a_second_and_no_more(clock):
    Lazy.asked = 0
    lines_of(clock, epochs=1, steps=1000, seconds=0.01, compiling=0.0)
    assert Lazy.asked < 2 * (2 * 10 + 3)


def test_a_terminal_gets_a_bar_and_keeps_the_lines(clock):
    stream = Terminal()
    with Progress(2, 100, 64, stream=stream) as progress:
        play(progress, clock, epochs=2, steps=100, seconds=0.5)
    text = stream.getvalue()
    assert "\x1b[2Kepoch 2/2  50 s, 128 images/s  loss 7 (val 8.5)  kl 3 (val 4)\n" in text


def test_the_bar_goes_when_the_training_fails(clock):
    progress = Progress(2, 100, 64, stream=Terminal())
    with pytest.raises(RuntimeError), progress:
        assert progress._bar.live.live.is_started
        raise RuntimeError
    assert not progress._bar.live.live.is_started


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (45.4, "45 s"), (99, "99 s"), (100, "2 min"), (840, "14 min"), (7500, "2 h 05 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_numbers_and_written():
    logs = numbers({"val_b": 1.0, "a": 2, "b": 123456.0, "val_a": 0.5, "other": 0.000123456}, ("b", "a"))
    assert list(logs) == ["b", "a", "val_b", "val_a", "other"]
    assert written(logs) == "b 1.235e+05 (val 1)  a 2 (val 0.5)  other 0.0001235"
    assert numbers(None) == {}
