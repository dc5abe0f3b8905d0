"""Translations that were written: which files they are, how far they are from their targets, and means of that."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_genzoo import metrics
from keras_genzoo.data.weighting import to_csv
from keras_genzoo.files import write_json, write_text
from keras_genzoo.metrics.image_quality import WINDOW
from keras_genzoo.printable import printable


class Measure(NamedTuple):
    """A number of each image.

    Args:
        label: string, what tables call it.
        about: string, what it is of, in one line.
        decimals: integer, digits after the point.
        highest: bool, whether high numbers are good.
        unit: string.
    """

    label: str
    about: str
    decimals: int = 4
    highest: bool = False
    unit: str = ""


MEASURES = {
    "l1": Measure("L1", "mean absolute difference from the target, of pixels in [0, 1]"),
    "re": Measure("RE", "mean squared difference from the target, of pixels in [0, 1]"),
    "psnr": Measure("PSNR", "peak signal-to-noise ratio to the target", 2, highest=True, unit=" dB"),
    "ssim": Measure("SSIM", "structural similarity to the target", highest=True),
    "cycle_error": Measure("cycle error", "mean absolute difference of the round trip, of pixels in [0, 1]"),
}
"""The numbers of translations, in the order of columns."""


class Mean(NamedTuple):
    """A mean over images, its standard error (None of a single image), and the number of images."""

    value: float
    standard_error: float | None
    images: int


class Translation(NamedTuple):
    """An image that was translated.

    Args:
        name: string, the name of the input, relative to its folder, with slashes.
        file: string, the name of the translation in its folder, and of what belongs to it in the other ones.
        size: (height, width) in pixels.
        numbers: dictionary from names in `MEASURES` to numbers.
    """

    name: str
    file: str
    size: tuple[int, int]
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class Translations:
    """What `translate_files` and `translate_source` have written.

    Args:
        folder: the folder; in it are `output`, and what else `columns` names, each with the same files.
        direction: "ab" or "ba".
        prepared: string, what was done to the images before they were translated.
        columns: names of sub-folders, as a gallery shows them from left to right.
        rows: a `Translation` for each image, in the order of their names.
        broken: dictionary from the names of files that were left out to what is wrong with them.
    """

    folder: Path
    direction: str
    prepared: str
    columns: tuple[str, ...]
    rows: Sequence[Translation]
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def measures(self) -> dict[str, Measure]:
        """The measures that these images have numbers of."""
        return {name: measure for name, measure in MEASURES.items() if any(name in row.numbers for row in self.rows)}

    def means(self) -> dict[str, Mean]:
        """The mean of each measure over the images; those whose number is infinite (PSNR, if nothing differs) are left
        out."""
        found = {}
        for name in self.measures:
            values = np.array([row.numbers.get(name, math.inf) for row in self.rows], "float64")
            values = values[np.isfinite(values)]
            if len(values):
                error = float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None
                found[name] = Mean(float(values.mean()), error, len(values))
        return found

    def in_words(self) -> list[tuple[str, str]]:
        """Means with standard errors, as tables show them: a label and a text each."""
        words = []
        for name, (value, error, count) in self.means().items():
            measure = MEASURES[name]
            spread = "" if error is None else f" ± {error:.{measure.decimals}f}"
            few = "" if count == len(self.rows) else f", of {count:,} images in which something differs"
            words.append((measure.label, f"{value:.{measure.decimals}f}{spread}{measure.unit}{few}"))
        return words


def measures_of(made: np.ndarray, target: np.ndarray | None, x: np.ndarray, back: np.ndarray | None) -> dict[str, Any]:
    """Returns the numbers of images of one size.

    Args:
        made: uint8 array of shape (n, height, width, channels), the translations.
        target: optional, what they should be.
        x: what was translated.
        back: optional, the translations translated back.

    Returns:
        Dictionary from names in `MEASURES` to arrays (n,).
    """
    found: dict[str, Any] = {}
    if target is not None:
        found |= {name: function(target, made) for name, function in _of_targets(made.shape).items()}
    if back is not None:
        found["cycle_error"] = metrics.l1(x, back)
    return found


def _of_targets(shape: tuple[int, ...]) -> dict[str, Any]:
    """The functions of targets and translations, by the names of what they measure."""
    functions = {"l1": metrics.l1, "re": metrics.mse, "psnr": metrics.psnr}
    return {**functions, "ssim": metrics.ssim} if min(shape[1:3]) >= WINDOW else functions


def write_report(folder: Path, translations: Translations, about: Mapping[str, Any]) -> None:
    """Writes `translations.json`, means and how they came about, and `translations.csv`, a line for each image.

    Args:
        folder: where to.
        translations: what was written there.
        about: what the report says besides.
    """
    rows = translations.rows
    numbers = {
        name: [f"{row.numbers[name]:.6g}" if name in row.numbers else "" for row in rows]
        for name in translations.measures
    }
    table: dict[str, Sequence] = {
        "output": [printable(row.file) for row in rows],
        "height": [row.size[0] for row in rows],
        "width": [row.size[1] for row in rows],
        **numbers,
    }
    write_text(folder / "translations.csv", to_csv(table, [printable(row.name) for row in rows]))
    report = {
        "made_by": "genzoo translate",
        **about,
        "direction": translations.direction,
        "images": translations.prepared,
        "count": len(rows),
        "left_out": {printable(name): why for name, why in translations.broken.items()},
        "folders": list(translations.columns),
        "measures": {
            name: {
                "mean": mean.value,
                "standard_error": mean.standard_error,
                "images": mean.images,
                "of": measure.about,
            }
            for name, measure in translations.measures.items()
            if (mean := translations.means().get(name))
        },
    }
    write_json(folder / "translations.json", report)
