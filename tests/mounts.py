"""Small disks of a test's own, where mounting is permitted."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Lets `folder` be a disk in memory; skips the test where that is not permitted."""
    folder.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "genzoo-test", folder)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here: {getattr(error, 'stderr', None) or error}")
    try:
        yield folder
    finally:
        _run("umount", "--lazy", folder)  # whatever is open there still


def make_read_only(disk: Path) -> None:
    """Lets nobody write on a small disk any more."""
    _run("mount", "-o", "remount,ro", disk)
