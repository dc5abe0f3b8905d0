"""`genzoo mix`: the table of mixed styles."""

import argparse

from keras_genzoo.cli.arguments import add_best, add_output_picture, add_run, add_truncation, names, path

EPILOG = """examples:
  genzoo mix runs/faces --rows 1,2,3 --cols 4,5,6,7 --styles coarse
  genzoo mix runs/faces --rows 1,2 --cols anna.npz --styles 4-7 --truncation 0.7

An image of the table is that of its row with some layers' styles of its column. Layers are named: coarse ones have maps
of 4 and 8 pixels (pose, shape of the face), middle ones of 16 and 32 (features, hair), fine ones of 64 and more
(colors); or numbered from 0, two for each size. A row or column is a seed, or a file of styles that genzoo project
wrote: FILE.npz for all of its images, FILE.npz:N for one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument("--rows", metavar="A,B,...", type=names, default=["0", "1", "2"], help="default 0,1,2")
    parser.add_argument("--cols", metavar="A,B,...", type=names, default=["3", "4", "5", "6"], help="default 3,4,5,6")
    parser.add_argument(
        "--styles",
        metavar="LAYERS",
        type=path,
        default="coarse",
        help="layers whose styles are the column's: coarse, middle, fine, numbers or ranges (default coarse)",
    )
    add_truncation(parser)
    add_output_picture(parser, "mix")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Draws the table."""
    from keras_genzoo.cli.io.outputs import picture_alone_of

    output = picture_alone_of(args, "mix")

    from keras_genzoo.cli.uses import mix

    mix.run(args, output)
