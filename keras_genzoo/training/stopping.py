"""Stopping on request: a signal raises a flag, and the training stops after the present step, when it can be saved."""

import _thread
import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from keras_genzoo.printable import behind, is_terminal, say

if TYPE_CHECKING:
    from keras_genzoo.artifacts import Run

_MESSAGES = {
    "SIGINT": "\nstopping after this step, to keep what was learned; Ctrl-C again stops at once",
    "SIGTERM": "\nasked to stop: stopping after this step, to keep what was learned",
    "SIGHUP": "\nthe terminal went away: stopping after this step, to keep what was learned",  # not on Windows
}
_ONE_EVENT = 1.0  # seconds: a terminal that closes sends SIGHUP twice, once by the shell and once by itself
_SHOW_CURSOR = "\x1b[?25h"


class Interrupted(KeyboardInterrupt):
    """A training stopped because it was asked to, and its state is saved.

    Args:
        run: the run, which can be gone on with.
        exit_code: integer, that of a command that ends by it.
    """

    def __init__(self, run: "Run", exit_code: int):
        super().__init__(f"stopped, and saved; to go on: genzoo.train(output={str(run.path)!r}, resume=True)")
        self.run = run
        self.exit_code = exit_code


class Stop:
    """Catches SIGINT (Ctrl-C), SIGTERM and SIGHUP while it is entered; those that are ignored, as by nohup, stay so.

    Python runs its handlers between two of its own instructions, so after a step that may take minutes. Here the
    interpreter only writes the signal's number into a pipe, and a thread reads it: who asked is answered at once. A
    second signal, a second later or more, does not wait for the step to be saved; what was saved before is safe.

    Outside the main thread, where Python allows no handlers, nothing is caught.

    Args:
        ends_process: bool, whether a second signal ends the process at once, as is right for a command; a notebook's
            process lives on: there it is a KeyboardInterrupt, as soon as Python comes to it.
    """

    def __init__(self, ends_process: bool = False) -> None:
        self.ends_process = ends_process
        self.signal: int | None = None
        self._again = False
        self._before: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None
        self._outer = -1
        self._first = 0.0

    def asked(self) -> bool:
        """Whether the training is to stop."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """As shells have it: 128 plus the signal's number."""
        return 128 + (self.signal or 0)

    def __enter__(self) -> "Stop":
        if threading.current_thread() is not threading.main_thread():  # Python allows handlers there alone
            return self
        for name in _MESSAGES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        self._pipe = os.pipe()
        if hasattr(os, "set_blocking"):  # on Windows from Python 3.12 on, where a pipe need not be
            os.set_blocking(self._pipe[1], False)
        self._outer = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(self._pipe[0],), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._pipe is None:
            return
        signal.set_wakeup_fd(self._outer)
        os.close(self._pipe[1])  # ends the thread
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._pipe = None

    def _handle(self, *_: object) -> None:
        if self._again:
            self._again = False  # once: the handlers of the signal and of `interrupt_main` are both this
            raise KeyboardInterrupt

    def _watch(self, pipe: int) -> None:
        while numbers := os.read(pipe, 64):
            for number in numbers:
                if number in self._before:
                    self._note(number)
        os.close(pipe)

    def _note(self, number: int) -> None:
        if self.asked():
            if time.monotonic() - self._first > _ONE_EVENT:
                if self.ends_process:
                    os._exit(128 + number)
                self._again, self._first = True, time.monotonic()  # what follows comes here again
                _thread.interrupt_main()  # the handler of this signal may have run before the flag was raised
            return
        self.signal, self._first = number, time.monotonic()
        with contextlib.suppress(OSError, ValueError):  # a terminal that went away
            if is_terminal(sys.stdout):
                print(_SHOW_CURSOR, end="", file=behind(sys.stdout))  # which the progress bar hides
            say(_MESSAGES[signal.Signals(number).name])
