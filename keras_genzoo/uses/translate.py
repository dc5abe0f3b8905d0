"""Translation of image files and of pairs: by a model between two domains, into a folder with a gallery."""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_genzoo import images as pixels
from keras_genzoo.artifacts import check_free
from keras_genzoo.capabilities import Translates
from keras_genzoo.data import Source
from keras_genzoo.data.listing import find_images, some
from keras_genzoo.data.whole import png_names
from keras_genzoo.evaluation.meter import meter
from keras_genzoo.files import RunError, expanded, obstacle, staged_folder
from keras_genzoo.uses.gallery import write_gallery
from keras_genzoo.uses.translation_inputs import Batch, Domain, Preparation, is_random, none_can_be_read
from keras_genzoo.uses.translations import Translation, Translations, measures_of, write_report

Meter = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def translate_files(
    model: Translates,
    input: str | os.PathLike,
    output: str | os.PathLike,
    direction: str = "ab",
    size: int | None = None,
    batch_size: int = 16,
    seed: int = 0,
    gallery: bool = True,
    about: Mapping[str, Any] | None = None,
    watch: Meter = meter,
) -> Translations:
    """Translates the image files of a folder, of any sizes that the network takes, into a new folder.

    Files are read as `image_folder` reads them (turned upright, over white where they are transparent, grey or RGB as
    the model takes them), but at their own sizes. Names and sub-folders stay, the suffix becomes `.png`. Files that
    cannot be read are named in a warning and left out.

    Args:
        model: a model that `Translates`.
        input: a folder of images, or a single one.
        output: the folder to make. In `output/` are the translations; in `input/` the images as they were translated;
            of a model of both directions in `round_trip/` the translations translated back; besides, the files
            `translations.csv` and `translations.json`.
        direction: "ab", or "ba" of a model that translates back.
        size: optional integer: the shorter side of each image is resized to it first. By default images keep their
            sizes. A network whose size is fixed takes its own, to which images are cropped and resized.
        batch_size: integer, the most images at a time; fewer if they are large.
        seed: integer in [0, 2**32), of the noise of a model with `test_time_dropout`.
        gallery: bool, whether `index.html` is written, and `input/` and `round_trip/` with it.
        about: optional dictionary, what report and gallery say besides, such as {"run": "runs/maps"}.
        watch: how progress is shown; `keras_genzoo.evaluation.meter.silent` shows none.

    Returns:
        The `Translations`.

    Raises:
        DataError: there are no images that can be translated, or some are too large.
        RunError: there is something at `output`.
        ValueError: the model does not translate in this direction, or a size is given to a network of fixed size.

    Example:
        >>> model = load("runs/maps")
        >>> translate_files(model, "photos/", "maps/", size=256)
    """
    output, path = expanded(output), expanded(input)
    preparation = Preparation(model, direction, size)
    check_free(output)
    root, names = (path, find_images(path)) if path.is_dir() else (path.parent, [path.name])
    broken: dict[str, str] = {}
    batches = preparation.batches(root, names, 1 if is_random(model) else batch_size, broken)
    written = _Writer(model, preparation, seed, gallery, about or {}, watch).write(output, names, batches, broken)
    if broken:
        which = some(f"{name} {reason}" for name, reason in broken.items())
        warnings.warn(
            f"translate: {len(broken):,} of {len(names):,} image files cannot be used: {which}. They are left out.",
            stacklevel=2,
        )
    return written


def translate_source(
    model: Translates,
    source: Source,
    output: str | os.PathLike,
    direction: str = "ab",
    batch_size: int = 16,
    seed: int = 0,
    gallery: bool = True,
    about: Mapping[str, Any] | None = None,
    watch: Meter = meter,
) -> Translations:
    """Translates the images of a source into a new folder, and measures how far they are from their targets.

    Args:
        model: a model that `Translates`.
        source: images of domain A as `image`, perhaps with paired ones of domain B as `target`; they change places if
            the direction is "ba". Their `name`, or else their number, names the files.
        output, direction, batch_size, seed, gallery, about, watch: as for `translate_files`; `target/` has the targets.

    Returns:
        The `Translations`; their numbers are in `MEASURES`.

    Raises:
        DataError: there are no images, or images of the other domain are to be translated and there are none.
        RunError: there is something at `output`.
        ValueError: the model does not translate in this direction.

    Example:
        >>> _, test = load_split("pairs", "facades/", size=256)
        >>> translations = translate_source(load("runs/facades"), test, "translated/")
        >>> translations.means()["l1"].value
    """
    output = expanded(output)
    preparation = Preparation(model, direction, None, "as the dataset gives them")
    check_free(output)
    domain = Domain(source, direction)
    batches = domain.batches(1 if is_random(model) else batch_size)
    return _Writer(model, preparation, seed, gallery, about or {}, watch).write(output, domain.names(), batches, {})


def translate_file(
    model: Translates,
    input: str | os.PathLike,
    output: str | os.PathLike,
    direction: str = "ab",
    size: int | None = None,
    seed: int = 0,
) -> tuple[int, int]:
    """Translates an image file into a new PNG file; arguments as for `translate_files`.

    Returns:
        (height, width) of the translation.

    Raises:
        DataError: the file cannot be translated.
        RunError: there is something at `output`.
        ValueError: as of `translate_files`.

    Example:
        >>> translate_file(load("runs/maps"), "photo.jpg", "map.png")
    """
    path, output = expanded(input), expanded(output)
    if os.path.lexists(output):
        raise RunError(f"translate: '{output}' is there already: name another file.")
    if in_the_way := obstacle(output):
        raise RunError(f"translate: '{output}' {in_the_way}: name another file.")
    preparation = Preparation(model, direction, size)
    broken: dict[str, str] = {}
    batch = next(preparation.batches(path.parent, [path.name], 1, broken), None)
    if batch is None:
        raise none_can_be_read(broken)
    made = _translated(model, batch.x, direction, seed)[0]
    pixels.write_png(output, made, scale=1)
    return made.shape[:2]


@dataclass
class _Writer:
    """Translates batches, and writes all that belongs to it; arguments as of `translate_files`."""

    model: Translates
    preparation: Preparation
    seed: int
    gallery: bool
    about: Mapping[str, Any]
    watch: Meter

    def write(
        self, output: Path, names: Sequence[str], batches: Iterable[Batch], broken: Mapping[str, str]
    ) -> Translations:
        """Writes a folder, whole or not at all.

        Args:
            output: the folder.
            names: of all images; the numbers of batches are places among them.
            batches: the images that are translated.
            broken: files that were left out and why; batches may still add to it.
        """
        files = png_names(names)
        rows: dict[int, Translation] = {}
        columns: dict[str, None] = {}
        output.parent.mkdir(parents=True, exist_ok=True)
        with staged_folder(output) as unfinished:
            with self.watch(f"translations of {len(names):,} images", len(names)) as advance:
                for batch in batches:
                    shown, numbers = self._translations(batch)
                    for column, images in shown.items():
                        columns[column] = None
                        for number, image in zip(batch.numbers, images, strict=True):
                            _save(unfinished / column / files[number], image)
                    for at, number in enumerate(batch.numbers):
                        found = {name: float(values[at]) for name, values in numbers.items()}
                        size = shown["output"].shape[1:3]
                        rows[number] = Translation(names[number], files[number], size, found)
                    advance(len(batch.numbers))
            if not rows:
                raise none_can_be_read(broken)
            ordered = [rows[number] for number in sorted(rows)]
            direction, words = self.preparation.direction, self.preparation.words
            written = Translations(output, direction, words, tuple(columns), ordered, broken)
            about = {**self.about, **({"seed": self.seed} if is_random(self.model) else {})}
            write_report(unfinished, written, about)
            if self.gallery:
                write_gallery(unfinished / "index.html", written, about)
        return written

    def _translations(self, batch: Batch) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The images of a batch by the names of their folders, and its numbers."""
        direction = self.preparation.direction
        back = next((other for other in self.model.directions if other != direction), None)
        made = _translated(self.model, batch.x, direction, self.seed)
        returned = None if back is None else _translated(self.model, made, back, self.seed)
        shown = {"input": batch.x, "output": made, "target": batch.target, "round_trip": returned}
        kept = {name: images for name, images in shown.items() if images is not None}
        return kept if self.gallery else {"output": made}, measures_of(made, batch.target, batch.x, returned)


def _translated(model: Translates, x: np.ndarray, direction: str, seed: int) -> np.ndarray:
    noise = {"seed": seed} if is_random(model) else {}
    return model.translate(x, direction=direction, batch_size=len(x), **noise)


def _save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)  # without staging: the whole folder is
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path, format="PNG")
