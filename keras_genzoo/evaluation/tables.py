"""Tables of results: places and rounding of numbers, and protocols in words."""

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from keras_genzoo.evaluation.labels import BACK, OTHERS, TABLES, Label
from keras_genzoo.evaluation.results import Result

DASH = "–"


class Place(NamedTuple):
    """The place of a number: its table, order and label.

    Args:
        title: string, of its table.
        rank: tuple by which numbers are sorted: table, features, direction of a translation, order in the table.
        label: `Label`.
    """

    title: str
    rank: tuple[int, str, bool, int]
    label: Label

    @property
    def features(self) -> str:
        """The features it was measured in; empty for the published ones, and for metrics of none."""
        return self.rank[1]


def says_features(metrics: Sequence[str]) -> bool:
    """Returns whether the title of a table may name the features of all of these metrics.

    FID and KID keep their features' names in their headings: without them they would pass for the published ones.
    """
    places = [place_of(metric) for metric in metrics]
    standard = any(place.label.heading.startswith(("FID", "KID")) for place in places)
    return len(places) > 1 and bool(places[0].features) and not standard


@functools.cache
def _labels() -> dict[str, tuple[str, Label]]:
    """The table and the label of each number, in the order of columns; metrics import Keras."""
    from keras_genzoo.evaluation.metrics import METRICS

    return {number: (metric.table, label) for metric in METRICS.values() for number, label in metric.labels.items()}


def place_of(metric: str) -> Place:
    """The place of a number; what no metric has a label for goes under its own name into a table of others.

    The rest of a name, behind that of the label, names the features: "fid_clean". The end "_b_to_a" is of a translator
    of both directions.

    Args:
        metric: string, such as "fid_clean".
    """
    back = metric.endswith(BACK)
    labels, parts = _labels(), metric.removesuffix(BACK).split("_")
    for length in range(len(parts), 0, -1):  # the longest first: fid_infinity is not the FID of features "infinity"
        base, features = "_".join(parts[:length]), "_".join(parts[length:])
        if base in labels:
            title, label = labels[base]
            heading = f"{label.heading}{' B→A' if back else ''}{f' ({features})' if features else ''}"
            rank = TABLES.index(title), features, back, list(labels).index(base)
            return Place(title, rank, label._replace(heading=heading))
    return Place(OTHERS, (TABLES.index(OTHERS), "", back, len(labels)), Label(metric, 0))


@dataclass(frozen=True)
class Column:
    """A metric of all models.

    Args:
        metric: string, its name.
        values: a float for each model, or None.
        spreads: a float for each model, or None.
        protocol: dictionary, how they were measured.
        plain: bool, whether the heading leaves the features out, because the title of the table names them.
    """

    metric: str
    values: tuple[float | None, ...]
    spreads: tuple[float | None, ...]
    protocol: Mapping[str, Any]
    plain: bool = False

    @property
    def label(self) -> Label:
        """The metric's label."""
        place = place_of(self.metric)
        return place.label._replace(heading=place.label.heading.partition(" (")[0]) if self.plain else place.label

    def numbers(self) -> list[str]:
        """The values as they are printed."""
        return [DASH if value is None else self._rounded(value) for value in self.values]

    def cells(self) -> list[str]:
        """The values as they are printed, with their spread."""
        pairs = zip(self.numbers(), self.spreads, strict=True)
        return [number if spread is None else f"{number} ± {self._rounded(spread)}" for number, spread in pairs]

    def best(self) -> set[int]:
        """The positions of the models whose printed value is best; none if all values are equal or none is better."""
        numbers, better = self.numbers(), self.label.better
        known = {at: value for at, value in enumerate(self.values) if value is not None}
        if not better or len({numbers[at] for at in known}) < 2:
            return set()
        winner = max(known, key=lambda at: better * known[at])
        return {at for at in known if numbers[at] == numbers[winner]}

    def _rounded(self, value: float) -> str:
        return f"{self.label.factor * value:z.{self._decimals}f}"

    @property
    def _decimals(self) -> int:
        if self.label.decimals is not None:
            return self.label.decimals
        sizes = [abs(self.label.factor * value) for value in self.values if value]
        return min(max(2 - math.floor(math.log10(min(sizes))), 0), 6) if sizes else 0


@dataclass(frozen=True)
class Table:
    """Metrics side by side.

    Args:
        title: string.
        models: strings, a name for each row.
        columns: `Column`s.
        notes: strings: protocols, units, what is missing.
    """

    title: str
    models: tuple[str, ...]
    columns: tuple[Column, ...]
    notes: tuple[str, ...]

    def grid(self, mark: Callable[[str], str], text: Callable[[str], str] = str) -> list[list[str]]:
        """Headings and rows of cells; `text` escapes a cell's text, `mark` marks the best cells."""
        columns = []
        for column in self.columns:
            best = column.best()
            cells = [mark(text(cell)) if at in best else text(cell) for at, cell in enumerate(column.cells())]
            columns.append([text(column.label.heading), *cells])
        names = [text(name) for name in ("Model", *self.models)]
        return [list(row) for row in zip(names, *columns, strict=True)]


def describe(result: Result) -> str:
    """The protocol of a result in words.

    Args:
        result: a `Result`.

    Example:
        >>> describe(result)
        'features of inception (dtype float32); 10,000 real images of faces/ (held out); 10,000 generated; k 3'
    """
    return in_words(result.protocol)


def in_words(protocol: Mapping[str, Any]) -> str:
    """A protocol in words; notes are left out, digests are cut to 12 digits."""
    return "; ".join(_part(key, value) for key, value in protocol.items() if key != "notes" and value is not None)


def _part(key: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"{plain(key)} {plain(value)}"
    if "kind" in value:  # a manifest: its name and count are enough for a reader
        split = f" ({plain(value['split'])})" if value.get("split") else ""
        return f"{plain(value.get('count', 'all'))} {plain(key)} images of {value.get('name', value['kind'])}{split}"
    rest = {inner: item for inner, item in value.items() if inner not in ("extractor", "count", "notes")}
    details = ", ".join(_part(inner, item) for inner, item in rest.items() if item is not None)
    head = plain(key)
    if "extractor" in value:
        head = f"{head} of {value['extractor']}"
    elif "count" in value:
        head = f"{plain(value['count'])} {head}"
    return f"{head} ({details})" if details else head


def plain(value: Any) -> str:
    """A value of a protocol in words: digits in groups, digests cut to 12, no underscores."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = str(value)
    if re.fullmatch("[0-9a-f]{64}", text):
        return text[:12]
    return text.replace("_", " ") if re.fullmatch(r"[a-z0-9_]+", text) else text
