"""Arguments that several commands take, and the types of arguments: paths, and numbers within bounds."""

import argparse
import os
from collections.abc import Callable

_MOST_STEPS = 100


def add_run(parser: argparse.ArgumentParser) -> None:
    """The run that a command is about."""
    parser.add_argument(
        "run",
        metavar="RUN",
        type=path,
        help="run folder, as genzoo train makes it, or NAME@N of a pretrained model",
    )


def add_best(parser: argparse.ArgumentParser) -> None:
    """Which state of the run is taken."""
    parser.add_argument("--best", metavar="METRIC", type=word, help="the state that was best by METRIC while training")


def add_run_data(parser: argparse.ArgumentParser) -> None:
    """Where the images of the run are."""
    parser.add_argument(
        "--run-data",
        metavar="FOLDER",
        type=path,
        help="where the images that the run was trained on lie now, if they were moved",
    )


def add_steps(parser: argparse.ArgumentParser, default: int) -> None:
    """How many images a row of a picture has."""
    parser.add_argument(
        "--steps",
        metavar="N",
        type=lambda text: integer(text, 2, _MOST_STEPS),
        default=default,
        help=f"images in a row (default {default})",
    )


def add_picture(parser: argparse.ArgumentParser, command: str) -> None:
    """Where the picture of a command goes."""
    parser.add_argument(
        "--output",
        metavar="FILE.png",
        type=path,
        help=f"the picture; .gif and .json lie beside it (default RUN/{command}.png); only what this command has made "
        "is replaced",
    )


def add_output_picture(parser: argparse.ArgumentParser, command: str) -> None:
    """Where the picture of a command goes that makes no animation."""
    parser.add_argument(
        "--output",
        metavar="FILE.png",
        type=path,
        help=f"the picture; .json lies beside it (default RUN/{command}.png); only what this command has made is "
        "replaced",
    )


def add_truncation(parser: argparse.ArgumentParser) -> None:
    """How far styles of seeds are moved towards their mean."""
    parser.add_argument(
        "--truncation",
        metavar="PSI",
        type=number_in(-10, 10, "a number above -10 and below 10"),
        default=1.0,
        help="draw styles of seeds towards the mean: below 1 images are better, and less varied (default 1)",
    )


def word(text: str) -> str:
    """A name: any text but an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a name, got '{text}'")
    return text


def path(text: str) -> str:
    """A path, or a name that may stand in its place; `~` is the home folder, which shells leave in --output=~/x."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a path or a name, got '{text}'")
    return os.path.expanduser(text)


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


def names(text: str) -> list[str]:
    """Names, separated by commas: one or more."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError(f"expected names with commas between them, got '{text}'")
    return found


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


def number_in(low: float, high: float, what: str) -> Callable[[str], float]:
    """The type of a number above `low` and below `high`; `what` says so in words."""

    def number(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = low
        if not low < found < high:
            raise argparse.ArgumentTypeError(f"expected {what}, got '{text}'")
        return found

    return number
