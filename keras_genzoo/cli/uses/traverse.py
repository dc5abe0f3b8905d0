"""`genzoo traverse`: what each latent of a run does to an image."""

import argparse
from typing import Any

import numpy as np

from keras_genzoo.artifacts import Run, RunError, load
from keras_genzoo.artifacts.records import Latents
from keras_genzoo.artifacts.run_data import images_of
from keras_genzoo.capabilities import Encodes
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.sheets import finely, read_image, write_rows
from keras_genzoo.data import DataError, Source
from keras_genzoo.evaluation import pixels_of
from keras_genzoo.files import read_json
from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses import LatentSpace, PrincipalStyles, Ranking, at, draw, encode, rank_latents, traverse

_MOST_RANKED = 1_000  # images
_ROWS = 10
_MOVED = "--run-data"


def run(args: argparse.Namespace, output: Output) -> None:
    """Draws the latents that carry most, and says which they are."""
    opened, model = Run(args.run), load(args.run, best=args.best)
    space: LatentSpace = PrincipalStyles(model) if args.space == "w" else LatentSpace(model)
    z, start = _start(args, space, opened)
    ranking, over = _ranking(opened, space, args.run_data)
    count = min(_ROWS, len(ranking.order)) if args.latents is None else args.latents
    if count > len(ranking.order):
        raise RunError(f"traverse: --latents {count}: this model has {len(ranking.order)}: ask for at most as many.")
    latents = ranking.order[:count]
    values = np.linspace(-args.range, args.range, args.steps)
    rows = traverse(space, z, latents, finely(values))
    written = [
        {"latent": int(number), **({ranking.by: _rounded(ranking.values[number])} if over else {})}
        for number in latents
    ]
    report = {
        "run": str(args.run),
        "space": args.space,
        "start": start,
        "values": _rounded(values),
        "unit": "standard deviations of the prior",
        "ranked_by": ranking.by,
        "ranked_over": over,
        "rows": written,
    }
    files = write_rows(output, rows, report)
    print(printable(f"rows, from {' '.join(str(word) for word in next(iter(start.items())))}:"))
    print(columns([(f"latent {number}", ranking.in_words(number)) for number in latents]))
    print(columns(files, indent=0))


def _start(args: argparse.Namespace, space: LatentSpace, opened: Run) -> tuple[Any, dict[str, Any]]:
    """The latent vector to start from, and what it is of."""
    model = space.model
    if args.image is not None:
        return at(encode(model, read_image(args.image, model)[None]), 0), {"image": args.image}
    if args.index is None:
        return at(draw(space, np.arange(1), args.seed), 0), {"seed": args.seed}
    held_out = images_of(opened, args.run_data, _MOVED).held_out
    if args.index >= len(held_out):
        raise DataError(f"traverse: --index {args.index}: there are {len(held_out):,} held-out images, counted from 0.")
    return at(encode(model, pixels_of(held_out, np.array([args.index]))), 0), {"index": args.index}


def _ranking(opened: Run, space: LatentSpace, moved: str | None) -> tuple[Ranking, str | None]:
    """The latents in their order, and over which images; by what the training has written if its images are gone."""
    if isinstance(space, PrincipalStyles):
        return rank_latents(space), "10,000 draws of w"
    model: GenerativeModel = space.model
    if not isinstance(model, Encodes):
        return rank_latents(model), None
    try:
        split = images_of(opened, moved, _MOVED)
    except DataError as error:
        if moved is None and (opened.path / "latents.json").is_file():
            return _written(opened, model.latent_dim), "latents.json"
        raise DataError(f"{error} The latents are ranked over these images.") from error
    source: Source = split.held_out if len(split.held_out) > 1 else split.train
    x = pixels_of(source, np.linspace(0, len(source) - 1, min(len(source), _MOST_RANKED)).astype(int))
    return rank_latents(model, x), f"{len(x):,} images of {source.name}"


def _written(opened: Run, latent_dim: int) -> Ranking:
    """What `LatentReport` wrote of the last epoch."""
    found = read_json(opened.path / "latents.json", Latents)
    by = "kl" if found.get("kl") is not None else "variance"
    values = found.get(by) or []
    if len(values) != latent_dim:
        raise RunError(f"{opened.path / 'latents.json'}: expected {latent_dim} numbers under '{by}': remove the file.")
    return Ranking.of(by, values)


def _rounded(values: Any) -> Any:
    return np.round(values, 5).tolist()
