"""`genzoo transfer`: the look of one image on another."""

import argparse

from keras_genzoo.cli.arguments import add_best, add_output_picture, add_run, add_truncation, count_to, path

EPILOG = """examples:
  genzoo transfer runs/faces --content 1 --style 2
  genzoo transfer runs/faces --content anna.png --style bea.png --styles fine
  genzoo transfer runs/faces --content found.npz:0 --style 2 --truncation 0.7

The content's coarse styles stay: pose, shape of the face. What --styles names comes from the other image: by default
the middle and fine layers, so features, hair and colors. Either is a seed, an image file, which is projected first (see
genzoo project), or a file of styles. The picture shows both as the model makes them, and the transfer."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--content", metavar="FILE|SEED", type=path, required=True, help="the image that keeps its shape"
    )
    parser.add_argument("--style", metavar="FILE|SEED", type=path, required=True, help="the image that gives its look")
    parser.add_argument(
        "--styles",
        metavar="LAYERS",
        type=path,
        default="middle,fine",
        help="layers whose styles are the other image's: coarse, middle, fine, numbers or ranges (default middle,fine)",
    )
    parser.add_argument(
        "--steps", metavar="N", type=count_to(100_000), default=500, help="to project an image file (default 500)"
    )
    add_truncation(parser)
    add_output_picture(parser, "transfer")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Draws both images and the transfer."""
    from keras_genzoo.cli.io.inputs import check_image
    from keras_genzoo.cli.io.outputs import picture_alone_of

    files = [word for word in (args.content, args.style) if is_image(word)]
    for file in files:
        check_image(file)
    output = picture_alone_of(args, "transfer", files)

    from keras_genzoo.cli.uses import transfer

    transfer.run(args, output)


def is_image(word: str) -> bool:
    """Whether a user's word names an image file: no seed, and no file of styles."""
    return not word.isdecimal() and ".npz" not in word.lower()
