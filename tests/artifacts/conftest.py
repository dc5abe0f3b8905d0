"""One trained model, a fresh one, and a run."""

import numpy as np
import pytest

from keras_genzoo import config
from keras_genzoo.artifacts import Run
from keras_genzoo.data import ArraySource, Stream
from tests.artifacts.helpers import PRESET, RECORD


@pytest.fixture(scope="module")
def stream():
    x = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), "uint8")
    return Stream(ArraySource(x), batch_size=4)


@pytest.fixture(scope="module")
def model(stream):
    """A model that was trained for one epoch."""
    model = config.build(PRESET, seed=0)
    model.fit(stream, epochs=1, verbose=0)
    return model


@pytest.fixture
def fresh():
    return config.build(PRESET, seed=1)


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", PRESET, RECORD) as run:
        yield run
