"""`genzoo evaluate`: losses, and what reconstruction costs, on images that the model was not trained on."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo import metrics
from keras_genzoo.artifacts import Run, environment, load
from keras_genzoo.artifacts.files import write_json
from keras_genzoo.cli.console import columns
from keras_genzoo.cli.task import load_sources, on_data, same_content
from keras_genzoo.data import DataError, Source, Stream
from keras_genzoo.data.source import Subset
from keras_genzoo.metrics.image_quality import WINDOW
from keras_genzoo.model import GenerativeModel

_AT_ONCE = 256
PROTOCOL = {
    "mse": "on pixels in 0..1; mean over images",
    "psnr": "decibels; mean of each image's; identical images, whose PSNR is infinite, left out",
    "ssim": "Gaussian window of 11 pixels, sigma 1.5, valid region, mean over channels, on 0..1; mean over images",
}
"""How the reconstruction was measured: numbers of unlike protocols are not to be compared."""


def run(args: argparse.Namespace) -> None:
    """Measures, writes `evaluation.json` into the run, and prints."""
    folder = Run(args.run)
    model = load(args.run)
    source, what = _images(folder, args.data)
    if not args.json:
        print(f"measuring {folder.path} on {len(source):,} images", flush=True)
    batch_size = folder.config["data"]["batch_size"]
    losses = model.evaluate(Stream(source, batch_size, shuffle=False), return_dict=True, verbose=0)
    result: dict[str, Any] = {
        "images": len(source),
        "what": what,
        "data": source.manifest(),
        "iterations": model.iterations,
        "losses": {name: float(losses[name]) for name in model.logs},
    }
    if hasattr(model, "reconstruct"):
        result["reconstruction"] = reconstruction_quality(model, source)
        result["protocol"] = {name: PROTOCOL[name] for name in result["reconstruction"] if name in PROTOCOL}
    result["environment"] = environment()
    write_json(folder.path / "evaluation.json", result)
    print(json.dumps(result, indent=2) if args.json else _table(folder, result))


def _images(run: Run, data: str | None) -> tuple[Source, str]:
    """The images to measure on, and in words which they are."""
    record = run.record["data"]
    preset, path = on_data(run.config, data or record["path"])
    if data is not None and path is not None:
        source = _whole(load_sources(preset, path, held_out=1).held_out)
        if source.manifest().get("sha256") != record["held_out"].get("sha256"):  # none of them was trained on
            return source, f"all images of {source.name}"
    held_out = load_sources(preset, path).held_out
    if data is None and not same_content(held_out.manifest(), record["held_out"]):
        raise DataError(
            f"{held_out.name}: the images are not those that '{run.path}' was trained on, so it cannot be told which "
            "were held out: name images that the model has not seen by --data."
        )
    return held_out, f"the images held out of {held_out.name}"


def _whole(source: Source) -> Source:
    return source.source if isinstance(source, Subset) else source


def reconstruction_quality(model: GenerativeModel, source: Source) -> dict[str, Any]:
    """How near the reconstructions of all images of a source come to them.

    Returns:
        A dictionary with `mse`, `psnr`, `ssim` (None for images smaller than its window) as `PROTOCOL` has it, and
        `identical`, the number of images that were reconstructed exactly.
    """
    functions = {"mse": metrics.mse, "psnr": metrics.psnr, "ssim": metrics.ssim}
    if min(model.image_shape[:2]) < WINDOW:
        del functions["ssim"]
    found: dict[str, list[np.ndarray]] = {name: [] for name in functions}
    for first in range(0, len(source), _AT_ONCE):
        x = source[np.arange(first, min(first + _AT_ONCE, len(source)))]["image"]
        y = model.reconstruct(x)
        for name, function in functions.items():
            found[name].append(function(x, y))
    values = {name: np.concatenate(one) for name, one in found.items()}
    finite = np.isfinite(values["psnr"])
    return {
        "mse": float(values["mse"].mean()),
        "psnr": float(values["psnr"][finite].mean()) if finite.any() else None,
        "ssim": float(values["ssim"].mean()) if "ssim" in values else None,
        "identical": int((~finite).sum()),
    }


def _table(run: Run, result: dict[str, Any]) -> str:
    rows = [(name, f"{value:.6g}") for name, value in result["losses"].items()]
    units = {"mse": "on pixels in 0..1", "psnr": "dB, mean of each image's", "ssim": "11 x 11 Gaussian window"}
    for name, unit in units.items():
        value = result.get("reconstruction", {}).get(name)
        if value is not None:
            rows.append((name, f"{value:<12.6g} {unit}"))
    if identical := result.get("reconstruction", {}).get("identical"):
        rows.append(("", f"{identical} images were reconstructed exactly and are left out of psnr"))
    head = f"after {result['iterations']:,} steps, on {result['what']} ({result['images']:,}):"
    return f"{head}\n{columns(rows)}\nwritten to {Path(run.path) / 'evaluation.json'}"
