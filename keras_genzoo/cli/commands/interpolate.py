"""`genzoo interpolate`: walks from one image to another through a run's latents."""

import argparse

from keras_genzoo.cli.arguments import add_best, add_picture, add_run, add_steps

EPILOG = """examples:
  genzoo interpolate runs/faces --seeds 1,2,3,4
  genzoo interpolate runs/faces --from anna.png bea.png --to carl.png dan.png --steps 12 --output walks.png

A row of the picture is one walk: from the first image to the second, or from the sample of one seed to that of the
next (those that `genzoo sample --num 1 --seed S` draws). Walks between images have these themselves at their ends. An
animated GIF walks all of them, there and back."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument("--from", dest="start", metavar="FILE", nargs="+", help="images to start from")
    parser.add_argument("--to", dest="end", metavar="FILE", nargs="+", help="images to arrive at, as many")
    parser.add_argument("--seeds", metavar="A,B,...", help="walk from sample to sample (default 0,1,2,3,4)")
    parser.add_argument(
        "--kind",
        choices=("linear", "spherical"),
        help="a straight line, or an arc (default: spherical if the prior is N(0, I), else linear)",
    )
    add_steps(parser, 10)
    add_picture(parser, "interpolate")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Draws the walks."""
    from keras_genzoo.cli.uses import interpolate

    interpolate.run(args)
