"""`genzoo walk`: a film that goes through images of a run, and comes back."""

import argparse

from keras_genzoo.cli.arguments import add_best, add_run, add_truncation, integer, names, number_in, path

EPILOG = """examples:
  genzoo walk runs/faces
  genzoo walk runs/stylegan --space w --seeds 1,2,3,4,5 --seconds 10 --truncation 0.7 --output walk.mp4
  genzoo walk runs/stylegan --space w --seeds 1,found.npz:0

The film goes smoothly from the sample of one seed to that of the next and back to the first, so that it loops without a
jump. A GIF plays anywhere; an MP4 is smaller and has all colors, and needs an extra: pip install 'keras_genzoo[video]'.
With --space w, files of styles that genzoo project wrote may stand in the place of seeds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--seeds",
        metavar="A,B,...",
        type=names,
        default=["0", "1", "2", "3", "4", "5"],
        help="where the walk leads (default 0,1,2,3,4,5)",
    )
    parser.add_argument(
        "--space",
        choices=("z", "w"),
        default="z",
        help="what is walked through: z, the latents, or w, the styles of a StyleGAN (default z)",
    )
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=number_in(0, 600, "a number of seconds above 0 and below 600"),
        default=6.0,
        help="length of the film (default 6)",
    )
    parser.add_argument(
        "--fps",
        metavar="N",
        type=lambda text: integer(text, 1, 60),
        help="images in a second (default 24 in an MP4, and 16 in a GIF)",
    )
    add_truncation(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=path,
        help="the film, .gif or .mp4; .json lies beside it (default RUN/walk.gif); only what this command has made is "
        "replaced",
    )
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Makes the film."""
    from pathlib import Path

    from keras_genzoo.artifacts import RunError, with_state
    from keras_genzoo.cli.io.outputs import Output

    folder = with_state(args.run, args.best).path
    film = Path(args.output) if args.output else folder / "walk.gif"
    if film.suffix.lower() not in (".gif", ".mp4"):
        raise RunError(f"walk: --output '{film}' must end in .gif or .mp4.")
    if len(args.seeds) < 2 and ".npz" not in args.seeds[0]:
        raise RunError(f"walk: --seeds '{args.seeds[0]}': give two or more, with commas between them.")
    if args.space == "z":
        if args.truncation != 1.0:
            raise RunError("walk: --truncation is of styles: add --space w.")
        if wrong := [word for word in args.seeds if not word.isdecimal() or int(word) >= 2**32]:
            raise RunError(f"walk: --seeds: '{wrong[0]}' is no integer from 0 to 4,294,967,295; files need --space w.")
    output = Output("walk", film, reads=(folder,))

    from keras_genzoo.cli.uses import walk

    walk.run(args, output)
