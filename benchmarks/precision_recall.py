"""Our precision and recall against prdc, each in its own process and in turn: seconds and peak memory.

    python benchmarks/precision_recall.py [--count 20000] [--rounds 3] [--alone 50000]

Features are drawn with the statistics of Inception's: 2,048 numbers, none negative, of some hundred factors and noise.
prdc computes density and coverage too, from the same three tables of distances; the row below gives ours of all four.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from keras_genzoo.metrics import Manifold, density_coverage, precision_recall

SIZE, FACTORS = 2048, 128
TITLES = {"ours": "ours, precision and recall", "all": "ours, all four", "prdc": "prdc, all four"}


def features(count: int, seed: int, scale: float) -> np.ndarray:
    """Float32 features of one distribution, which `scale` spreads."""
    mixing = np.random.default_rng(0).normal(size=(FACTORS, SIZE)).astype("float32") / np.sqrt(FACTORS)
    rng = np.random.default_rng(seed)
    result = rng.standard_normal((count, SIZE), "float32")
    result *= 0.3
    result += scale * rng.standard_normal((count, FACTORS), "float32") @ mixing
    return np.maximum(result, 0, out=result)


def measure(way: str, count: int) -> None:
    """Prints what one way says, its seconds, and the peak memory of this process, as JSON."""
    real, generated = features(count, 1, 1.0), features(count, 2, 0.95)
    start = time.perf_counter()
    if way == "prdc":
        from prdc import compute_prdc

        found = compute_prdc(real, generated, nearest_k=3)
        values = [float(found[name]) for name in ("precision", "recall")]
    elif way == "all":
        manifolds = Manifold(real), Manifold(generated)
        values = [*precision_recall(*manifolds), *density_coverage(*manifolds)]
    else:
        values = list(precision_recall(real, generated))
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": taken, "peak": peak, "values": values[:2]}))


def run(way: str, count: int) -> dict:
    """`measure` in a clean process."""
    command = [sys.executable, __file__, "--measure", way, "--count", str(count)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])  # prdc prints too


def row(count: int, way: str, rounds: list[dict], ratios: list[float]) -> None:
    """Prints a row."""
    last = [f"{x:.2f}" for x in (statistics.median(ratios), min(ratios), max(ratios))] if ratios else [""] * 3
    middle = f"{statistics.median(one['seconds'] for one in rounds):.1f}"
    peak = f"{max(one['peak'] for one in rounds) / 1e9:.2f}"
    values = ", ".join(f"{value:.4f}" for value in rounds[0]["values"])
    print(f"| {count:,} | {TITLES[way]} | {' | '.join([middle, peak, values, *last])} |", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="features on each side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", type=int, help="features on each side of a last row, without prdc")
    parser.add_argument("--measure", choices=TITLES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure, args.count)
        return
    print(f"{datetime.date.today()}; {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f};")
    print(f"Python {platform.python_version()}, numpy {np.__version__}. Features of {SIZE:,}, k = 3.\n")
    print("| features each | way | seconds | peak GB | precision, recall | prdc / this | least | greatest |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    rounds = [{way: run(way, args.count) for way in TITLES} for _ in range(args.rounds)]
    for way in TITLES:
        ratios = [one["prdc"]["seconds"] / one[way]["seconds"] for one in rounds]
        row(args.count, way, [one[way] for one in rounds], ratios)
    if args.alone:
        row(args.alone, "ours", [run("ours", args.alone)], [])


if __name__ == "__main__":
    main()
