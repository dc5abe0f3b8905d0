"""`genzoo project`: the styles by which a run makes a given image."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import load
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.sheets import read_image, scale_of
from keras_genzoo.data import DataError
from keras_genzoo.data.listing import find_images
from keras_genzoo.evaluation.meter import meter
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses import Projection, project, write_styles
from keras_genzoo.uses.spaces import with_styles

_MOST = 64  # images at a time
_SHOWN = (0.02, 0.1, 0.3, 0.6)  # of the search


def run(args: argparse.Namespace, output: Output) -> None:
    """Searches, and writes styles, a picture, and how near they came."""
    model = load(args.run, best=args.best)
    with_styles(model)
    files = files_of(args.image)
    x = np.stack([read_image(path, model) for path in files])
    found, on_the_way = searched(model, x, args.steps, not args.one_style)
    rows = np.concatenate([x[:, None], on_the_way, found.images[:, None]], axis=1)
    output.report(
        {
            "run": str(args.run),
            "images": [str(path) for path in files],
            "steps": args.steps,
            "styles": "one for all layers" if args.one_style else "one for each layer",
            "psnr": np.round(found.psnr, 3).tolist(),
            "psnr_of_mean_image": np.round(found.mean_psnr, 3).tolist(),
        }
    )
    write_styles(output[".npz"], found.w, model)
    images.write_png(output.main, images.grid(rows.reshape(-1, *rows.shape[2:]), columns=rows.shape[1]), scale_of(rows))
    print("PSNR of the image that was found (of the mean image, from which the search began):")
    print(columns([(printable(path.name), in_decibels(found, at)) for at, path in enumerate(files)]))
    written = ((output.main, "images, and the search"), (output[".npz"], "their styles"), (output[".json"], "PSNR"))
    print(columns([(str(path), what) for path, what in written], indent=0))


def files_of(name: str) -> list[Path]:
    """The image file, or those of a folder.

    Raises:
        DataError: there are none, or too many.
    """
    path = Path(name)
    if not path.is_dir():
        return [path]
    found = [path / file for file in find_images(path)]
    if not 1 <= len(found) <= _MOST:
        raise DataError(f"--image: '{path}' holds {len(found):,} images, but 1 to {_MOST} are projected at a time.")
    return found


def searched(model: Any, x: np.ndarray, steps: int, each_layer: bool = True) -> tuple[Projection, np.ndarray]:
    """The projection of images, and those on the way to it (n, shown, height, width, channels); shows its progress."""
    shown: dict[int, np.ndarray] = {max(1, round(steps * part)): x[:0] for part in _SHOWN}
    with meter("steps", steps) as advance:

        def progress(step: int, w: np.ndarray) -> None:
            advance(1)
            if step in shown:
                shown[step] = with_styles(model).synthesize(w)

        found = project(model, x, steps, each_layer, progress=progress)
    return found, np.stack(list(shown.values()), axis=1)


def in_decibels(found: Projection, at: int) -> str:
    """How near an image was come to."""
    return f"{found.psnr[at]:.1f} dB ({found.mean_psnr[at]:.1f} dB)"
