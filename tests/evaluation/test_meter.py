"""Progress of measurements: what is shown, and when."""

import sys
import types

import numpy as np
import pytest

from keras_genzoo.data import ArraySource
from keras_genzoo.evaluation import Evaluation, ModelSubject, Reference, meter
from keras_genzoo.models.vae import VAE


@pytest.fixture
def clock(monkeypatch):
    """A time that passes when it is told to."""
    now = [100.0]
    module = sys.modules["keras_genzoo.evaluation.meter"]
    monkeypatch.setattr(module, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_the_time_that_is_left_is_said_soon(clock, capsys):
    with meter("draws of 4 images", 4_000) as advance:
        for seconds, draws in ((30, 10), (1, 10), (1, 10), (15, 150), (10, 100), (372, 3_720)):
            clock[0] += seconds
            advance(draws)
    assert capsys.readouterr().err.splitlines() == [
        "draws of 4 images: 20/4,000, 10 a second, 7 min left",  # that of the compiler does not count
        "draws of 4 images: 280/4,000, 10 a second, 6 min left",
        "draws of 4 images: 7 min, 9.3 a second",
    ]


def test_what_takes_no_time_has_a_single_line(clock, capsys):
    with meter("features", 10) as advance:
        clock[0] += 0.5
        advance(10)
    assert capsys.readouterr().err == "features: 0.5 s, 20 a second\n"


def test_what_counts_nothing_has_a_line_if_it_took_long(clock, capsys):
    for seconds in (0.2, 124.0):
        with meter("kernel distance", 1) as advance:
            clock[0] += seconds
            advance(1)
    assert capsys.readouterr().err == "kernel distance: 2 min\n"


@pytest.mark.slow
def test_likelihoods_count_draws_and_losses_count_batches():
    """An image may take seconds, a pass over the images minutes."""
    counted = {}

    def watch(what, total):
        class Context:
            def __enter__(self):
                counted[what] = (total, [])
                return counted[what][1].append

            def __exit__(self, *error):
                pass

        return Context()

    model = VAE(**VAE.tiny)
    model.compile()
    pictures = np.random.default_rng(0).integers(0, 256, (20, *model.image_shape), "uint8")
    evaluation = Evaluation(
        ModelSubject(model, "vae"), Reference(ArraySource(pictures), "all"), watch=watch, batch_size=8
    )
    list(evaluation.results(["log_likelihood", "losses"]))
    total, parts = counted["draws for the log_likelihood of 20 real images"]
    assert total == sum(parts) == 20_000 and max(parts) <= 20 * 8
    assert counted["losses on 20 real images"] == (20, [8, 8, 4])
