"""Stopping on request: a signal raises a flag, and the training stops after the present step, when it can be saved."""

import signal
import threading
from types import FrameType
from typing import Any

_MESSAGES = {
    signal.SIGINT: "\nstopping after this step, to keep what was learned; Ctrl-C again stops at once",
    signal.SIGTERM: "\nasked to stop: stopping after this step, to keep what was learned",
}


class Stop:
    """Catches SIGINT (Ctrl-C) and SIGTERM while it is entered.

    A second SIGINT raises KeyboardInterrupt.
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
            for number in _MESSAGES:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number
        print(_MESSAGES[signal.Signals(number)], flush=True)
