"""The history of a training as a picture: a panel for each log."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_genzoo.files import staged

_KEYS = ("epoch", "iterations", "seconds")


def plot_losses(history: Sequence[dict[str, Any]], path: str | os.PathLike) -> Path:
    """Plots the logs of each epoch, of training and of held-out images.

    Args:
        history: the lines of `history.jsonl`.
        path: the PNG file to write.

    Returns:
        The path.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    names = [name for name in dict.fromkeys(key for line in history for key in line) if name not in _KEYS]
    logs = [name for name in names if not name.startswith("val_")]
    columns = max(1, min(3, len(logs)))
    rows = max(1, -(-len(logs) // columns))
    figure = Figure(figsize=(4.5 * columns, 3.2 * rows), layout="constrained")
    for number, log in enumerate(logs):
        axes = figure.add_subplot(rows, columns, number + 1)
        for name, label, color in ((log, "training", "tab:blue"), (f"val_{log}", "held out", "tab:orange")):
            points = [(line["epoch"], line[name]) for line in history if line.get(name) is not None]
            if points:
                # A line through one point would be invisible.
                axes.plot(
                    *zip(*points, strict=True), label=label, color=color, marker="." if len(points) < 25 else None
                )
        if shown := _range(history, log):
            axes.set_ylim(shown)
        axes.set_title(log.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        if number == 0 and f"val_{log}" in names:
            axes.legend(frameon=False)
    path = Path(path)
    with staged(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=110)
    return path


def plot_lines(
    lines: Mapping[str, Sequence[tuple[float, float, float]]],
    path: str | os.PathLike,
    x_label: str,
    y_label: str,
    logarithmic: bool = False,
) -> Path:
    """Plots lines through points with error bars.

    Args:
        lines: dictionary from names to points (x, y, error).
        path: the PNG file to write.
        x_label, y_label: strings, what the axes show.
        logarithmic: bool, whether the x axis is.

    Returns:
        The path.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    for name, points in lines.items():
        x, y, error = zip(*points, strict=True)
        axes.errorbar(x, y, error, marker="o", markersize=4, capsize=3, label=name)
    if logarithmic:
        axes.set_xscale("log")
        ticks = sorted({x for points in lines.values() for x, _, _ in points})
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    path = Path(path)
    with staged(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=110)
    return path


def _range(history: Sequence[dict[str, Any]], log: str) -> tuple[float, float] | None:
    """Returns the range to show: without the first epochs, if these would make later changes invisible."""
    lines = [[line[name] for name in (log, f"val_{log}") if line.get(name) is not None] for line in history]
    everything = [value for line in lines for value in line]
    later = [value for line in lines[max(2, len(lines) // 10) :] for value in line]
    if not later:
        return None
    low, high = min(later), max(later)
    span = (high - low) or 0.1 * abs(high) or 1.0
    if max(everything) - min(everything) < 5 * span:
        return None
    return low - 0.1 * span, high + 0.5 * span
