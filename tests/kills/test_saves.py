"""Processes that are killed while they save: what they acknowledged is there, and what is there is whole."""

import os
import random
from pathlib import Path
from signal import SIGALRM

import h5py
import numpy as np
import pytest

from keras_genzoo.artifacts.checkpoints import WEIGHTS, Checkpoints, check
from tests.kills import children
from tests.kills.conftest import Nursery

OPERATIONS = 80  # on files, in some three saves
STAGED = 0.01  # seconds, about, that a save lies beside the others


def save_until_killed(nursery: Nursery, folder: Path, moments: random.Random) -> int:
    """Lets a child save into `folder` until it is killed, in one of its first saves; returns the last acknowledged."""
    told, tell = nursery.context.Pipe(duplex=False)
    last = moments.randint(1, OPERATIONS)  # counted from the first acknowledgement on, however many that save needed
    between = moments.random() < 0.5  # two operations, or anywhere, such as while weights are written
    seconds = 0.0 if between else moments.uniform(0.0, STAGED)
    child = nursery.start(children.save_for_ever, folder, tell, last, seconds)
    tell.close()
    nursery.bury(child, SIGALRM)
    acknowledged = 0
    while told.poll():
        try:
            acknowledged = told.recv()
        except EOFError:
            break
    told.close()
    return acknowledged


def unfinished(folder: Path) -> list[str]:
    """What a save has made aside."""
    return [name for name in os.listdir(folder) if name.startswith(".")]


def state_in(folder: Path) -> float:
    """The number of the state in a checkpoint's weights."""
    with h5py.File(folder / WEIGHTS, "r") as file:
        (number,) = np.unique(file["first/layers/dense/vars/0"])
    return number


def look(folder: Path, acknowledged: int) -> bool:
    """Checks what a killed process left; tells whether that was in the middle of a save."""
    checkpoints = Checkpoints(folder)
    within = bool(unfinished(folder))
    for newest in list(checkpoints)[:1]:  # a reader does not sweep
        assert state_in(newest) == check(newest).iterations
    checkpoints.sweep()
    assert not unfinished(folder)
    found = list(checkpoints)
    assert 1 <= len(found) <= checkpoints.keep + 1
    kept = [(one, check(one)) for one in found[: checkpoints.keep]]  # a further one was being removed
    assert all(state_in(one) == position.iterations for one, position in kept)
    assert all(one.name == position.name for one, position in kept)
    assert kept[0][1].iterations >= acknowledged
    return within


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_kills(kills, nursery, tmp_path):
    moments, last, within = random.Random(kills), 0, 0
    for _ in range(kills):
        acknowledged = save_until_killed(nursery, tmp_path / "checkpoints", moments)
        assert acknowledged > last  # each child went on from what the one before had left
        last = acknowledged
        within += look(tmp_path / "checkpoints", acknowledged)
    print(f"{within} of {kills} kills fell into a save; {last} states were saved")
    assert within >= kills // 4
