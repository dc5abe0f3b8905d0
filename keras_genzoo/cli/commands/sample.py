"""`genzoo sample`: a sheet of images that a run's model makes."""

import argparse
from pathlib import Path

from keras_genzoo.artifacts import RunError, load
from keras_genzoo.callbacks import samples, write_sheet


def run(args: argparse.Namespace) -> None:
    """Draws the samples."""
    output = Path(args.output)
    if output.suffix.lower() != ".png":
        raise RunError(f"sample: --output '{output}' must end in .png.")
    if output.is_dir():
        raise RunError(f"sample: --output '{output}' is a folder: name a file in it.")
    model = load(args.run, best=args.best)
    if args.labels:
        args.num = args.num and max(1, args.num // len(args.labels)) * len(args.labels)
    try:
        sheet = samples(model, args.num, args.seed, args.labels)
    except ValueError as error:
        if args.labels is None:
            raise
        raise RunError(f"sample: --labels: {error}") from error  # such as are not there
    write_sheet(output, sheet, model)
    rows = f", a row for each of the labels {', '.join(map(str, args.labels))}" if args.labels else ""
    print(f"{f'{args.num} images' if args.num else 'images'} of seed {args.seed}{rows}: {output}")
