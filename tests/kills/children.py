"""What the children of the fork server do."""

import itertools
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

OPERATIONS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.scandir", "shutil.rmtree"}
"""Python's names of them for those who audit it."""


def genzoo(words: Sequence[str], log: Path) -> None:
    """A command of genzoo; what it prints goes into `log`."""
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ["GENZOO_TRACEBACK"] = "1"
    import tests.kills.ready  # noqa: F401 - if the server has not
    from keras_genzoo.cli import main

    sys.exit(main(words))


def save_for_ever(folder: Path, acknowledge: Connection, operations: int, seconds: float) -> None:
    """Saves one position after another, and tells the number of each state that is safe, until it is killed.

    Every third state has the position of the one before, as when a training goes back and comes there again.

    Args:
        folder: of the checkpoints.
        acknowledge: pipe for the numbers.
        operations: on files of the folder, since the first save, after which the process dies as by SIGKILL: nothing
            of it runs any more.
        seconds: from the last of these to the death.
    """
    import numpy as np

    from keras_genzoo.artifacts import Checkpoints, Position
    from tests.toys import Toy

    model = Toy(image_shape=(240, 240, 3))  # 4 MB with Adam's moments
    model.compile()
    checkpoints = Checkpoints(folder)
    checkpoints.sweep()
    newest = checkpoints.restore(model) or Position()
    epoch, left = newest.epoch, operations

    def count(event: str, arguments: tuple) -> None:
        nonlocal left
        if event in OPERATIONS and str(arguments[0]).startswith(str(folder)):
            left -= 1
            if left == 0:  # by the kernel's clock: the parent's would come late on a busy machine
                signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for number in itertools.count(newest.iterations + 1):
        epoch += number % 3 > 0
        for weight in model.first.weights:
            weight.assign(np.full(weight.shape, number))
        checkpoints.save(model, Position(epoch, iterations=number))
        acknowledge.send(number)
        if number == newest.iterations + 1:
            sys.addaudithook(count)
