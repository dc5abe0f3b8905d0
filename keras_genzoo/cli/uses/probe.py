"""`genzoo probe`: what the features of a run are worth to a classifier with few labels."""

import argparse
import csv
import io
import shutil
import sys
import tempfile
from pathlib import Path

from keras_genzoo.artifacts import Run, load
from keras_genzoo.artifacts.plots import plot_lines
from keras_genzoo.artifacts.run_data import images_of, load_sources, on_data
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.data import DataError
from keras_genzoo.files import staged, write_text
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses.probe import METHODS, Probed, check_probe, probe


def run(args: argparse.Namespace, output: Output) -> None:
    """Trains the classifiers, and prints and plots their accuracies."""
    opened, model = Run(args.run), load(args.run, best=args.best)
    check_probe(model, args.methods)
    if args.data is None:
        split = images_of(opened)
    else:
        preset, path, targets = on_data(opened.config, args.data)
        split = load_sources(preset, path, targets)
    if not len(split.held_out):
        raise DataError(f"probe: {printable(split.train.name)} holds out no images to test on: give others by --data.")

    def progress(what: str) -> None:
        print(f"{what} ...", file=sys.stderr, flush=True)

    found = probe(
        model,
        split.train,
        split.held_out,
        args.labels,
        args.seeds,
        args.methods,
        args.steps,
        learning_rate=args.learning_rate,
        progress=progress,
    )
    rows = [
        {
            "method": row.method,
            "labels": row.labels,
            "accuracy": round(row.mean, 5),
            "standard_error": None if row.standard_error is None else round(row.standard_error, 5),
            "accuracies": [round(value, 5) for value in row.accuracies],
        }
        for row in found.rows
    ]
    output.report(
        {
            "run": str(args.run),
            "data": split.train.manifest(),
            "test_images": found.test_images,
            "steps": args.steps,
            "learning_rate": args.learning_rate,
            "methods": {name: METHODS[name] for name in args.methods},
            "rows": rows,
        }
    )
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["method", "labels", "accuracy", "standard_error"])
    writer.writerows([row["method"], row["labels"], row["accuracy"], row["standard_error"]] for row in rows)
    write_text(output[".csv"], table.getvalue())
    lines = {
        METHODS[name]: [
            (row.labels, 100 * row.mean, 100 * (row.standard_error or 0)) for row in found.rows if row.method == name
        ]
        for name in args.methods
    }
    plot_lines(lines, output.main, "images with a label", "test accuracy in percent", logarithmic=True)
    made = [(str(output.main), "the accuracies as a plot"), (str(output[".csv"]), "as a table")]
    if found.classifier is not None:
        with staged(output[".keras"]) as unfinished, tempfile.TemporaryDirectory() as folder:
            found.classifier.save(Path(folder, "probe.keras"))  # Keras takes names alone that end so
            shutil.copyfile(Path(folder, "probe.keras"), unfinished)
        made.append((str(output[".keras"]), "the fine-tuned classifier of most labels, of images in [-1, 1]"))
    counts = list(dict.fromkeys(row.labels for row in found.rows))
    print(f"accuracy on {found.test_images:,} test images, in percent, with its standard error over seeds:")
    header = ("labels", "  ".join(f"{count:>13,}" for count in counts))
    cells = {(row.method, row.labels): _cell(row) for row in found.rows}
    print(columns([header, *((name, "  ".join(cells[name, n] for n in counts)) for name in args.methods)]))
    print(columns(made, indent=0))


def _cell(row: Probed) -> str:
    error = "" if row.standard_error is None else f" ± {100 * row.standard_error:.2f}"
    return f"{100 * row.mean:.2f}{error}".rjust(13)
