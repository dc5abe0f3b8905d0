"""What the children of the fork server do."""

import itertools
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path


def genzoo(words: Sequence[str], log: Path) -> None:
    """A command of genzoo; what it prints goes into `log`."""
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ["GENZOO_TRACEBACK"] = "1"
    import tests.kills.ready  # noqa: F401 - if the server has not
    from keras_genzoo.cli import main

    sys.exit(main(words))


def save_for_ever(folder: Path, acknowledge: Connection) -> None:
    """Saves one position after another, and tells the number of each state that is safe.

    Every third state has the position of the one before, as when a training goes back and comes there again.
    """
    import numpy as np

    from keras_genzoo.artifacts import Checkpoints, Position
    from tests.toys import Toy

    model = Toy(image_shape=(240, 240, 3))  # 4 MB with Adam's moments
    model.compile()
    checkpoints = Checkpoints(folder)
    checkpoints.sweep()
    newest = checkpoints.restore(model) or Position()
    epoch = newest.epoch
    for number in itertools.count(newest.iterations + 1):
        epoch += number % 3 > 0
        for weight in model.first.weights:
            weight.assign(np.full(weight.shape, number))
        checkpoints.save(model, Position(epoch, iterations=number))
        acknowledge.send(number)
