"""`genzoo sample`: a sheet of images that a run's model makes."""

import argparse
from pathlib import Path

from keras_genzoo.cli.arguments import add_best, add_run, count_to, labels, seed
from keras_genzoo.cli.declared import sample_options

EPILOG = """examples:
  genzoo sample runs/faces --num 64 --seed 1 --output faces.png
  genzoo sample runs/clothes --labels 3,7 --output dresses_and_sneakers.png"""


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
        "--labels", metavar="A,B,...", type=labels, help="of a conditional model: a row of images for each label"
    )
    parser.add_argument("--seed", metavar="S", type=seed, default=0, help="the same seed, the same images (default 0)")
    parser.add_argument("--output", metavar="FILE.png", required=True, help="the picture to write")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Draws the samples."""
    from keras_genzoo.artifacts import RunError, load
    from keras_genzoo.callbacks import samples, write_sheet
    from keras_genzoo.capabilities import Samples

    output, options = Path(args.output), sample_options(args)
    if output.suffix.lower() != ".png":
        raise RunError(f"sample: --output '{output}' must end in .png.")
    if output.is_dir():
        raise RunError(f"sample: --output '{output}' is a folder: name a file in it.")
    model = load(args.run, best=args.best)
    if not isinstance(model, Samples):
        raise RunError(f"sample: '{args.run}' is a {type(model).__name__}, which makes no images of noise.")
    num = args.num
    if args.labels:
        num = num and max(1, num // len(args.labels)) * len(args.labels)
    try:
        sheet = samples(model, num, args.seed, args.labels, **options)
    except ValueError as error:
        if args.labels is None:
            raise
        raise RunError(f"sample: --labels: {error}") from error  # such as are not there
    write_sheet(output, sheet, model)
    rows = f", a row for each of the labels {', '.join(map(str, args.labels))}" if args.labels else ""
    chosen = "".join(f", {name} {value}" for name, value in options.items())
    print(f"{f'{num} images' if num else 'images'} of seed {args.seed}{chosen}{rows}: {output}")
