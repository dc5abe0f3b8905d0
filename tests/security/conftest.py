"""What strangers might send. Each is handed to a command, and must be refused in one line.

Nothing beside it may change, no memory be taken for it, and no code of it run: what would run here leaves a `sentinel`.
"""

import json
import resource
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PRESET, cache, genzoo, preset, trained  # noqa: F401 - fixtures

SECONDS = 60
GIB = 2**30 if sys.platform == "darwin" else 2**20  # ru_maxrss is in bytes there, elsewhere in kilobytes
NESTED = 100_000


class Stranger:
    """Makes hostile files below `folder`, beside which there is an `outside` with a treasure."""

    def __init__(self, folder, finished):
        self.folder, self.outside, self._finished = folder / "sent", folder / "outside", finished
        self.folder.mkdir()
        self.outside.mkdir()
        (self.outside / "treasure").write_text("gold")

    @property
    def sentinel(self):
        """Where code that runs would leave its trace."""
        return self.outside / "sentinel"

    def file(self, name, content):
        """A file of text, bytes, or what JSON has words for."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(errors="surrogatepass"))
        return path

    def preset(self, text=None, **sections):
        """A preset's file: of `text`, or the tiny one with other sections."""
        return self.file("evil.json", {**PRESET, **sections} if text is None else text)

    def run(self):
        """A finished run."""
        return Path(shutil.copytree(self._finished, self.folder / "run"))

    def seen(self):
        """All that lies outside, and what it holds."""
        return {path: path.read_bytes() if path.is_file() else None for path in self.outside.rglob("*")}


@pytest.fixture
def stranger(tmp_path, trained):  # noqa: F811
    return Stranger(tmp_path, trained)


@pytest.fixture
def refusal(stranger, genzoo):  # noqa: F811
    """Runs a command that must be refused; gives its one line of complaint."""

    def too_long(*_):
        raise AssertionError(f"not refused within {SECONDS} s")

    def refusal(*words):
        before, memory = stranger.seen(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(SECONDS)
        try:
            code, _, complaint = genzoo(*words)
        finally:
            signal.alarm(0)
        assert code in (1, 2) and stranger.seen() == before
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < GIB
        (line,) = complaint.splitlines()
        assert line.startswith("genzoo: error: ") and line.isprintable() and len(line) < 2_100
        return line.removeprefix("genzoo: error: ")

    return refusal


def changed(path, **changes):
    """Changes keys of a JSON file; `a__b` stands for `b` in `a`."""
    content = json.loads(path.read_text())
    for key, value in changes.items():
        *steps, last = key.split("__")
        inner = content
        for step in steps:
            inner = inner[step]
        inner[last] = value
    path.write_text(json.dumps(content))
