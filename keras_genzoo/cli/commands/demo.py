"""`genzoo demo`: the whole way on drawn faces, from a preset to pictures, numbers and a SavedModel."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from keras_genzoo.callbacks.progress import duration
from keras_genzoo.cli import options
from keras_genzoo.cli.commands import evaluate, export, sample, train
from keras_genzoo.cli.io.console import columns

PRESET = "vae_drawn_faces_32_mlp"
_MADE = [
    ("samples.png", "faces it makes of noise"),
    ("reconstructions.png", "faces it has not seen, and below them what it makes of them"),
    ("latent_walk.png", "walks from one face to another"),
    ("losses.png", "what was logged while it learned"),
    ("metric-psnr.jsonl", "how well it does on faces it has not seen; also -mse, -ssim and others"),
    ("model.weights.h5", "what it learned: genzoo.load(RUN) in Python"),
    ("saved_model/", "the same for serving without this package"),
]


def run(args: argparse.Namespace) -> int:
    """Trains, samples, measures and exports, each by its own command."""
    began = time.perf_counter()
    folder = free(Path(args.output))
    acts: list[tuple[str, Callable[[argparse.Namespace], int | None], list[str]]] = [
        ("train", train.run, [PRESET, "--output", str(folder)]),
        ("sample", sample.run, [str(folder), "--output", str(folder / "samples.png")]),
        ("evaluate", evaluate.run, [str(folder), "--metrics", "losses,mse,psnr,ssim"]),
        ("export", export.run, [str(folder), "--output", str(folder / "saved_model")]),
    ]
    for command, act, arguments in acts:
        print(f"\n$ genzoo {command} {' '.join(arguments)}", flush=True)
        parser = argparse.ArgumentParser(prog=f"genzoo {command}")
        options.add(command, parser)
        if code := act(parser.parse_args(arguments)):
            return code
    print(f"\nThe demo took {duration(time.perf_counter() - began)}. In {folder}:\n{columns(_MADE)}")
    return 0


def free(folder: Path) -> Path:
    """`folder`, or the first of folder-2, folder-3, ... that is not there: an earlier demo is never overwritten."""
    number, found = 2, folder
    while found.exists():
        found = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return found
