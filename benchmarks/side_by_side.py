"""What benchmarks against PyTorch share: a process for each way, rounds of one after the other, rows of a table."""

import argparse
import importlib.util
import multiprocessing
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

OTHERS = ("eager", "channels last", "compiled, channels last")
"""The ways of PyTorch."""
Seconds = dict[str, list[float]]


def add_torch_python(parser: argparse.ArgumentParser) -> None:
    """Adds the option that names the Python of PyTorch."""
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has PyTorch and NumPy")


def check_torch(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if that Python has no PyTorch."""
    if args.torch_python == sys.executable and importlib.util.find_spec("torch") is None:
        parser.error("PyTorch is not installed: `make parity`, or give --torch-python PATH, a Python that has it.")
    probe = [args.torch_python, "-c", "import numpy, torch"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        parser.error(f"{args.torch_python} cannot import numpy and torch: install both there.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def measure(
    work: Callable[..., None], ours: Sequence[str], arguments: tuple[Any, ...], rounds: int, torch_python: str
) -> Seconds:
    """Seconds of each round, by way.

    Args:
        work: function `(pipe, way, *arguments)`, a process: it sends its number of weights, and then, whenever it
            receives True, its seconds.
        ours: our ways, which run under this Python.
        arguments: of `work`.
        rounds: integer; one more, which compiles, is not counted.
        torch_python: the Python of PyTorch's ways.
    """
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    processes = []
    for way in (*ours, *OTHERS):
        context.set_executable(torch_python if way in OTHERS else sys.executable)
        pipes[way], end = context.Pipe()
        processes.append(context.Process(target=work, args=(end, way, *arguments), daemon=True))
        processes[-1].start()
        end.close()  # so that a process that ends is noticed
    weights = {way: pipe.recv() for way, pipe in pipes.items()}
    if len(set(weights.values())) > 1:
        raise RuntimeError(f"the networks differ: {weights} weights")
    seconds: Seconds = {way: [] for way in pipes}
    for number in range(rounds + 1):
        for way, pipe in pipes.items():
            pipe.send(True)
            took = pipe.recv()
            if number:
                seconds[way].append(took)
    for pipe, process in zip(pipes.values(), processes, strict=True):
        pipe.send(False)
        process.join()
    return seconds


def rows(name: str, images: int, seconds: Seconds) -> Iterator[str]:
    """The table's; ratios are to the way "graph", of the same round.

    Args:
        name: string, of the case.
        images: integer, of a round.
        seconds: what `measure` returned.
    """
    best = [min(round_) for round_ in zip(*(seconds[way] for way in OTHERS), strict=True)]
    titled = {(f"PyTorch, {way}" if way in OTHERS else f"ours, {way}"): found for way, found in seconds.items()}
    for title, found in {**titled, "PyTorch, the best of each round": best}.items():
        ratios = [other / own for own, other in zip(seconds["graph"], found, strict=True)]
        figures = " | ".join(f"{value:.2f}" for value in spread(ratios))
        rate = images / statistics.median(found)
        yield f"| {name} | {title} | {rate:.2f} | {'| |' if found is seconds['graph'] else figures} |"


def spread(values: list[float]) -> tuple[float, float, float]:
    """Median, least and greatest."""
    return statistics.median(values), min(values), max(values)
