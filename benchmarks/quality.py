"""Quality against the cost of a sample: models of one data set beside each other, as a table and a plot.

    python benchmarks/quality.py RUN [RUN ...] [--features classifier_drawn_faces@1] [--num 2000] [--output FILE.png]

Models of many steps are measured with 1, 2, 5, 10, 20, 50 and 100 evaluations of their network by `dpm_solver`, and by
`heun`, whose steps take two; `consistency` with one step and two; all others, which take one pass, once. What was
measured before is read from the runs, so that the program goes on where it was stopped.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo.artifacts import Run, load
from keras_genzoo.capabilities import Samples
from keras_genzoo.evaluation import evaluate, read

METRICS = ("frechet", "precision", "recall")
EVALUATIONS = (1, 2, 5, 10, 20, 50, 100)
HEUN = (2, 5, 10, 20)


def ways(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The samplers and numbers of steps of a kind of model."""
    if kind == "consistency":
        yield from (("", {"steps": steps}) for steps in (1, 2))
    elif kind in ("edm", "flow_matching", "ddpm"):
        yield from (("dpm_solver", {"sampler": "dpm_solver", "steps": steps}) for steps in EVALUATIONS)
        yield from (("heun", {"sampler": "heun", "steps": steps}) for steps in HEUN)
    else:
        yield "", {}


def measured(run: Path, options: dict[str, Any], features: str, num: int) -> dict[str, float]:
    """The metrics of samples made by these options, measured now or before."""
    kept = run / "quality" / ("-".join(f"{key}-{value}" for key, value in options.items()) or "plain")
    kept.mkdir(parents=True, exist_ok=True)
    names = {metric: f"{metric}_" for metric in METRICS}

    def known() -> dict[str, float]:
        newest = {name: results[-1].value for name, results in read(kept).items()}
        found = {m: value for m, start in names.items() for name, value in newest.items() if name.startswith(start)}
        return {metric: value for metric, value in found.items() if value is not None}

    if len(known()) < len(METRICS):
        evaluate(run, metrics=METRICS, features=features, num=num, output=kept, **options)
    return known()


def evaluations(model: Samples, options: dict[str, Any]) -> int:
    """Passes through the network that a sample takes."""
    protocol = model.sampling_protocol(options)
    return int(protocol.get("evaluations") or protocol.get("steps") or 1)


def seconds(model: Samples, options: dict[str, Any], num: int = 64) -> float:
    """Seconds for a thousand samples, in batches of 64; the first batch, which compiles, is not counted."""
    model.generate(num, seed=0, **options)
    start = time.perf_counter()
    model.generate(num, seed=1, **options)
    return (time.perf_counter() - start) / num * 1000


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Writes the Fréchet distance and recall against evaluations."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    for panel, (metric, title) in enumerate((("frechet", "Fréchet distance"), ("recall", "recall")), 1):
        axes = figure.add_subplot(1, 2, panel)
        for label in dict.fromkeys(row["label"] for row in rows):
            of = sorted((row["evaluations"], row[metric]) for row in rows if row["label"] == label)
            axes.plot(
                *np.transpose(of), marker="o" if len(of) > 2 else "*", markersize=4 if len(of) > 2 else 9, label=label
            )
        axes.set_xscale("log")
        axes.set_yscale("log" if metric == "frechet" else "linear")
        axes.set_xlabel("evaluations of the network for a sample")
        axes.set_ylabel(title)
        axes.grid(alpha=0.3)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measures, prints the table, writes the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+")
    parser.add_argument("--features", default="classifier_drawn_faces@1", help="default classifier_drawn_faces@1")
    parser.add_argument("--num", type=int, default=2000, help="samples (default 2,000)")
    parser.add_argument("--output", type=Path, default=Path("quality.png"), help="picture (default quality.png)")
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for path in args.runs:
        run = Run(path)
        name, kind = str(run.record["preset"]), str(run.config["model"])
        training = sum(line["seconds"] for line in run.history()) / 60
        model = load(path)
        for sampler, options in ways(kind):
            row: dict[str, Any] = {
                "name": name,
                "label": f"{name} {sampler}".strip(),
                "evaluations": evaluations(model, options),
            }
            row |= measured(path, options, args.features, args.num)
            row |= {"training": training, "seconds": seconds(model, options)}
            rows.append(row)
            print(f"{row['label']}: {row['evaluations']} evaluations, {row['frechet']:.2f}", flush=True)
    print("\n| model | sampler | evaluations | Fréchet | precision | recall | training, min | s for 1,000 samples |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        print(
            f"| `{row['name']}` | {row['label'].removeprefix(row['name']).strip()} | {row['evaluations']} | "
            f"{row['frechet']:.3g} | {row['precision']:.3f} | {row['recall']:.3f} | {row['training']:.0f} | "
            f"{row['seconds']:.3g} |"
        )
    plot(rows, args.output)


if __name__ == "__main__":
    main()
