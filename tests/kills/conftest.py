"""A fork server that has imported everything and run nothing, and children of it that can be killed."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from pathlib import Path
from signal import SIGKILL, Signals
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0  # seconds, for a slow machine


class Nursery:
    """Starts children, and knows which are alive."""

    def __init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self._children: list = []

    def start(self, target: Callable, *arguments: object) -> multiprocessing.Process:
        """A child that calls `target`."""
        child = self.context.Process(target=target, args=arguments, daemon=True)
        child.start()
        self._children.append(child)
        return child

    def kill(self, child: multiprocessing.Process) -> None:
        """Kills a child, which must be alive."""
        child.kill()
        self.bury(child, SIGKILL)

    def bury(self, child: multiprocessing.Process, signal: Signals) -> None:
        """Waits for the end of a child, which must die of this signal."""
        child.join(PATIENCE)
        assert child.exitcode == -signal, f"it ended with {child.exitcode}"
        self._children.remove(child)

    def clear(self) -> None:
        """Ends all that are left."""
        for child in self._children:
            child.kill()
            child.join(PATIENCE)
        self._children.clear()


def wait_until(true: Callable[[], bool], child: multiprocessing.Process) -> None:
    """Waits for something that a child is to do."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert child.exitcode is None, f"the child ended with {child.exitcode}"
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture(scope="session")
def _server() -> Iterator[None]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.kills.ready", "pytest"])  # which is the main module of children too
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with mock.patch.dict(os.environ, PYTHONPATH=path):
        forkserver.ensure_running()
    yield
    forkserver._forkserver._stop()


@pytest.fixture(scope="module")
def nursery(_server: None) -> Iterator[Nursery]:
    """Children of the server; none outlives the module."""
    children = Nursery()
    try:
        yield children
    finally:
        children.clear()
