"""Standard output and error of a command: what a terminal would obey is escaped, and they work where there are none."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from keras_genzoo.printable import behind, escaped, is_terminal

_FORGIVING = ("backslashreplace", "namereplace", "replace", "xmlcharrefreplace")


class Shown:
    """A text stream that escapes what it is given, whoever prints it: names and what files say come from anywhere.

    rich, whose texts hold codes of its own, writes past it: `rich_proxied_file` is where rich looks for the stream
    behind another. Texts for rich are therefore given as `rich.text.Text`, or without markup, and `printable`.

    Args:
        stream: the stream behind it.
    """

    def __init__(self, stream: TextIO):
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Writes a text, of which line breaks alone keep their meaning."""
        self.rich_proxied_file.write(escaped(text, self.rich_proxied_file))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes several texts."""
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextlib.contextmanager
def streams() -> Iterator[None]:
    """Puts `Shown` streams in the place of standard output and error, which may be closed or know ASCII alone."""
    _fill_descriptors()
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - logs may keep it
            errors = getattr(stream, "errors", None)
            if hasattr(stream, "reconfigure") and errors not in _FORGIVING:
                stream.reconfigure(errors="backslashreplace")  # for rich
                stack.callback(_reset, stream, errors)
            setattr(sys, name, Shown(stream))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def _reset(stream: Any, errors: str | None) -> None:
    with contextlib.suppress(OSError, ValueError):  # it may be closed, or what is in its buffer cannot be written
        stream.reconfigure(errors=errors)


def _fill_descriptors() -> None:
    """Opens what is closed of a process's first three files: the next file to be opened would get its messages."""
    with contextlib.suppress(OSError):
        while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(opened)


@contextlib.contextmanager
def loading(what: str) -> Iterator[None]:
    """Says on a terminal what is being loaded, for as long as it takes."""
    stream = behind(sys.stderr)
    if not is_terminal(stream):
        yield
        return
    with contextlib.suppress(OSError):
        print(f"loading {what} ...", end="", file=stream, flush=True)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            print("\r\x1b[K", end="", file=stream, flush=True)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end a command by an exception, so that what it had only begun to write is removed.

    Those that are ignored, as by nohup, stay so. `train` has its own answer to them, while it trains.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():  # Python allows handlers there alone
        for name in ("SIGTERM", "SIGHUP"):  # not all on Windows
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # the first one is being obeyed
    raise SystemExit(128 + number)
