"""`genzoo debias`: weights by which rare images are drawn more often, for `genzoo train --sample-weights`."""

import argparse
from pathlib import Path

from keras_genzoo.cli.arguments import add_best, add_run, integer, number_in, path, word

EPILOG = """examples:
  genzoo debias runs/faces --factor skin_tone --output weights.csv
  genzoo train runs/faces/config.json --sample-weights weights.csv --output runs/fair_faces

An image weighs the more, the rarer its latents are among the images trained on; no labels are needed. Where factors or
labels are known, the report says how the share of each would change."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=path,
        help="images to weigh: a folder or a dataset's name (default: the run's own)",
    )
    parser.add_argument(
        "--strength",
        metavar="ALPHA",
        type=number_in(0, float("inf"), "a number above 0"),
        default=0.01,
        help="smoothing; the smaller, the more the rare ones weigh (default 0.01)",
    )
    parser.add_argument(
        "--bins",
        metavar="N",
        type=lambda text: integer(text, 2, 1_000),
        default=10,
        help="of each latent's histogram (default 10)",
    )
    parser.add_argument(
        "--combine",
        choices=("max", "product"),
        default="max",
        help="over latents: the rarest one counts (default), or the product of all, the paper's, for few latents",
    )
    parser.add_argument(
        "--factor", metavar="NAME", type=word, help="label, factor or column to report on (default: all)"
    )
    parser.add_argument(
        "--output",
        metavar="FILE.csv",
        type=path,
        default="weights.csv",
        help="the weights; .png and .json lie beside them (default weights.csv)",
    )
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Weighs the images to train on, writes the weights, and prints what they change."""
    from keras_genzoo.artifacts import RunError, with_state
    from keras_genzoo.cli.io.inputs import check_images
    from keras_genzoo.cli.io.outputs import Output

    opened, table = with_state(args.run, args.best), Path(args.output)
    if table.suffix.lower() != ".csv":
        raise RunError(f"debias: --output '{table}' must end in .csv.")
    output = Output("debias", table, ".png", reads=(args.run, args.data))
    check_images(args.data)

    from keras_genzoo.cli.uses import debias

    debias.run(args, opened, output)
