"""`genzoo arithmetic`: a direction of a run's latents that means an attribute, added to other images."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo.artifacts import classifier_of, load
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.reading import in_one_pass, table_of
from keras_genzoo.cli.io.sheets import finely, read_image, write_rows
from keras_genzoo.data import Source
from keras_genzoo.data.listing import find_images
from keras_genzoo.data.source import Subset
from keras_genzoo.evaluation import pixels_of
from keras_genzoo.evaluation.meter import meter
from keras_genzoo.evaluation.opening import open_both
from keras_genzoo.features.classifier import load_classifier
from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import columns
from keras_genzoo.training.streams import some_of
from keras_genzoo.uses import (
    LatentSpace,
    Property,
    StyleSpace,
    at,
    attribute_direction,
    decode,
    draw,
    encode,
    find_attribute,
    move,
    properties,
    separation,
    vectors,
    with_vectors,
)

_MOST_LEARNED, _MOST_TESTED, _MOST_AVERAGED = 2_000, 1_000, 1_000
_AT_ONCE = 256


def run(args: argparse.Namespace, output: Output) -> None:
    """Finds the direction, measures how well it means the attribute, and draws what it does."""
    if args.analogy is not None:
        _analogy(args, output)
    elif args.classifier is not None:
        _of_samples(args, output)
    else:
        _of_images(args, output)


def _of_images(args: argparse.Namespace, output: Output) -> None:
    """The direction of labeled images, which the model encodes."""
    subject, reference, _ = open_both(args.run, args.data, None, 64, args.best, tolerant=True)
    assert subject.model is not None  # of a run
    table = table_of(reference.source, args.data or args.run)
    model, learned, tested = subject.model, *_two_parts(reference.source, reference.train)
    (latents, known), (others, more) = _encoded(model, learned), _encoded(model, tested)
    both = {key: np.concatenate([known[key], more[key]]) for key in known if key in more}
    name, has = find_attribute(properties(both, reference.source, table), args.attribute)
    of_learned, of_tested = has[: len(latents)], has[len(latents) :]
    x = pixels_of(tested, np.arange(min(args.images, len(tested))))
    z = encode(model, x)
    _direction(args, output, (latents, of_learned), (others, of_tested), LatentSpace(model), name, z, x)


def _of_samples(args: argparse.Namespace, output: Output) -> None:
    """The direction of samples, which a classifier labels."""
    classifier = load_classifier(classifier_of(args.classifier) or args.classifier)
    model = load(args.run, best=args.best)
    space = StyleSpace(model) if args.space == "w" else LatentSpace(model)
    z = draw(space, np.arange(_MOST_LEARNED + _MOST_TESTED))
    with meter("labeled samples", len(vectors(z))) as advance:
        predicted = []
        for first in range(0, len(vectors(z)), _AT_ONCE):
            part = decode(space, at(z, slice(first, first + _AT_ONCE)))
            predicted.append(classifier.predict(part))
            advance(len(part))
    known = {
        head.name: Property(np.concatenate([part[head.name] for part in predicted]).astype("float64"), head.classes)
        for head in classifier.heads
    }
    name, has = find_attribute(known, args.attribute)
    latents = vectors(z)
    learned, tested = slice(0, _MOST_LEARNED), slice(_MOST_LEARNED, None)
    shown = at(z, slice(_MOST_LEARNED, _MOST_LEARNED + args.images))
    both = (latents[learned], has[learned]), (latents[tested], has[tested])
    _direction(args, output, *both, space, name, shown, decode(space, shown))


def _direction(
    args: argparse.Namespace,
    output: Output,
    learned: tuple[np.ndarray, np.ndarray],
    tested: tuple[np.ndarray, np.ndarray],
    space: LatentSpace,
    name: str,
    z: Any,
    x: np.ndarray,
) -> None:
    """Finds the direction, and writes and prints what it does.

    Args:
        args: of the command.
        output: where to.
        learned: latents to learn from, and whether each has the attribute: 1, 0, or -1 where it is not known.
        tested: latents of other images, likewise.
        space: of the latents.
        name: the attribute.
        z: latents that are changed.
        x: their images.
    """
    (latents, of_learned), (others, of_tested) = learned, tested
    direction = attribute_direction(latents[of_learned >= 0], of_learned[of_learned >= 0])
    kinds = set(of_tested[of_tested >= 0])
    auroc = separation(others[of_tested >= 0], of_tested[of_tested >= 0], direction) if kinds == {0, 1} else None
    strengths = np.linspace(-args.strength, args.strength, args.steps)
    rows = move(space, z, direction, finely(strengths))
    report = {
        "run": str(args.run),
        "attribute": name,
        "labels": "of images" if args.classifier is None else f"of samples, by {args.classifier}",
        "space": args.space,
        "with": int((of_learned == 1).sum()),
        "without": int((of_learned == 0).sum()),
        "length": round(float(np.linalg.norm(direction)), 5),
        "auroc": None if auroc is None else round(auroc, 5),
        "auroc_images": {"with": int((of_tested == 1).sum()), "without": int((of_tested == 0).sum())},
        "strengths": np.round(strengths, 5).tolist(),
        "direction": np.round(direction, 5).tolist(),
    }
    files = write_rows(output, rows, report, before=x[:, None])
    what = "images" if args.classifier is None else "samples"
    print(f"{name}: of {report['with']:,} {what} with it and {report['without']:,} without")
    print(columns([("AUROC", _meaning(auroc, report["auroc_images"]))]))
    print(
        "rows: an image, and the same with the direction added", ", ".join(f"{strength:+.2g}" for strength in strengths)
    )
    print(columns(files, indent=0))


def _two_parts(source: Source, train: Source | None) -> tuple[Source, Source]:
    """Images to learn from, and others; of a source that was not trained on every other one."""
    if train is None:
        train, source = (Subset(source, np.arange(first, len(source), 2)) for first in (0, 1))
    return some_of(train, _MOST_LEARNED), some_of(source, _MOST_TESTED)


def _encoded(model: GenerativeModel, source: Source) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The vectors of all images of a source, and what is known of the images."""
    what = f"latents of {len(source):,} images"
    return in_one_pass(source, what, lambda x, first: vectors(encode(model, x)))


def _meaning(auroc: float | None, counts: dict[str, int]) -> str:
    if auroc is None:
        return "not known: among the images it was not made of, all or none have the attribute"
    of = f"on {counts['with']:,} other images with it and {counts['without']:,} without"
    worth = "hardly means it" if auroc < 0.7 else "means it in part" if auroc < 0.9 else "means it"
    return f"{auroc:.3f} {of}: the direction {worth}"


def _analogy(args: argparse.Namespace, output: Output) -> None:
    """A - B + C: what A has more than B is added to C."""
    model = load(args.run, best=args.best)
    (a, image_a), (b, image_b), (c, image_c) = (_mean(model, path) for path in args.analogy)
    direction = vectors(a)[0] - vectors(b)[0]
    shares = np.linspace(0.0, 1.0, args.steps)
    rows = move(model, c, direction, finely(shares))
    words: dict[str, Any] = dict(zip("ABC", args.analogy, strict=True))
    report = {"run": str(args.run), **words, "shares": np.round(shares, 5).tolist()}
    files = write_rows(output, rows, report, before=np.stack([image_a, image_b, image_c])[None])
    print("A, B, C, and the way from C to A - B + C:")
    print(columns(files, indent=0))


def _mean(model: GenerativeModel, name: str) -> tuple[Any, np.ndarray]:
    """The latents of an image, or of a folder's images in the mean, and a picture of it."""
    path = Path(name)
    if not path.is_dir():
        image = read_image(path, model)
        return encode(model, image[None]), image
    x = np.stack([read_image(path / file, model) for file in find_images(path)[:_MOST_AVERAGED]])
    z = encode(model, x)
    mean = with_vectors(at(z, 0), vectors(z).mean(axis=0, keepdims=True))
    return mean, decode(model, mean)[0]
