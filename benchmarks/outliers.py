"""Outliers in Fashion-MNIST: a VAE trained on nine classes of ten detects the tenth; for each of the ten.

    python benchmarks/outliers.py --output runs/outliers [--epochs 5] [--left-out 0,5] [--seed 0]

Each run is made by `genzoo train`, which resumes if interrupted, and each row of the table by `genzoo outliers` on all
10,000 test images; held-out images of the nine classes set the threshold. AUROC is 0.5 by chance.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

from keras_genzoo.cli import main as genzoo
from keras_genzoo.data.keras_sets import CLOTHES
from keras_genzoo.uses.outliers import KINDS

PRESET = "vae_fashion_mnist_28"
LIKELIHOOD = ('arguments.likelihood={"likelihood": "discretized_logistic", "scale": "learned"}',)
"""Of grey levels, which alone can be compared with the length of a PNG."""


def call(*words: object) -> None:
    """One command of genzoo, which must succeed."""
    if code := genzoo([str(word) for word in words]):
        sys.exit(code)


def auroc(output: Path, left_out: int, epochs: int, seed: int) -> list[float]:
    """Trains without one class, and scores all of them by each kind of score."""
    run = output / f"without_{left_out}-seed_{seed}"
    if (run / "config.json").is_file():
        call("train", "--output", run, "--resume", "--epochs", epochs)
    else:
        kept = [label for label in range(len(CLOTHES)) if label != left_out]
        settings = [f"data.classes={kept}", *LIKELIHOOD]
        overrides = [word for setting in settings for word in ("--set", setting)]
        call("train", PRESET, *overrides, "--epochs", epochs, "--seed", seed, "--output", run)
    found = []
    for kind in KINDS:
        folder = run / f"outliers_{kind}-epochs_{epochs}"  # a run that is trained on is scored again
        if not (folder / "outliers.json").is_file():
            call("outliers", run, "--data", "fashion_mnist", "--score", kind, "--output", folder)
        found.append(json.loads((folder / "outliers.json").read_text())["auroc"])
    return found


def main() -> None:
    """Trains, scores, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for the ten runs")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--left-out", default="0,1,2,3,4,5,6,7,8,9", help="labels, each left out of one training")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    labels = [int(label) for label in args.left_out.split(",")]
    rows = {label: auroc(args.output, label, args.epochs, args.seed) for label in labels}
    print(f"\n{PRESET} with {', '.join(LIKELIHOOD)};")
    print(f"{args.epochs} epochs, seed {args.seed}; AUROC of the class left out:\n")
    print(f"| left out | {' | '.join(KINDS)} |\n|{' --- |' * (1 + len(KINDS))}")
    for label, values in rows.items():
        print(f"| {CLOTHES[label]} | {' | '.join(f'{value:.3f}' for value in values)} |")
    means = (statistics.mean(column) for column in zip(*rows.values(), strict=True))
    print(f"| mean | {' | '.join(f'{value:.3f}' for value in means)} |")


if __name__ == "__main__":
    main()
