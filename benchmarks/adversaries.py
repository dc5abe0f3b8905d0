"""The tables of docs/adversaries.md: trains each row by its preset, measures it and draws it, from one command.

    python benchmarks/adversaries.py points|garments|clothes|faces|stacked|drawn --output runs/adversaries [--seeds 5]
        [--jobs 2] [--data ffhq/] [--only NAME ...] [--epochs N] [--precision mixed_bfloat16]

Each run is made by `genzoo train`, which resumes if interrupted; each number by `genzoo evaluate`, in features of the
zoo's own classifiers; each row of the picture shows images of seed 0. Running the command again makes what is missing.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import multiprocessing
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Table:
    """What is trained, and by what it is measured.

    Args:
        rows: presets and settings (`--set`) of each.
        metrics: as `genzoo evaluate` takes them, and those of its results that are columns.
        classifier: the dataset whose classifier, made beside the runs, gives the features; None for points.
        pretrained: the dataset whose pretrained classifier gives them.
        called: what metrics are called that this classifier measures, where it is another name than the dataset's.
        seeds: how many trainings of each row.
        num: generated images; None for as many as `evaluate` takes.
    """

    rows: Sequence[tuple[str, str]]
    metrics: str
    columns: Sequence[str]
    classifier: str | None = None
    pretrained: str | None = None
    called: str | None = None
    seeds: int = 1
    num: int | None = None


CONDITIONS = ("one_hot", "embedding", "every_layer")
DISTRIBUTION = ("frechet", "precision", "recall", "coverage")
TABLES = {
    "points": Table(
        [(f"{name}_gaussians_25", "") for name in ("gan", "wgan", "wgan_gp", "sngan", "r3gan")],
        "modes",
        ("modes", "good_samples"),
        seeds=5,
    ),
    "garments": Table(
        [(f"{name}_fashion_mnist_32", "") for name in ("gan", "dcgan", "wgan", "wgan_gp", "sngan")],
        ",".join(DISTRIBUTION),
        DISTRIBUTION,
        "fashion_mnist",
    ),
    "clothes": Table(
        [
            *(
                (f"cgan_fashion_mnist_32{suffix}", f"arguments.condition={way}")
                for suffix in ("", "_wgan_gp", "_mlp")
                for way in CONDITIONS
            ),
            ("acgan_fashion_mnist_32", ""),
        ],
        "label_accuracy,precision,recall,frechet",
        ("label_accuracy", "precision", "recall", "frechet"),
        "fashion_mnist",
    ),
    "faces": Table(
        [
            (name, "")
            for name in (
                "gan_ffhq_64",
                "dcgan_ffhq_64_half",
                "wgan_ffhq_64",
                "wgan_gp_ffhq_64_quarter",
                "sngan_ffhq_64",
            )
        ],
        ",".join(DISTRIBUTION),
        DISTRIBUTION,
        "drawn_faces",
        num=1000,
    ),
    "stacked": Table(
        [(f"{name}_stacked_fashion_mnist_32", "") for name in ("dcgan", "wgan_gp", "sngan", "stylegan2", "r3gan")],
        "class_modes,class_divergence",
        ("class_modes", "class_divergence"),
        pretrained="fashion_mnist",
        called="stacked_fashion_mnist",
        num=26_000,
    ),
    "drawn": Table(
        [
            (f"{name}_drawn_faces_32", "")
            for name in ("dcgan", "wgan_gp", "progan", "stylegan", "stylegan2", "r3gan", "fastgan")
        ],
        ",".join((*DISTRIBUTION, "authpct")),
        (*DISTRIBUTION, "authpct"),
        pretrained="drawn_faces",
        num=2_000,
    ),
}


@dataclasses.dataclass(frozen=True)
class Training:
    """One run: its folder, the words after `genzoo train` and after `genzoo evaluate`, and the columns' names."""

    run: Path
    train: tuple[str, ...]
    evaluate: tuple[str, ...]
    columns: tuple[str, ...]

    def __call__(self) -> list[float]:
        """Trains, measures and draws what is not there; the values of the columns."""
        self.run.parent.mkdir(parents=True, exist_ok=True)
        with (
            self.log.open("a") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log),
        ):
            begun = (self.run / "config.json").is_file()
            call("train", *(("--resume",) if begun else self.train), "--output", self.run)
            if not all(file.is_file() for file in self._measured()):
                call("evaluate", self.run, *self.evaluate)
            if not self.picture.is_file():
                call("sample", self.run, "--output", self.picture)
        return [json.loads(file.read_text().splitlines()[-1])["value"] for file in self._measured()]

    @property
    def log(self) -> Path:
        """What the commands print."""
        return self.run.with_suffix(".log")

    @property
    def picture(self) -> Path:
        """Images that the model makes."""
        return self.run.with_suffix(".png")

    def _measured(self) -> list[Path]:
        return [self.run / f"metric-{name}.jsonl" for name in self.columns]


def call(*words: object) -> None:
    """One command of genzoo, which must succeed."""
    from keras_genzoo.cli import main as genzoo  # in the processes that train only: it imports the backend

    if code := genzoo([str(word) for word in words]):
        raise RuntimeError(f"genzoo {words[0]} {words[1]} ended with {code}")


def trainings(table: Table, args: argparse.Namespace, features: Path | None) -> dict[str, list[Training]]:
    """The runs of each row, by its name."""
    known = ["-".join([preset, *setting.split("=")[1:]]) for preset, setting in table.rows]
    if unknown := set(args.only or ()) - set(known):
        sys.exit(f"--only: this table has no row {', '.join(sorted(unknown))}; it has {', '.join(known)}.")
    found = {}
    measured_by = (
        f"_{table.called or table.pretrained}_classifier"
        if table.pretrained
        else f"_{features.name}"
        if features
        else ""
    )
    columns = tuple(f"{column}{measured_by}" for column in table.columns)
    for name, (preset, setting) in zip(known, table.rows, strict=True):
        if args.only and name not in args.only:
            continue
        words = [preset]
        for option in (setting, *args.set, f"fit.epochs={args.epochs}" if args.epochs else ""):
            words += ["--set", option] if option else []
        words += ["--data", args.data, "--held-out", "100"] if args.data else []
        words += ["--precision", args.precision] if args.precision else []
        measure = ["--metrics", table.metrics, *(["--num", str(table.num)] if table.num else [])]
        named = f"classifier_{table.pretrained}@1" if table.pretrained else features
        measure += ["--features", str(named)] if named else []
        found[name] = [
            Training(args.output / f"{name}-seed_{seed}", (*words, "--seed", str(seed)), tuple(measure), columns)
            for seed in range(args.seeds or table.seeds)
        ]
    return found


def main() -> None:
    """Trains, measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--output", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--features", type=Path, help="folder of the classifier; made in --output if it is not given")
    parser.add_argument("--seeds", type=int, help="how many, from 0 on")
    parser.add_argument("--jobs", type=int, default=1, help="how many trainings at a time")
    parser.add_argument("--only", nargs="+", help="these rows")
    parser.add_argument("--data", help="folder of faces")
    parser.add_argument("--epochs", type=int, help="a number other than the presets', for a trial")
    parser.add_argument("--precision", help="as for genzoo train")
    parser.add_argument("--set", action="append", default=[], help="as for genzoo train, for all rows")
    args = parser.parse_args()
    table = TABLES[args.table]
    features = args.features or (args.output / f"{table.classifier}_classifier" if table.classifier else None)
    rows = trainings(table, args, features)
    context = multiprocessing.get_context("spawn")  # each training in a process of its own, which gives its memory back
    with concurrent.futures.ProcessPoolExecutor(args.jobs, context, max_tasks_per_child=1) as pool:
        if features and not features.exists():
            pool.submit(call, "classifier", table.classifier, "--output", features).result()
        asked = {name: [pool.submit(one) for one in ones] for name, ones in rows.items()}
        print(f"| run | {' | '.join(table.columns)} |\n| --- |{' --- |' * len(table.columns)}")
        failed = False
        for name, futures in asked.items():
            try:
                values = list(zip(*(future.result() for future in futures), strict=True))
            except Exception as error:  # the other rows are worth having
                print(f"| `{name}` | {error}; see {rows[name][0].log} |", flush=True)
                failed = True
                continue
            cells = [f"{statistics.mean(each):.3f}" for each in values]
            if len(futures) > 1:  # each seed's behind their mean
                cells = [
                    f"{cell} ({', '.join(f'{value:.3g}' for value in each)})"
                    for cell, each in zip(cells, values, strict=True)
                ]
            print(f"| `{name}` | {' | '.join(cells)} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
