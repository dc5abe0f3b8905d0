"""25 Gaussians: how many modes each adversarial model covers, and how many of its samples are near one, over seeds.

    python benchmarks/modes.py --output runs/modes [--seeds 5] [--presets gan_gaussians_25 ...] [--set KEY=VALUE]

Each run is one of `genzoo train`, which goes on where it stopped, and each number one of `genzoo evaluate --metrics
modes`: 2,500 samples, a mode counts if it has one within three standard deviations, as in Srivastava et al. 2017.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

from keras_genzoo.cli import main as genzoo

PRESETS = ("gan_gaussians_25", "wgan_gaussians_25", "wgan_gp_gaussians_25", "sngan_gaussians_25")


def call(*words: object) -> None:
    """One command of genzoo, which must succeed."""
    if code := genzoo([str(word) for word in words]):
        sys.exit(code)


def counted(run: Path, preset: str, seed: int, settings: list[str]) -> tuple[float, float]:
    """Trains; gives the modes covered and the share of good samples."""
    told = [word for setting in settings for word in ("--set", setting)]
    words = ("--resume",) if (run / "config.json").is_file() else (preset, *told, "--seed", seed)
    call("train", *words, "--output", run, "--no-diagnosis")
    if not (run / "metric-modes.jsonl").is_file():
        call("evaluate", run, "--metrics", "modes")
    modes, good = (
        json.loads((run / f"metric-{name}.jsonl").read_text().splitlines()[-1])["value"]
        for name in ("modes", "good_samples")
    )
    return modes, good


def main() -> None:
    """Trains, counts, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 on")
    parser.add_argument("--presets", nargs="+", default=PRESETS)
    parser.add_argument("--set", action="append", default=[], help="as for genzoo train, for all of them")
    args = parser.parse_args()
    rows = []
    for preset in args.presets:
        runs = ((args.output / f"{preset}-seed_{seed}", preset, seed, args.set) for seed in range(args.seeds))
        modes, good = zip(*(counted(*run) for run in runs), strict=True)
        each = ", ".join(f"{count:.0f}" for count in modes)
        rows.append(f"| `{preset}` | {statistics.mean(modes):.1f} | {each} | {statistics.mean(good):.3f} |")
    print(f"\n| preset | modes of 25, mean of {args.seeds} seeds | each | good samples |\n| --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
