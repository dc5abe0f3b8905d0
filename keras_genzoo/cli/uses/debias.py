"""`genzoo debias`: weights by which rare images are drawn more often, for `genzoo train --sample-weights`."""

import argparse
from collections.abc import Collection
from pathlib import Path

from keras_genzoo.artifacts import Run, load
from keras_genzoo.artifacts.run_data import images_of, load_sources, on_data, recorded_path, recorded_targets
from keras_genzoo.callbacks import write_sheet
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.reading import in_one_pass, table_of
from keras_genzoo.data import DataError, Source
from keras_genzoo.data.weighting import index_of, to_csv
from keras_genzoo.files import write_text
from keras_genzoo.printable import columns, printable, shell
from keras_genzoo.registry import did_you_mean
from keras_genzoo.uses.debias import effective_sample_size, in_use, proportions, rarity_weights
from keras_genzoo.uses.extremes import extremes
from keras_genzoo.uses.latents import encode, vectors
from keras_genzoo.uses.properties import Property, names_of_properties, properties


def run(args: argparse.Namespace, opened: Run, output: Output) -> None:
    """Weighs the images to train on, writes the weights, and prints what they change."""
    source, again = _to_train_on(opened, args.data)
    attributes = table_of(source, args.data or args.run)
    _check_factor(args.factor, names_of_properties(source, attributes), source)
    model = load(args.run, best=args.best)
    latents, found = in_one_pass(
        source, f"latents of {len(source):,} images", lambda x, first: vectors(encode(model, x))
    )
    known = properties(found, source, attributes)
    _check_factor(args.factor, known, source)  # a label may be one of the factors
    chosen = known if args.factor is None else {args.factor: known[args.factor]}
    weights = rarity_weights(latents, args.strength, args.bins, args.combine)
    changes = {name: proportions(of_images, weights) for name, of_images in chosen.items()}
    alike, largest = effective_sample_size(weights), float(weights.max() * len(weights))
    names = [printable(name) for name in found["name"]] if "name" in found else None
    report = {
        "run": str(args.run),
        "data": source.manifest(),
        "strength": args.strength,
        "bins": args.bins,
        "combine": args.combine,
        "latents_in_use": int(in_use(latents).sum()),
        "effective_sample_size": alike,
        "largest_weight": largest,
        "before_and_after": changes,
    }
    output.report(report)
    write_text(output.main, to_csv({"weight": [f"{weight:.9g}" for weight in weights]}, names, index_of(source)))
    write_sheet(output[".png"], extremes(source, weights), model)
    rows = [
        ("latents", f"{report['latents_in_use']} in use of {latents.shape[1]}"),
        ("weights", f"up to {largest:.3g} times the mean; the images count as much as {alike:,.0f} equal ones"),
        *((name, _in_words(chosen[name], change)) for name, change in changes.items()),
        (output.main.name, "the weights"),
        (output[".png"].name, "images of the largest weights, and below them of the smallest"),
        (output[".json"].name, "this report"),
    ]
    print(f"{len(source):,} images of {printable(source.name)} to train on\n{columns(rows)}")
    print(f"next: {shell('genzoo', 'train', *again, '--sample-weights', output.main)} --output ...")


def _to_train_on(run: Run, data: str | None) -> tuple[Source, list[str]]:
    """The images that a training as the run's takes, of the run itself or of what --data names, and how to ask for it.

    It is asked for by the run's own copy of its preset, which has all that was set, such as what is held out.
    """
    if data is not None and Path(data, "config.json").is_file():
        run, data = Run(data), None
    targets: tuple[str, ...] = ()
    if data is None:
        source, data = images_of(run).train, str(recorded_path(run) or "")
        targets = ("--targets", str(second)) if (second := recorded_targets(run)) else ()
    else:
        source = load_sources(*on_data(run.config, data)).train
    return source, [str(run.path / "config.json"), *(("--data", data) if data else ()), *targets]


def _check_factor(factor: str | None, known: Collection[str], source: Source) -> None:
    if factor is not None and factor not in known:
        near = did_you_mean(factor, known) if known else "nothing is known of them"
        raise DataError(f"--factor: the images of {source.name} have no '{factor}'; {near}")


def _in_words(found: Property, change: dict[str, tuple[float, float]]) -> str:
    """Before and after; of many classes those that change most."""
    if not found.classes:
        return "; ".join(f"{what} {before:.3g} -> {after:.3g}" for what, (before, after) in change.items())
    most = sorted(change, key=lambda name: -abs(change[name][1] - change[name][0]))[:6]
    return ", ".join(f"{printable(name)} {change[name][0]:.1%} -> {change[name][1]:.1%}" for name in most)
