"""What options of several commands share: numbers within bounds, the run, and its best state."""

import argparse
from collections.abc import Callable


def add_run(parser: argparse.ArgumentParser) -> None:
    """The run that a command is about."""
    parser.add_argument("run", metavar="RUN", help="run folder, as genzoo train makes it")


def add_best(parser: argparse.ArgumentParser) -> None:
    """Which state of the run is taken."""
    parser.add_argument("--best", metavar="METRIC", help="the state that was best by METRIC while training")


def integer(text: str, low: int, high: int) -> int:
    """An integer from `low` to `high`."""
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"expected an integer from {low:,} to {high:,}, got '{text}'")
    return number


def count_to(most: int) -> Callable[[str], int]:
    """The type of a number of things, 1 to `most`."""
    return lambda text: integer(text, 1, most)


def count(text: str) -> int:
    """A number of things."""
    return integer(text, 1, 1_000_000)


def labels(text: str) -> list[int]:
    """Labels, separated by commas."""
    return [integer(one.strip(), 0, 9_999) for one in text.split(",")]


def seconds(text: str) -> float:
    """A time."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, 0 or more, got '{text}'")
    return number


def seed(text: str) -> int:
    """A seed, in [0, 2**32)."""
    return integer(text, 0, 2**32 - 1)


def between(low: float, high: float, what: str) -> Callable[[str], float]:
    """The type of a number that lies between two others, and is neither of them."""

    def number(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = low
        if not low < found < high:
            raise argparse.ArgumentTypeError(f"expected {what}, got '{text}'")
        return found

    return number
