"""`genzoo mix`: the table of mixed styles."""

import argparse

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import load
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.sheets import scale_of
from keras_genzoo.cli.io.styles import styles_of_words
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses import layers_of, mix
from keras_genzoo.uses.spaces import with_styles


def run(args: argparse.Namespace, output: Output) -> None:
    """Draws the table: the columns' images above, the rows' at the left."""
    model = load(args.run, best=args.best)
    layers = layers_of(model, args.styles)
    rows, row_names = styles_of_words(model, args.rows, args.truncation)
    cols, col_names = styles_of_words(model, args.cols, args.truncation)
    table = mix(model, rows, cols, layers)
    styles = with_styles(model)
    above, left = styles.synthesize(cols), styles.synthesize(rows)
    corner = np.full_like(above[:1], 255)
    lines = [
        np.concatenate([corner, above]),
        *(np.concatenate([left[at : at + 1], table[at]]) for at in range(len(left))),
    ]
    output.report(
        {
            "run": str(args.run),
            "styles": args.styles,
            "layers": layers,
            "truncation": args.truncation,
            "rows": row_names,
            "cols": col_names,
        }
    )
    images.write_png(output.main, images.grid(np.concatenate(lines), columns=1 + len(above)), scale_of(table))
    print(printable(f"rows: {', '.join(row_names)}; with the {args.styles} styles (layers {_ranges(layers)}) of:"))
    print(printable(f"columns: {', '.join(col_names)}"))
    print(columns([(str(output.main), "the table"), (str(output[".json"]), "what it is")], indent=0))


def _ranges(layers: list[int]) -> str:
    """Numbers in order, as "0-3, 6"."""
    parts: list[list[int]] = []
    for layer in layers:
        if parts and layer == parts[-1][-1] + 1:
            parts[-1].append(layer)
        else:
            parts.append([layer])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)
