"""`genzoo traverse`: what each latent of a run does to an image."""

import argparse

from keras_genzoo.cli.arguments import (
    add_best,
    add_picture,
    add_run,
    add_run_data,
    add_steps,
    count_to,
    integer,
    number_in,
    path,
    seed,
)

EPILOG = """examples:
  genzoo traverse runs/faces
  genzoo traverse runs/faces --image anna.png --latents 16 --output anna_traversed.png
  genzoo traverse runs/gan --seed 7
  genzoo traverse runs/stylegan --space w

A row of the picture is one latent, varied from -3 to 3 standard deviations of the prior; the others stay those of an
image. The rows are in the order of what the latents carry over held-out images: nats of KL for a VAE, variance for
other autoencoders; those of a GAN, which has no encoder, by number. With --space w they are the principal axes of a
StyleGAN's w, by the variance along them. An animated GIF moves them all at once, and a JSON
file says what the rows are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    base = parser.add_mutually_exclusive_group()
    base.add_argument(
        "--image", metavar="FILE", type=path, help="start from this image; it is cropped and resized to fit"
    )
    base.add_argument(
        "--index",
        metavar="N",
        type=lambda text: integer(text, 0, 100_000_000),
        help="start from held-out image number N, from 0",
    )
    base.add_argument("--seed", metavar="S", type=seed, default=0, help="start from a sample of this seed (default 0)")
    parser.add_argument(
        "--space",
        choices=("z", "w"),
        default="z",
        help="what is varied: z, the latents, or w, the styles of a StyleGAN along their principal axes (default z)",
    )
    parser.add_argument("--latents", metavar="N", type=count_to(1_000), help="rows (default 10)")
    parser.add_argument(
        "--range",
        metavar="R",
        type=number_in(0, 100, "a number above 0 and below 100"),
        default=3.0,
        help="vary from -R to R standard deviations (default 3)",
    )
    add_steps(parser, 9)
    add_picture(parser, "traverse")
    add_run_data(parser)
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Draws the latents that carry most, and prints which they are."""
    from keras_genzoo.artifacts import RunError
    from keras_genzoo.cli.io.inputs import check_image, check_images
    from keras_genzoo.cli.io.outputs import picture_of

    if args.space == "w" and (args.image is not None or args.index is not None):
        raise RunError("traverse: --space w starts from a sample: give --seed in the place of an image.")
    output = picture_of(args, "traverse", (args.image, args.run_data))
    check_images(args.run_data, "--run-data")
    if args.image is not None:
        check_image(args.image)

    from keras_genzoo.cli.uses import traverse

    traverse.run(args, output)
