"""`genzoo transfer`: the look of one image on another."""

import argparse

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import RunError, load
from keras_genzoo.cli.commands.transfer import is_image
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.sheets import read_image, scale_of
from keras_genzoo.cli.io.styles import styles_of_words
from keras_genzoo.cli.uses.project import in_decibels, searched
from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses import layers_of, mix
from keras_genzoo.uses.spaces import with_styles


def run(args: argparse.Namespace, output: Output) -> None:
    """Draws both images and the transfer."""
    model = load(args.run, best=args.best)
    layers = layers_of(model, args.styles)
    (content, content_name), (style, style_name) = (_styles(model, word, args) for word in (args.content, args.style))
    made = mix(model, content, style, layers)[0]
    sheet = np.concatenate([with_styles(model).synthesize(np.concatenate([content, style])), made])
    output.report(
        {
            "run": str(args.run),
            "content": content_name,
            "style": style_name,
            "styles": args.styles,
            "layers": layers,
            "truncation": args.truncation,
        }
    )
    images.write_png(output.main, images.grid(sheet, columns=3), scale_of(sheet))
    print(printable(f"{content_name}, {style_name}, and the first with the {args.styles} styles of the second:"))
    print(columns([(str(output.main), "the three"), (str(output[".json"]), "what they are")], indent=0))


def _styles(model: GenerativeModel, word: str, args: argparse.Namespace) -> tuple[np.ndarray, str]:
    """The styles (1, layers, style_dim) of a user's word, and its name."""
    if is_image(word):
        found, _ = searched(model, read_image(word, model)[None], args.steps)
        print(printable(f"{word}: projected, PSNR {in_decibels(found, 0)}"))
        return found.w, word
    w, names = styles_of_words(model, [word], args.truncation)
    if len(w) != 1:
        raise RunError(f"transfer: '{word}' holds {len(w)} images: name one, as '{word}:0'.")
    return w, names[0]
