"""Our Fréchet distance against scipy's matrix square root, in one run: seconds and error.

    python benchmarks/frechet_distance.py [--size 2048] [--rounds 3]

Each round times both ways one after the other, so that both meet the same state of the machine; the table gives the
medians, and of the rounds' ratios the median, the least and the greatest. The covariances commute, so their distance is
known: Gaussians in a random basis, with the falling spectra of image features.
"""

import argparse
import datetime
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import scipy
from scipy import linalg

from keras_genzoo.metrics import Moments, frechet_distance, frechet_distance_of_moments

COUNT = 50_000
FEW = 500


def by_square_root(first: Moments, second: Moments) -> float:
    """The definition as it is commonly written down."""
    step, covariances = first.mean - second.mean, (first.covariance, second.covariance)
    root = linalg.sqrtm(covariances[0] @ covariances[1])
    return float(step @ step + sum(map(np.trace, covariances)) - 2 * np.trace(root).real)


def known(size: int) -> tuple[Moments, Moments, float]:
    """Moments of full rank, and their distance."""
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.normal(size=(size, size)))
    spectra = np.geomspace(10, 1e-4, size), np.geomspace(8, 2e-4, size)
    mean, step = rng.normal(size=size), 0.1 * rng.normal(size=size)
    first, second = (
        Moments(COUNT, center, np.zeros(size), (turn * spectrum) @ turn.T * (COUNT - 1))
        for center, spectrum in zip((mean, mean + step), spectra, strict=True)
    )
    return first, second, float(step @ step + np.sum((np.sqrt(spectra[0]) - np.sqrt(spectra[1])) ** 2))


def seconds(function: Callable[[], float]) -> tuple[float, float]:
    """How long one call takes, and what it returns."""
    start = time.perf_counter()
    value = function()
    return time.perf_counter() - start, value


def row(title: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int, truth: float | None) -> None:
    """Times both in turn and prints a row."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    ratios = [b / a for (a, _), (b, _) in pairs]
    times = (statistics.median(one[side][0] for one in pairs) for side in (0, 1))
    values = [value for _, value in pairs[-1]]
    errors = (
        [f"{abs(value / truth - 1):.1e}" for value in values] if truth else ["", f"{values[1] / values[0] - 1:.1e}"]
    )
    figures = [f"{x:.3g}" for x in (*times, statistics.median(ratios), min(ratios), max(ratios))]
    print(f"| {title} | {' | '.join(figures)} | {' | '.join(errors)} |", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=2048, help="length of a feature vector")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(f"{datetime.date.today()}; {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f};")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}.\n")
    print(f"| d = {args.size} | ours, s | sqrtm, s | ratio | least | greatest | error of ours | error of sqrtm |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    first, second, truth = known(args.size)
    row(
        f"moments of {COUNT:,} features",
        lambda: frechet_distance_of_moments(first, second),
        lambda: by_square_root(first, second),
        args.rounds,
        truth,
    )
    rng = np.random.default_rng(1)
    real, generated = (rng.normal(size=(FEW, args.size)).astype("float32") for _ in range(2))
    row(
        f"{FEW} features (last column: sqrtm against ours)",
        lambda: frechet_distance(real, generated),
        lambda: by_square_root(Moments.of(real), Moments.of(generated)),
        args.rounds,
        None,
    )


if __name__ == "__main__":
    main()
