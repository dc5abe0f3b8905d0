"""Progress of a measurement: a bar on a terminal, elsewhere lines now and then, with the time that is left."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from keras_genzoo.printable import duration, is_terminal, printable

_SECONDS_TO_FIRST_LINE, _SECONDS_BETWEEN_LINES = 2.0, 20.0


@contextlib.contextmanager
def meter(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows the progress of `total` things that `what` names, on standard error; yields the function that counts them.

    The first of them, which wait for a graph to be compiled, do not count for the speed.
    """
    what = printable(what)
    began = time.monotonic()
    next_line = began + _SECONDS_TO_FIRST_LINE
    done = first = 0
    compiled = began
    with _bar(what, total) as show:

        def advance(number: int) -> None:
            nonlocal done, first, compiled, next_line
            now = time.monotonic()
            done += number
            if not first:
                first, compiled = done, now
                speed, left = 0.0, ""
            else:
                speed = (done - first) / max(now - compiled, 1e-9)
                left = f"{_rounded(speed)} a second, {duration((total - done) / speed)} left" if speed else ""
            if show is not None:
                show(done, left)
            elif left and done < total and now > next_line:
                next_line = now + _SECONDS_BETWEEN_LINES
                print(f"{what}: {done:,}/{total:,}, {left}", file=sys.stderr, flush=True)

        yield advance
    seconds = time.monotonic() - began
    speed = "" if total == 1 else f", {_rounded(done / max(seconds, 1e-9))} a second"
    if total > 1 or seconds > 1.0:  # a single thing is worth a line if it was waited for
        print(f"{what}: {duration(seconds)}{speed}", file=sys.stderr, flush=True)


def _rounded(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"


@contextlib.contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int, str], None] | None]:
    if not is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    parts = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, left="")
        yield lambda done, left: bar.update(task, completed=done, left=left)


@contextlib.contextmanager
def silent(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A meter that shows nothing, beside JSON."""
    yield lambda number: None
