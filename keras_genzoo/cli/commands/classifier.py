"""`genzoo classifier`: a classifier of a labeled dataset, whose features measure models."""

import argparse
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from keras_genzoo.cli.arguments import count, count_to, path, seed
from keras_genzoo.printable import columns, duration, shell

if TYPE_CHECKING:
    from keras_genzoo.data import Split
    from keras_genzoo.features.classifier import Trained


_BATCH_SIZE = 128
EPILOG = """examples:
  genzoo classifier fashion_mnist --output runs/fashion_classifier
  genzoo evaluate runs/gan --features runs/fashion_classifier

  genzoo classifier runs/cgan --output runs/leaf_classifier                 of the images of that run
  genzoo classifier image_folder --data leaves/ --size 32 --channels 1 --output runs/leaf_classifier
  genzoo evaluate runs/cgan --features runs/leaf_classifier --metrics frechet,label_accuracy

For sets with labels (fashion_mnist, mnist, image_folder with a sub-folder for each class) or factors (drawn_faces)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument(
        "dataset",
        metavar="DATASET",
        help="a dataset's name; a folder of images; or a run folder, for the images it was trained on",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=path,
        help="folder of images, for datasets that read one, and for a run if it was moved",
    )
    parser.add_argument("--output", metavar="DIR", type=path, required=True, help="folder to make")
    parser.add_argument(
        "--size", metavar="N", type=count_to(1024), help="pixels along each side (default: the dataset's)"
    )
    parser.add_argument(
        "--channels", type=int, choices=(1, 3), help="1 for gray images, 3 for color (default: the dataset's)"
    )
    parser.add_argument(
        "--epochs", metavar="N", type=count, help="passes over the training images (default 8, of few images more)"
    )
    parser.add_argument("--seed", metavar="S", type=seed, default=0, help="of weights and order (default 0)")


def run(args: argparse.Namespace) -> None:
    """Trains, measures on the held-out images, writes the folder, and says how to use it."""
    import keras_genzoo.data  # noqa: F401 - registers the datasets
    from keras_genzoo.artifacts import check_free
    from keras_genzoo.registry import DATASETS

    check_free(args.output)
    if not _is_run(args.dataset) and not _is_folder(args):
        DATASETS[args.dataset]  # refuses a name that is not there
    if args.data is not None:
        os.stat(args.data)

    from keras_genzoo.callbacks import Progress
    from keras_genzoo.features.classifier import RECORD, WEIGHTS, epochs_of, heads_of, save_classifier, train_classifier

    split, name = _images(args)
    if split.train.factor_names is None:  # else all images would be drawn for it
        heads_of(split.train)  # that there is something to learn is known before a plan is shown
    batch_size = min(_BATCH_SIZE, len(split.train))
    epochs = args.epochs or epochs_of(len(split.train), batch_size)
    height, width, channels = split.train.image_shape
    rows = [
        ("data", f"{split.train.name}: {len(split.train):,} images to train, {len(split.held_out):,} held out"),
        ("size", f"{height} x {width} x {channels}"),
        ("plan", f"{epochs} epochs of {len(split.train) // batch_size:,} steps, each of {batch_size} images"),
    ]
    print(f"{columns(rows)}\n", flush=True)
    began = time.perf_counter()
    with Progress(epochs=epochs, steps=len(split.train) // batch_size, images=batch_size) as progress:
        trained = train_classifier(split, name, epochs, args.seed, batch_size, callbacks=[progress])
    save_classifier(trained, args.output)
    print(
        f"\n{_table(trained)}\ntrained in {duration(time.perf_counter() - began)}; {RECORD}, {WEIGHTS} in {args.output}"
    )
    print(f"next: genzoo evaluate RUN {shell('--features', args.output)}", flush=True)


def _is_run(dataset: str) -> bool:
    from keras_genzoo.artifacts import located
    from keras_genzoo.registry import DATASETS

    return dataset not in DATASETS and (located(dataset) / "config.json").is_file()


def _is_folder(args: argparse.Namespace) -> bool:
    from keras_genzoo.registry import DATASETS

    return args.dataset not in DATASETS and args.data is None and Path(args.dataset).expanduser().is_dir()


def _images(args: argparse.Namespace) -> tuple["Split", str]:
    """The images of a dataset, of a folder or of a run, and the classifier's name."""
    from keras_genzoo.artifacts import Run
    from keras_genzoo.artifacts.run_data import folder_of, images_of
    from keras_genzoo.data import DataError, load_split

    options = {key: value for key in ("size", "channels") if (value := getattr(args, key)) is not None}
    if not _is_run(args.dataset):
        dataset, data = args.dataset, args.data
        if _is_folder(args):
            dataset, data = "image_folder", dataset
        return load_split(dataset, data, **options), name_for(dataset, data)
    if options:
        raise DataError(
            f"'{args.dataset}' is a run, whose images are taken as it was trained on them: leave "
            f"{' and '.join(f'--{key}' for key in options)} out."
        )
    run = Run(args.dataset)
    folder = folder_of(run, args.data, "--data")
    return images_of(run, args.data), name_for(run.config["data"]["dataset"], None if folder is None else str(folder))


def name_for(dataset: str, path: str | None) -> str:
    """The classifier's name: that of its dataset, or of the folder of its images."""
    of = Path(path).absolute().name if path else dataset
    return f"{re.sub('[^a-z0-9]+', '_', of.lower()).strip('_') or dataset}_classifier"


def _table(trained: "Trained") -> str:
    """What it got right of the held-out images."""
    found = trained.record["held_out"]
    rows = [(name, f"{value:.1%} right") for name, value in found["accuracy"].items()]
    rows += [(name, f"R^2 {value:.3f}") for name, value in found["r2"].items() if value is not None]
    return f"on {found['images']:,} held-out images:\n{columns(rows)}"
