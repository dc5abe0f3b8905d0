"""`genzoo translate`: images that a run's model translates from one domain to another, and a gallery of them."""

import argparse
from pathlib import Path

from keras_genzoo.cli.arguments import add_best, add_run, count_to, integer, path, seed

EPILOG = """examples:
  genzoo translate runs/maps --input photo.jpg --output map.png
  genzoo translate runs/maps --input photos/ --output translated/ --size 256
  genzoo translate runs/horses --input zebras/ --direction ba --output horses/
  genzoo translate runs/maps --data maps/test/ --output tested/
  genzoo translate runs/maps --data photos/ --targets maps/ --output tested/

A folder of --output has the translations in output/, means and how they came about in translations.json, a line for
each image in translations.csv, and a gallery, index.html, for which inputs, targets and round trips lie beside them.
--data also measures how far translations are from their targets."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--input", metavar="FOLDER|FILE", type=path, help="images to translate, of any sizes")
    what.add_argument(
        "--data",
        metavar="PATH",
        type=path,
        help="pairs to translate and measure: a folder, laid out as that of the training, or a run, for those that it "
        "held out",
    )
    parser.add_argument(
        "--targets", metavar="FOLDER", type=path, help="folder of the targets, if --data is that of the inputs alone"
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER|FILE.png",
        type=path,
        required=True,
        help="new folder to make; for a single file of --input also a new file",
    )
    parser.add_argument(
        "--direction",
        choices=("ab", "ba"),
        default="ab",
        help="from domain A to B (default), or back, if it was learned",
    )
    parser.add_argument(
        "--size",
        metavar="N",
        type=lambda text: integer(text, 1, 16_384),
        help="resize the shorter side of each image to N pixels first (default: images keep their sizes)",
    )
    parser.add_argument(
        "--batch-size", metavar="N", type=count_to(1024), default=16, help="the most images at a time (default 16)"
    )
    parser.add_argument(
        "--seed", metavar="S", type=seed, default=0, help="of the noise of a model with test_time_dropout (default 0)"
    )
    parser.add_argument(
        "--gallery",
        action=argparse.BooleanOptionalAction,
        help="write the gallery, and the images beside the translations that it shows (default: for folders)",
    )
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Translates."""
    from keras_genzoo.artifacts import RunError, with_state
    from keras_genzoo.artifacts.run_data import check_targets
    from keras_genzoo.cli.io.inputs import check_image, check_images
    from keras_genzoo.cli.io.outputs import file_of, new_folder_of

    own = with_state(args.run, args.best)
    if args.targets and not args.data:
        raise RunError("translate: --targets are those of --data FOLDER: give that, the folder of the inputs.")
    if args.data and args.size:
        raise RunError("translate: --size is for --input: images of --data get the size that the run was trained at.")
    check_images(args.data)
    if args.targets:
        check_targets(args.targets)
    to_file = args.input is not None and _names_a_file(args.output)
    if args.input and not Path(args.input).is_dir():
        check_image(args.input)
    elif to_file:
        raise RunError(f"translate: '{args.input}' is a folder: --output must be one too, not '{args.output}'.")
    if to_file:
        file_of(args.output, "translate")
        if Path(args.output).exists():
            raise RunError(f"translate: --output '{args.output}' is there already: name another file.")
        if args.gallery:
            raise RunError("translate: --gallery is of a folder: let --output name one.")
    else:
        new_folder_of(args.output, "translate", reads=(args.input, args.data, args.targets, args.run))

    from keras_genzoo.cli.uses import translate

    translate.run(args, own, to_file)


def _names_a_file(output: str) -> bool:
    """Whether --output is a file's name; other suffixes than .png are refused where they are those of images.

    Raises:
        RunError: it has such a suffix.
    """
    from keras_genzoo.artifacts import RunError
    from keras_genzoo.data.decode import FORMATS

    suffix = Path(output).suffix.lower()
    if Path(output).is_dir() or suffix not in FORMATS:
        return False
    if suffix != ".png":
        raise RunError(f"translate: --output '{output}' must end in .png, or be a folder.")
    return True
