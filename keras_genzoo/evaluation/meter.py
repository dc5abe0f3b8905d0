"""Progress of a measurement: a bar with images a second on a terminal, lines now and then elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from keras_genzoo.printable import duration, is_terminal, printable

_SECONDS_BETWEEN_LINES = 20.0


@contextlib.contextmanager
def meter(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows the progress of `total` images, on standard error; yields the function that counts them."""
    what = printable(what)
    began = last = time.monotonic()
    done = 0
    with _bar(what, total) as show:

        def advance(images: int) -> None:
            nonlocal done, last
            done += images
            now = time.monotonic()
            speed = f"{done / max(now - began, 1e-9):,.0f} images/s"
            if show is not None:
                show(done, speed)
            elif now - last > _SECONDS_BETWEEN_LINES:
                last = now
                print(f"{what}: {done:,}/{total:,}, {speed}", file=sys.stderr, flush=True)

        yield advance
    seconds = time.monotonic() - began
    print(f"{what}: {duration(seconds)}, {done / max(seconds, 1e-9):,.0f} images/s", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int, str], None] | None]:
    if not is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    parts = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, speed="")
        yield lambda done, speed: bar.update(task, completed=done, speed=speed)


@contextlib.contextmanager
def silent(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A meter that shows nothing, beside JSON."""
    yield lambda images: None
