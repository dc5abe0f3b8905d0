"""`genzoo translate`: images that a run's model translates from one domain to another, and a gallery of them."""

import argparse
from typing import Any

import numpy as np

from keras_genzoo.artifacts import Run, RunError, load
from keras_genzoo.artifacts.run_data import images_beside
from keras_genzoo.capabilities import Translates
from keras_genzoo.data import DataError, Source
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses.translate import translate_file, translate_files, translate_source
from keras_genzoo.uses.translations import Translations


def run(args: argparse.Namespace, own: Run, to_file: bool) -> None:
    """Translates; `to_file` says that --output is a file."""
    model = load(args.run, best=args.best)
    if not isinstance(model, Translates):
        raise RunError(f"translate: '{args.run}' is a {type(model).__name__}, which does not translate images.")
    if args.direction not in model.directions:
        raise RunError(
            f"translate: --direction {args.direction}: '{args.run}' is a {type(model).__name__}, which translates "
            f"{' and '.join(model.directions)} alone."
        )
    if to_file:
        height, width = translate_file(model, args.input, args.output, args.direction, args.size, args.seed)
        print(f"{printable(args.input)}, translated at {width} x {height} pixels: {printable(args.output)}")
        return
    options: dict[str, Any] = {
        "direction": args.direction,
        "batch_size": args.batch_size,
        "seed": args.seed,
        "gallery": args.gallery is not False,
        "about": about(args, own, model),
    }
    if args.input:
        translations = translate_files(model, args.input, args.output, size=args.size, **options)
    else:
        source = paired_source(own, args.data, args.targets)
        if model.targets == "target" and len(source) and "target" not in source[np.arange(1)]:
            raise DataError(f"--data: {source.name} has no targets: give pairs, or translate it by --input.")
        translations = translate_source(model, source, args.output, **options)
    say(translations, options["gallery"])


def paired_source(run: Run, data: str, targets: str | None) -> Source:
    """The images of `--data`, as the run's own dataset reads them: those held out, or of another folder all.

    Args:
        run: the run.
        data: a folder or a run.
        targets: optional, the folder of the second domain; then `data` is that of the first.

    Raises:
        DataError: they cannot be used.
    """
    found = images_beside(run, data, tolerant=True, targets=targets)
    return found.split.held_out if found.part == "held_out" else found.split.train


def about(args: argparse.Namespace, own: Run, model: Any) -> dict[str, Any]:
    """What report and gallery say of the run and the images."""
    preset = own.config
    height, width, _ = model.image_shape
    name = own.path.resolve().name
    state = f"best by {args.best}" if args.best else None
    return {
        "title": f"{name}: translations {'from A to B' if args.direction == 'ab' else 'from B to A'}",
        "run": str(args.run),
        "state": state,
        "model": f"{preset['model']}, trained on {preset['data']['dataset']} at {width} x {height} pixels",
        "translated": str(args.input or args.data),
    }


def say(translations: Translations, gallery: bool) -> None:
    """Prints what was measured, and where all is."""
    folder, count = translations.folder, len(translations.rows)
    print(f"{count:,} image{'s' if count > 1 else ''}, {translations.prepared}, translated in {printable(folder)}:")
    if means := translations.in_words():
        print(columns(means))
    made = [("output/", "the translations")]
    if gallery:
        made.insert(0, ("index.html", "the gallery"))
    made.append(("translations.csv", "a line for each image"))
    made.append(("translations.json", "means, and how they came about"))
    print(columns(made))
