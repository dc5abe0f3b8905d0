"""`genzoo interpolate`: walks from one image to another through a run's latents."""

import argparse
import itertools

import numpy as np

from keras_genzoo.artifacts import RunError, load
from keras_genzoo.cli.io.sheets import finely, output_of, read_image, write_rows
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses import draw, encode, interpolate, joined, kind_for

_SEEDS = (0, 1, 2, 3, 4)


def run(args: argparse.Namespace) -> None:
    """Draws the walks."""
    output = output_of(args, "interpolate", [*(args.start or ()), *(args.end or ())])
    pairs = _pairs(args)
    model = load(args.run, best=args.best)
    kind = args.kind or kind_for(model)
    before = after = None
    if args.start is not None:
        x = np.stack([[read_image(path, model) for path in pair] for pair in pairs])
        before, after = x[:, :1], x[:, 1:]
        a, b = encode(model, x[:, 0]), encode(model, x[:, 1])
    else:
        a, b = (joined([draw(model, np.arange(1), seed) for seed in part]) for part in zip(*pairs, strict=True))
    shares = np.linspace(0.0, 1.0, args.steps)
    rows = interpolate(model, a, b, finely(shares), kind)
    report = {"run": str(args.run), "kind": kind, "shares": np.round(shares, 5).tolist(), "rows": pairs}
    files = write_rows(output, rows, report, before, after)
    what = "seed " if args.start is None else ""
    print(f"{kind} walks:")
    print(columns([(f"row {row}", printable(f"{what}{a} to {what}{b}")) for row, (a, b) in enumerate(pairs, 1)]))
    print(columns(files, indent=0))


def _pairs(args: argparse.Namespace) -> list:
    """Where each walk begins and ends: files, or seeds."""
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
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) < 2 or not all(word.isdecimal() and int(word) < 2**32 for word in words):
        raise RunError(
            f"interpolate: --seeds '{text}': expected two integers or more, from 0 to 4,294,967,295, with commas."
        )
    return tuple(map(int, words))
