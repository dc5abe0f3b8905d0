"""`genzoo demo`: pretrained models, then the whole way on drawn faces, from a preset to pictures and a SavedModel."""

import argparse
import time
from pathlib import Path
from types import ModuleType

from keras_genzoo.cli.arguments import path
from keras_genzoo.cli.commands import evaluate, export, sample, train
from keras_genzoo.printable import columns, duration, shell

PRESET = "vae_drawn_faces_32_mlp"
PRETRAINED = ("r3gan_drawn_faces_32@1", "flow_matching_drawn_faces_32_small@1")
_MADE = [
    ("samples.png", "faces it makes of noise"),
    ("reconstructions.png", "held-out faces, and below them what it makes of them"),
    ("latent_walk.png", "walks from one face to another"),
    ("losses.png", "what was logged while it learned"),
    ("metric-psnr.jsonl", "how well it does on held-out faces; also -mse, -ssim and others"),
    ("model.weights.h5", "what it learned: genzoo.load(RUN) in Python"),
    ("saved_model/", "the same for serving without this package"),
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument(
        "--output",
        metavar="RUN",
        type=path,
        default="runs/demo",
        help="run folder to make (default runs/demo, runs/demo-2, ...)",
    )


def run(args: argparse.Namespace) -> int:
    """Shows pretrained models, then trains, samples, measures and exports, each by its own command."""
    began = time.perf_counter()
    folder = free(Path(args.output))
    pictures = [folder.with_name(f"{folder.name}-{name.partition('_')[0]}.png") for name in PRETRAINED]
    acts: list[tuple[ModuleType, list[str]]] = [
        *((sample, [name, "--output", str(made)]) for name, made in zip(PRETRAINED, pictures, strict=True)),
        (train, [PRESET, "--output", str(folder)]),
        (sample, [str(folder), "--output", str(folder / "samples.png")]),
        (evaluate, [str(folder), "--metrics", "losses,mse,psnr,ssim"]),
        (export, [str(folder), "--output", str(folder / "saved_model")]),
    ]
    for command, arguments in acts:
        name = command.__name__.rpartition(".")[2]
        print(f"\n$ {shell('genzoo', name, *arguments)}", flush=True)
        parser = argparse.ArgumentParser(prog=f"genzoo {name}")
        command.add_arguments(parser)
        if code := command.run(parser.parse_args(arguments)):
            return code
    shown = " and ".join(map(str, pictures))
    print(f"\nThe demo took {duration(time.perf_counter() - began)}. What pretrained models make: {shown}.")
    print(f"In {folder}:\n{columns(_MADE)}")
    return 0


def free(folder: Path) -> Path:
    """`folder`, or the first of folder-2, folder-3, ... that is not there: an earlier demo is never overwritten."""
    number, found = 2, folder
    while found.exists():
        found = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return found
