"""Processes that are killed while they save: what they acknowledged is there, and what is there is whole."""

import os
import random
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from keras_genzoo.artifacts.checkpoints import WEIGHTS, Checkpoints, check
from tests.kills import children
from tests.kills.conftest import Nursery, wait_until


def kill_while_saving(nursery: Nursery, folder: Path, moments: random.Random) -> int:
    """Lets a child save into `folder` and kills it, mostly within a save; returns the last state it acknowledged."""
    told, tell = nursery.context.Pipe(duplex=False)
    child = nursery.start(children.save_for_ever, folder, tell)
    tell.close()
    acknowledged = 0
    for _ in range(moments.randint(1, 4)):
        wait_until(lambda: told.poll(0.01), child)
        acknowledged = told.recv()
    if moments.random() < 0.7:  # else anywhere, mostly where a state is copied
        wait_until(lambda: bool(unfinished(folder)), child)
    time.sleep(moments.uniform(0.0, 0.02))
    nursery.kill(child)
    while told.poll():  # what it told before the end
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
        acknowledged = kill_while_saving(nursery, tmp_path / "checkpoints", moments)
        assert acknowledged > last  # each child went on from what the one before had left
        last = acknowledged
        within += look(tmp_path / "checkpoints", acknowledged)
    print(f"{within} of {kills} kills fell into a save; {last} states were saved")
    assert within >= kills // 4
