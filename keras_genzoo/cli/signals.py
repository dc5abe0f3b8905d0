"""Stopping on request: a signal raises a flag, and the training stops after the present step, when it can be saved."""

import contextlib
import signal
import sys
import threading
from types import FrameType
from typing import Any

_MESSAGES = {
    "SIGINT": "\nstopping after this step, to keep what was learned; Ctrl-C again stops at once",
    "SIGTERM": "\nasked to stop: stopping after this step, to keep what was learned",
    "SIGHUP": "\nthe terminal went away: stopping after this step, to keep what was learned",  # not on Windows
}
_SHOW_CURSOR = "\x1b[?25h"


class Stop:
    """Catches SIGINT (Ctrl-C), SIGTERM and SIGHUP while it is entered; those that are ignored, as by nohup, stay so.

    A second signal of any of these ends the process at once, even inside a step that takes long: what was saved before
    is safe.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def asked(self) -> bool:
        """Whether the training is to stop."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """As shells have it: 128 plus the signal's number."""
        return 128 + (self.signal or 0)

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():  # Python allows handlers there alone
            for name in _MESSAGES:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        for one in self._before:  # the kernel acts on the next one, where Python would wait for the end of a step
            signal.signal(one, signal.SIG_DFL)
        with contextlib.suppress(OSError, RuntimeError):  # a terminal that went away; a print that is interrupted
            cursor = _SHOW_CURSOR if sys.stdout.isatty() else ""  # which the progress bar hides
            print(cursor + _MESSAGES[signal.Signals(number).name], flush=True)
