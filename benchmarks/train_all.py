"""Trains presets to the end of their recipes, measures them, and writes what came of it into docs/results.md.

    python benchmarks/train_all.py --minutes 60 --runs RUNS [--data ffhq=ffhq/ --data pairs=facades/] [--only NAME ...]
    python benchmarks/train_all.py --table                        # writes the table of what was measured before

Presets are taken in the order of `ORDER`, all that are not for a GPU. Each has a run folder RUNS/PRESET. What has ended
is measured and not trained again; what was stopped, by the end of the minutes too, goes on. Several of these programs
may share RUNS: a preset that one is at is passed over by the others. Results are kept in benchmarks/results.json.
"""

import argparse
import contextlib
import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras_genzoo as genzoo
from keras_genzoo.config import find
from keras_genzoo.evaluation import read
from keras_genzoo.files import write_json, write_text
from keras_genzoo.pretrained import preset_digest

HERE = Path(__file__).resolve().parent
RESULTS, TABLE, PICTURES = HERE / "results.json", HERE.parent / "docs" / "results.md", HERE.parent / "docs" / "results"

FIRST = {
    "vq_prior_drawn_faces_32": "vq_vae_drawn_faces_32",
    "vq_prior_fashion_mnist_32": "vq_vae_fashion_mnist_32",
    "cvq_prior_fashion_mnist_32": "vq_vae_fashion_mnist_32",
    "vq_prior_ffhq_64": "vq_vae_ffhq_64",
    "consistency_drawn_faces_32_small": "edm_drawn_faces_32_small",
    "consistency_fashion_mnist_32": "edm_fashion_mnist_32",
}
"""Presets that begin with the weights of another one's run."""

ORDER = ("gaussians_25", "drawn_faces", "drawn_outlines", "drawn_smiles", "fashion_mnist", "stacked_fashion_mnist")
"""Data that need no files first; within one, as the presets' names are sorted, but for what `FIRST` has."""

SHOWN = {
    "frechet": "Fréchet",
    "precision": "precision",
    "recall": "recall",
    "modes": "modes",
    "good_samples": "good samples",
    "class_modes": "modes of 1,000",
    "class_divergence": "KL",
    "label_accuracy": "label accuracy",
    "accuracy": "accuracy",
    "elbo": "ELBO",
    "bits_per_dimension": "bits per dimension",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "target_l1": "L1 to the target",
    "target_psnr": "PSNR to the target",
    "target_ssim": "SSIM to the target",
    "cycle_error": "cycle error",
}
"""Metrics in the table, and what they are called there."""

OWN_METRICS = {"gaussians_25": "modes,good_samples", "stacked_fashion_mnist": "class_modes,class_divergence"}
"""What is measured where the default, all that is possible quickly, does not suit."""

SAMPLES = 2000
INTRO = f"""# Results of the presets

Written by `python benchmarks/train_all.py`. Each preset was trained to the end of its recipe and measured on images
that were held out: distributions on {SAMPLES:,} samples beside them, in the features of `classifier_fashion_mnist@1`
(garments) or `classifier_drawn_faces@1` (all others), whose weights are in the package. Rows of one data set can be
compared, for what that one protocol is worth, and none with a paper's. Times are of one core of a machine that had
other work."""
HEAD = "| preset | images seen | minutes | on | measured | |\n| --- | --- | --- | --- | --- | --- |"
SHOWABLE = ("ffhq", "fashion_mnist", "stacked_fashion_mnist", "drawn_faces", "drawn_outlines", "drawn_smiles")
"""Data sets of which pictures may be published."""


def presets() -> dict[str, dict[str, Any]]:
    """Every preset that a CPU trains, in the order in which to train."""
    known = {name: find(name)[0] for name in genzoo.list_presets()}
    cpu = {name: preset for name, preset in known.items() if not for_gpu(preset)}

    def rank(name: str) -> tuple:
        dataset = cpu[name]["data"]["dataset"]
        return (ORDER.index(dataset) if dataset in ORDER else len(ORDER), dataset, name in FIRST, name)

    return {name: cpu[name] for name in sorted(cpu, key=rank)}


def for_gpu(preset: dict[str, Any]) -> bool:
    """Whether its `about` says that it needs a GPU."""
    return "For a GPU;" in preset["about"]


@contextlib.contextmanager
def alone(path: Path, wait: bool = False) -> Iterator[bool]:
    """Whether no other process holds this file's lock, for which it may wait; holds it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def genzoo_(*words: str, seconds: float | None = None) -> int:
    """Runs a command, and asks it to stop when its time is over: a training saves its state then."""
    process = subprocess.Popen([sys.executable, "-m", "keras_genzoo", *words])
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        return process.wait()


def train(name: str, preset: dict[str, Any], args: argparse.Namespace, seconds: float) -> bool:
    """Trains a preset, or goes on; whether it has ended."""
    run = args.runs / name
    if (run / "config.json").is_file():
        if ended(run):
            return True
        return genzoo_("train", "--resume", "--output", str(run), seconds=seconds) == 0
    words = ["train", name, "--output", str(run), "--precision", args.precision]
    if (place := args.data.get(preset["data"]["dataset"])) is not None:
        words += ["--data", place]
    if name in FIRST:
        if not ended(args.runs / FIRST[name]):
            print(f"{name}: {FIRST[name]} comes first", flush=True)
            return False
        words += ["--from", str(args.runs / FIRST[name])]
    return genzoo_(*words, seconds=seconds) == 0


def ended(run: Path) -> bool:
    """Whether a training has come to its end."""
    record = run / "environment.json"
    return record.is_file() and bool(json.loads(record.read_text()).get("finished"))


def measure(run: Path, preset: dict[str, Any]) -> None:
    """Measures a run, if that was not done."""
    if any(run.glob("metric-*.jsonl")):
        return
    dataset = preset["data"]["dataset"]
    features = "classifier_fashion_mnist@1" if "fashion" in dataset else "classifier_drawn_faces@1"
    words = ["evaluate", str(run), "--num", str(SAMPLES), "--features", features]
    genzoo_(*words, *(["--metrics", OWN_METRICS[dataset]] if dataset in OWN_METRICS else []))


def row(name: str, run: Path, preset: dict[str, Any]) -> dict[str, Any]:
    """What is known of a training that has ended."""
    record = json.loads((run / "environment.json").read_text())
    epochs = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    newest = {metric: results[-1] for metric, results in read(run).items()}
    values = {
        shown: round(result.value, 4)
        for shown in SHOWN
        for metric, result in newest.items()
        if result.value is not None and (metric == shown or metric.startswith(f"{shown}_"))
    }
    return {
        "preset_sha256": preset_digest(find(name)[0]),
        "dataset": preset["data"]["dataset"],
        "images": record["finished"]["images"],
        "minutes": round(sum(epoch["seconds"] for epoch in epochs) / 60, 1),
        "memory_mib": record["finished"].get("peak_memory_mib"),
        "device": record["devices"][0],
        "precision": record["precision"],
        "seed": record["seed"],
        "date": time.strftime("%Y-%m-%d"),
        "metrics": values,
    }


def picture(name: str, run: Path, preset: dict[str, Any]) -> None:
    """One row of images that the model makes, or of inputs and below them what it makes of them."""
    if preset["data"]["dataset"] not in SHOWABLE:
        return
    import numpy as np
    from PIL import Image

    from keras_genzoo import images
    from keras_genzoo.capabilities import Samples

    model = genzoo.load(str(run))
    if isinstance(model, Samples):
        made = model.generate(8, seed=0)
        sheet = images.grid(made, 1 if images.are_points(model.image_shape) else 8)
    else:
        newest = [path for kind in ("samples", "translations") for path in sorted((run / kind).glob("epoch-*.png"))]
        if not newest:
            return
        # One row of inputs, what the model makes of them, and their targets or what comes back, if there are any.
        rows = 3 if newest[-1].parent.name == "translations" else 2
        sheet = np.asarray(Image.open(newest[-1]))[: rows * (model.image_shape[0] + 2) - 2]
    shown = Image.fromarray(np.squeeze(sheet)).convert("RGB")
    PICTURES.mkdir(exist_ok=True)
    shown.save(PICTURES / f"{name}.jpg", quality=85)


def write_table(results: dict[str, dict[str, Any]]) -> None:
    """Writes docs/results.md."""
    known = {name: find(name)[0] for name in genzoo.list_presets()}
    lines = [INTRO]
    datasets = sorted(
        {row["dataset"] for row in results.values()},
        key=lambda dataset: (ORDER.index(dataset) if dataset in ORDER else len(ORDER), dataset),
    )
    for dataset in datasets:
        lines += ["", f"## {dataset}", "", HEAD]
        for name, found in sorted(results.items()):
            if found["dataset"] != dataset or name not in known:
                continue
            measured = ", ".join(f"{SHOWN[m]} {_number(value)}" for m, value in found["metrics"].items())
            changed = preset_digest(known[name]) != found["preset_sha256"]
            shown = f"![]({PICTURES.name}/{name}.jpg)" if (PICTURES / f"{name}.jpg").exists() else ""
            memory = f", {found['memory_mib'] / 1024:.1f} GiB" if found.get("memory_mib") else ""
            cells = [
                f"`{name}`" + (" (its recipe has changed since)" if changed else ""),
                f"{found['images']:,}",
                f"{found['minutes']:.0f}" if found["minutes"] >= 10 else f"{found['minutes']:.1f}",
                f"{found['device']}, {found['precision'].replace('mixed_', '')}{memory}, {found['date']}",
                measured,
                shown,
            ]
            lines.append("| " + " | ".join(cells) + " |")
    write_text(TABLE, "\n".join(lines) + "\n")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="to train (default 60); measuring comes on top")
    parser.add_argument("--runs", type=Path, default=Path("runs/all"), help="folder of run folders (default runs/all)")
    parser.add_argument("--data", metavar="DATASET=PATH", action="append", default=[], help="where a data set lies")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="presets (default: all that are not for a GPU)")
    parser.add_argument("--precision", default="mixed_bfloat16", help="default mixed_bfloat16")
    parser.add_argument("--table", action="store_true", help="train nothing: measure what has ended, write the table")
    args = parser.parse_args(words)
    args.data = dict(word.split("=", 1) for word in args.data)
    return args


def main(words: Sequence[str] | None = None) -> None:
    """Trains, measures, and writes the table after each preset."""
    args = parsed(words)
    end = time.monotonic() + args.minutes * 60
    known = presets()
    unknown = set(args.only or ()) - set(known)
    if unknown:
        sys.exit(f"no preset for a CPU: {', '.join(sorted(unknown))}")
    for name, preset in known.items():
        if args.only and name not in args.only:
            continue
        run = args.runs / name
        with alone(args.runs / f".{name}.lock") as free:
            if not free or (args.table and not ended(run)) or (not ended(run) and time.monotonic() > end - 60):
                continue
            if not train(name, preset, args, end - time.monotonic()):
                continue
            measure(run, preset)
            picture(name, run, preset)
            with alone(args.runs / ".results.lock", wait=True):
                results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
                results[name] = row(name, run, preset)
                write_json(RESULTS, dict(sorted(results.items())))
                write_table(results)


if __name__ == "__main__":
    main()
