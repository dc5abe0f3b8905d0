"""`genzoo walk`: a film that goes through images of a run, and comes back."""

import argparse
from typing import Any

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import load
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.sheets import scale_of
from keras_genzoo.cli.io.styles import styles_of_words
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses import LatentSpace, StyleSpace, draw, joined, walk

_FPS = {".gif": 16, ".mp4": 24}


def run(args: argparse.Namespace, output: Output) -> None:
    """Makes the film."""
    model = load(args.run, best=args.best)
    space, z, found = _way(model, args)
    suffix = output.main.suffix.lower()
    fps = args.fps or _FPS[suffix]
    film = walk(space, z, max(len(found), round(args.seconds * fps)))
    output.report(
        {
            "run": str(args.run),
            "space": args.space,
            "way": found,
            "truncation": args.truncation,
            "frames": len(film),
            "fps": fps,
        }
    )
    if suffix == ".mp4":
        images.write_mp4(output.main, film, scale_of(film), fps)
    else:
        images.write_gif(output.main, film, scale_of(film), 1.0 / fps)
    print(printable(f"{len(film)} images, through {', '.join(found)} and back:"))
    print(columns([(str(output.main), "the film"), (str(output[".json"]), "what it shows")], indent=0))


def _way(model: Any, args: argparse.Namespace) -> tuple[LatentSpace, Any, list[str]]:
    """The space that is walked through, the latents on the way, and their names."""
    if args.space == "z":
        space = LatentSpace(model)
        z = joined([draw(space, np.arange(1), int(word)) for word in args.seeds])
        return space, z, [f"seed {word}" for word in args.seeds]
    styles = StyleSpace(model, each_layer=True)
    w, found = styles_of_words(model, args.seeds, args.truncation)
    return styles, w.reshape(len(w), -1), found
