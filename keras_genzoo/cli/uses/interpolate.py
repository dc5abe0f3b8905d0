"""`genzoo interpolate`: walks from one image to another through a run's latents."""

import argparse

import numpy as np

from keras_genzoo.artifacts import load
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.sheets import finely, read_image, write_rows
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses import LatentSpace, StyleSpace, draw, encode, interpolate, joined, kind_for


def run(args: argparse.Namespace, output: Output, pairs: list) -> None:
    """Draws the walks, each from the first to the second of a pair of files or seeds."""
    model = load(args.run, best=args.best)
    space = StyleSpace(model) if args.space == "w" else LatentSpace(model)
    kind = args.kind or kind_for(space)
    before = after = None
    if args.start is not None:
        x = np.stack([[read_image(path, model) for path in pair] for pair in pairs])
        before, after = x[:, :1], x[:, 1:]
        a, b = encode(model, x[:, 0]), encode(model, x[:, 1])
    else:
        a, b = (joined([draw(space, np.arange(1), seed) for seed in part]) for part in zip(*pairs, strict=True))
    shares = np.linspace(0.0, 1.0, args.steps)
    rows = interpolate(space, a, b, finely(shares), kind)
    report = {
        "run": str(args.run),
        "space": args.space,
        "kind": kind,
        "shares": np.round(shares, 5).tolist(),
        "rows": pairs,
    }
    files = write_rows(output, rows, report, before, after)
    what = "seed " if args.start is None else ""
    print(f"{kind} walks{' in w' if args.space == 'w' else ''}:")
    print(columns([(f"row {row}", printable(f"{what}{a} to {what}{b}")) for row, (a, b) in enumerate(pairs, 1)]))
    print(columns(files, indent=0))
