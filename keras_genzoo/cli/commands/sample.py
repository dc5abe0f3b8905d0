"""`genzoo sample`: images that a run's model makes, as a sheet or as files."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from keras_genzoo.cli.arguments import add_best, add_run, count_to, names, path, seed
from keras_genzoo.cli.declared import sample_options

if TYPE_CHECKING:
    from keras_genzoo.artifacts import Run

EPILOG = """examples:
  genzoo sample runs/faces --num 64 --seed 1 --output faces.png
  genzoo sample runs/faces --num 1000 --seed 1 --images faces/
  genzoo sample runs/clothes --labels Dress,Sneaker --output dresses_and_sneakers.png
  genzoo sample runs/clothes --labels 3,7 --num 200 --images clothes/

A file of --images has the image's number in the seed as its name: the same number and seed, the same image. Those of
--labels lie in a sub-folder for each label."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--num",
        metavar="N",
        type=count_to(10_000),
        help="how many images (default 64, fewer if they are large; of labels 8 each)",
    )
    parser.add_argument(
        "--labels",
        metavar="A,B,...",
        type=names,
        help="of a conditional model: a row of images for each label; classes by name or by number, from 0",
    )
    parser.add_argument("--seed", metavar="S", type=seed, default=0, help="the same seed, the same images (default 0)")
    parser.add_argument("--output", metavar="FILE.png", type=path, help="the picture to write, a sheet of all images")
    parser.add_argument("--images", metavar="FOLDER", type=path, help="new folder for the images, each in its own file")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Draws the samples."""
    from keras_genzoo.artifacts import RunError, check_free, with_state
    from keras_genzoo.cli.io.outputs import file_of

    if not (args.output or args.images):
        raise RunError("sample: say where to: --output FILE.png, a sheet, or --images FOLDER, single images.")
    if args.output and Path(args.output).suffix.lower() != ".png":
        raise RunError(f"sample: --output '{args.output}' must end in .png.")
    file_of(args.output, "sample")
    opened = with_state(args.run, args.best)
    if args.images:
        check_free(args.images, "--images")
    labels = None if args.labels is None else labels_of(opened, args.labels)

    from keras_genzoo.cli.uses import sample

    sample.run(args, labels, sample_options(args))


def labels_of(run: "Run", words: list[str]) -> dict[int, str]:
    """The labels that a user asks for by the names or numbers of classes, and the names of their classes.

    Raises:
        RunError: the run knows no such class.
    """
    from keras_genzoo.artifacts import RunError
    from keras_genzoo.artifacts.run_data import class_names_of
    from keras_genzoo.registry import did_you_mean

    known = class_names_of(run)
    found: dict[int, str] = {}
    for word in words:
        number = known.index(word) if word in known else int(word) if word.isdecimal() else -1
        if not 0 <= number < (len(known) or 10_000):
            near = (
                did_you_mean(word, known) if known else "expected integers from 0: this run knows no names of classes"
            )
            raise RunError(f"sample: --labels: '{run.path}' was trained on no class '{word}'; {near}")
        found[number] = known[number] if known else word
    return found
