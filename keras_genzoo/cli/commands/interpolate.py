"""`genzoo interpolate`: walks from one image to another through a run's latents."""

import argparse
import itertools

from keras_genzoo.cli.arguments import add_best, add_picture, add_run, add_steps, path

_SEEDS = (0, 1, 2, 3, 4)
EPILOG = """examples:
  genzoo interpolate runs/faces --seeds 1,2,3,4
  genzoo interpolate runs/faces --from anna.png bea.png --to carl.png dan.png --steps 12 --output walks.png
  genzoo interpolate runs/stylegan --space w --seeds 1,2,3,4

A row of the picture is one walk: from the first image to the second, or from the sample of one seed to that of the
next (those that `genzoo sample --num 1 --seed S` draws). Walks between images have these themselves at their ends. An
animated GIF walks all of them, there and back."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument("--from", dest="start", metavar="FILE", nargs="+", type=path, help="images to start from")
    parser.add_argument("--to", dest="end", metavar="FILE", nargs="+", type=path, help="images to arrive at, as many")
    parser.add_argument("--seeds", metavar="A,B,...", help="walk from sample to sample (default 0,1,2,3,4)")
    parser.add_argument(
        "--kind",
        choices=("linear", "spherical"),
        help="a straight line, or an arc (default: spherical if the prior is N(0, I), else linear)",
    )
    parser.add_argument(
        "--space",
        choices=("z", "w"),
        default="z",
        help="what is walked through: z, the latents, or w, the styles of a StyleGAN (default z)",
    )
    add_steps(parser, 10)
    add_picture(parser, "interpolate")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Draws the walks."""
    from keras_genzoo.cli.io.inputs import check_image
    from keras_genzoo.cli.io.outputs import picture_of

    images = [*(args.start or ()), *(args.end or ())]
    output = picture_of(args, "interpolate", images)
    pairs = pairs_of(args)
    for image in images:
        check_image(image)

    from keras_genzoo.cli.uses import interpolate

    interpolate.run(args, output, pairs)


def pairs_of(args: argparse.Namespace) -> list:
    """Where each walk begins and ends: files, or seeds."""
    from keras_genzoo.artifacts import RunError

    if args.space == "w" and (args.start or args.end):
        raise RunError("interpolate: --space w walks from seed to seed: give --seeds in the place of --from and --to.")
    if args.start is None and args.end is None:
        seeds = _SEEDS if args.seeds is None else _seeds(args.seeds)
        return [list(pair) for pair in itertools.pairwise(seeds)]
    if args.seeds is not None:
        raise RunError("interpolate: --seeds and --from or --to are two ways to say where: leave one out.")
    start, end = args.start or [], args.end or []
    if len(start) != len(end):
        raise RunError(
            f"interpolate: --from names {len(start)} images, and --to {len(end)}: give as many of one as of the other."
        )
    return [list(pair) for pair in zip(start, end, strict=True)]


def _seeds(text: str) -> tuple[int, ...]:
    from keras_genzoo.artifacts import RunError

    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) < 2 or not all(word.isdecimal() and int(word) < 2**32 for word in words):
        raise RunError(
            f"interpolate: --seeds '{text}': expected two integers or more, from 0 to 4,294,967,295, with commas."
        )
    return tuple(map(int, words))
