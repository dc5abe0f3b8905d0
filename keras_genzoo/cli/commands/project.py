"""`genzoo project`: the styles by which a run makes a given image."""

import argparse

from keras_genzoo.cli.arguments import add_best, add_output_picture, add_run, count_to, path

EPILOG = """examples:
  genzoo project runs/faces --image anna.png
  genzoo project runs/faces --image photos/ --steps 1000 --output found/photos.png
  genzoo mix runs/faces --rows found/photos.npz --cols 4,5,6 --styles fine

Images must be aligned as those of the training; they are cropped and resized to fit. A row of the picture is an image,
and what the search makes of it as it goes on, from near the mean image to the last. The .npz file holds the styles, for
each layer a w of its own, or with --one-style one w for all layers: farther from the image, and better to edit."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--image", metavar="FILE|FOLDER", type=path, required=True, help="an image, or a folder of at most 64"
    )
    parser.add_argument("--steps", metavar="N", type=count_to(100_000), default=500, help="of the search (default 500)")
    parser.add_argument("--one-style", action="store_true", help="look for one w, the same in all layers")
    add_output_picture(parser, "project")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Searches, and writes styles, a picture, and how near they came."""
    from keras_genzoo.cli.io.inputs import check_image, check_images
    from keras_genzoo.cli.io.outputs import images_of_name, picture_alone_of

    given = images_of_name(args.image)
    if given is not None and given.is_dir():
        check_images(args.image, "--image")
    else:
        check_image(args.image)
    output = picture_alone_of(args, "project", (args.image,), (".npz",))

    from keras_genzoo.cli.uses import project

    project.run(args, output)
