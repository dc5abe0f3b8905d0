"""Sample weights: how often each image is drawn, as a table and as the order of an epoch."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data.source import DataError, Source
from keras_genzoo.data.tables import parse_table
from keras_genzoo.files import sha256
from keras_genzoo.printable import printable

_AT_ONCE = 1024


def probabilities(weights: np.ndarray, count: int, where: str) -> np.ndarray:
    """Weights as float64 probabilities (count,), which sum to 1.

    Raises:
        DataError: they are not `count` finite numbers of at least 0, or all of them are 0.
    """
    weights = np.asarray(weights, "float64")
    if weights.shape != (count,):
        raise DataError(f"{where}: weights have shape {weights.shape}, but ({count},) is expected: one for each image.")
    low, total = (float(weights.min()), float(weights.sum())) if count else (0.0, 0.0)
    if not (low >= 0 and 0 < total < np.inf):  # written so that NaN fails
        raise DataError(f"{where}: weights lie above {low:g} and sum to {total:g}: expected finite numbers >= 0.")
    return weights / total


def weighted_order(weights: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """The images that an epoch draws, with replacement, in their order: as many as there are.

    The draw is systematic: of n images, one of probability p comes `floor(n p)` or `ceil(n p)` times, on average over
    epochs exactly `n p` times, so that epochs differ by less than independent draws would.

    Reference: Madow & Madow 1944, doi:10.1214/aoms/1177731312 (systematic sampling).

    Args:
        weights: float64 array (n,), probabilities.
        seed: integer in [0, 2**32).
        epoch: integer, the epoch's number.

    Returns:
        int64 array (n,) of positions.

    Example:
        >>> weighted_order(np.array([0.5, 0.25, 0.25, 0.0]), seed=0, epoch=0)  # 0 twice, 1 and 2 once, in some order
    """
    start = float(counter_rng.uniform(seed, np.array([epoch]), 1)[0, 0])
    ends = np.cumsum(weights)
    points = (np.arange(len(weights)) + start) / len(weights) * ends[-1]
    drawn = np.searchsorted(ends, points, side="right")
    return drawn[counter_rng.permutation(seed, epoch, len(weights))]


def names_of(source: Source) -> list[str] | None:
    """The names of a source's images, as they can be printed; None if they have none."""
    if not len(source) or "name" not in source[np.arange(1)]:
        return None
    starts = range(0, len(source), _AT_ONCE)
    parts = [source[np.arange(at, min(at + _AT_ONCE, len(source)))]["name"] for at in starts]
    return [printable(name) for part in parts for name in part]


def content_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the part of a manifest that identifies images, wherever they lie and whatever version decoded them."""
    content = {key: manifest[key] for key in manifest if key not in ("name", "pillow")}
    return {**content, "other": content_of(content["other"])} if isinstance(content.get("other"), Mapping) else content


def index_of(source: Source) -> str:
    """The name of a column of a source's image numbers, which identifies them: `index:` and a digest."""
    content = json.dumps(content_of(source.manifest()), sort_keys=True)
    return f"index:{sha256(content)[:12]}"


def to_csv(columns: dict[str, Sequence], names: Sequence[str] | None, index: str = "index") -> str:
    """A table of images: their `file`, or without names their number, and the columns.

    Args:
        columns: dictionary from names to one value for each image.
        names: optional names of the images.
        index: string, what the column of numbers is called; `from_csv` checks that of `index_of`.
    """
    first = {"file": names} if names is not None else {index: range(len(next(iter(columns.values()))))}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*first, *columns])
    table.writerows(zip(*first.values(), *columns.values(), strict=True))
    return text.getvalue()


def from_csv(text: str, source: Source, where: str) -> np.ndarray:
    """The weights of a source's images by a table of `file`, or without names their number, and `weight`.

    Args:
        text: what the file says.
        source: the images; each must be in the table, and no other. A column `index:...` of numbers must be that of
            `index_of(source)`; a plain `index` is taken as it is.
        where: string, how messages call the table.

    Returns:
        float64 array (n,).

    Raises:
        DataError: the table has another form, or is of other images.
    """
    table = parse_table(text, where)
    names = names_of(source)
    kind = "index" if names is None else "file"
    key = next((column for column in table if column.partition(":")[0] == kind), None)
    if key is None or "weight" not in table:
        raise DataError(f"{where} has the columns {', '.join(table)}, but '{kind}' and 'weight' are expected.")
    names = [str(number) for number in range(len(source))] if names is None else names
    if len(table[key]) != len(names):
        raise DataError(
            f"{where} has weights of {len(table[key]):,} images, but {source.name} has {len(names):,} to train on: let "
            "genzoo debias make them of the same images, and hold out the same ones."
        )
    if key not in (kind, index_of(source)):
        raise DataError(
            f"{where} has weights of other images than those of {source.name} to train on (another size, seed or "
            "choice of them): let genzoo debias make them of the same images."
        )
    row = {name: number for number, name in enumerate(table[key])}
    missing = [name for name in names if name not in row]
    if missing:
        raise DataError(
            f"{where} has no weight for {len(missing):,} of the {len(names):,} images of {source.name} to train on, "
            f"such as {kind} '{missing[0]}': let genzoo debias make them of the same images, holding out the same ones."
        )
    try:
        weights = [float(table["weight"][row[name]]) for name in names]
    except ValueError as error:
        raise DataError(f"{where}: weight: {error}: expected numbers >= 0.") from None
    return probabilities(np.array(weights), len(names), where)
