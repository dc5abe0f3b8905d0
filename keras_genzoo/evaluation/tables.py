"""Tables of results: what each metric is called, which way is better, how it is rounded, and protocols in words."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from keras_genzoo.evaluation.results import Result

DASH = "–"


class Label(NamedTuple):
    """How a metric stands in a table.

    Args:
        heading: string, of its column.
        better: +1 if more is better, -1 if less is, 0 if neither can be said.
        decimals: integer, digits behind the point; None for three significant ones of the column's least number.
        unit: string, named below the table.
        factor: float, by which the number is multiplied.
    """

    heading: str
    better: int
    decimals: int | None
    unit: str = ""
    factor: float = 1.0


LABELS: Mapping[str, Mapping[str, Label]] = {
    "Generation": {
        "precision": Label("Precision", +1, 3),
        "recall": Label("Recall", +1, 3),
        "fid": Label("FID", -1, 2),
        "frechet": Label("Fréchet", -1, None),
        "fid_infinity": Label("FID∞", -1, 2),
        "frechet_infinity": Label("Fréchet∞", -1, None),
        "kid": Label("KID ×1000", -1, 2, factor=1000.0),
        "kernel": Label("Kernel ×1000", -1, None, factor=1000.0),
        "density": Label("Density", 0, 3),  # rises when modes collapse
        "coverage": Label("Coverage", +1, 3),
        "authpct": Label("AuthPct", +1, 1, unit="percent"),
        "label_accuracy": Label("Label", +1, 3),
        "inception_score": Label("IS", +1, 2),
    },
    "Modes": {
        "modes": Label("Modes", +1, 0),
        "good_samples": Label("Good", +1, 3),
    },
    "Reconstruction": {
        "mse": Label("RE", -1, None),
        "psnr": Label("PSNR", +1, 2, unit="dB"),
        "ssim": Label("SSIM", +1, 3),
    },
    "Likelihood": {
        "elbo": Label("ELBO", +1, 1),
        "log_likelihood": Label("log p(x)", +1, 1),
    },
    "Disentanglement": {
        "mig": Label("MIG", +1, 3),
        "sap": Label("SAP", +1, 3),
        "dci_disentanglement": Label("DCI D", +1, 3),
        "dci_completeness": Label("DCI C", +1, 3),
        "dci_informativeness": Label("DCI I", +1, 3),
        "latent_correlation": Label("|r|", -1, 3),
    },
}
"""For each table the metrics in it, in their order. The rest of a metric's name says in which features: `fid_clean`."""
OTHERS = "Others"
"""The table of metrics that are not known here."""
_RANKS = {base: (table, order) for table, labels in enumerate(LABELS.values()) for order, base in enumerate(labels)}


class Place(NamedTuple):
    """Where a metric stands.

    Args:
        title: string, of its table.
        rank: what puts metrics in order: table, features, place among those of the same features.
        label: `Label`.
    """

    title: str
    rank: tuple[int, str, int]
    label: Label

    @property
    def features(self) -> str:
        """What it was measured in; empty for the published features, and for metrics without any."""
        return self.rank[1]


def says_features(metrics: Sequence[str]) -> bool:
    """Whether the title of a table of these metrics may say for all of them which features they were measured in.

    What is called FID or KID keeps its full name in any place: without it, it would pass for the published one.
    """
    places = [place_of(metric) for metric in metrics]
    standard = any(place.label.heading.startswith(("FID", "KID")) for place in places)
    return len(places) > 1 and bool(places[0].features) and not standard


def place_of(metric: str) -> Place:
    """Where a metric stands; one that is not known here goes under its own name into a table of others.

    Args:
        metric: string, such as "fid_clean".
    """
    parts = metric.split("_")
    for length in range(len(parts), 0, -1):  # the longest first: fid_infinity is not the FID of features "infinity"
        base, features = "_".join(parts[:length]), "_".join(parts[length:])
        if base in _RANKS:
            table, order = _RANKS[base]
            title = list(LABELS)[table]
            label = LABELS[title][base]
            heading = f"{label.heading} ({features})" if features else label.heading
            return Place(title, (table, features, order), label._replace(heading=heading))
    return Place(OTHERS, (len(LABELS), "", 0), Label(metric, 0, None))


@dataclass(frozen=True)
class Column:
    """A metric of all models.

    Args:
        metric: string, its name.
        values: a float for each model, or None.
        spreads: a float for each model, or None.
        protocol: dictionary, how they were measured.
        plain: bool, whether the features go without saying: the title of the table says it.
    """

    metric: str
    values: tuple[float | None, ...]
    spreads: tuple[float | None, ...]
    protocol: Mapping[str, Any]
    plain: bool = False

    @property
    def label(self) -> Label:
        """How the metric stands in a table."""
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
        """Which models have the best value, as far as it is printed; none if there is nothing to choose."""
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
        notes: strings, what a reader must know: protocols, units, what is missing.
    """

    title: str
    models: tuple[str, ...]
    columns: tuple[Column, ...]
    notes: tuple[str, ...]

    def grid(self, mark: Callable[[str], str], text: Callable[[str], str] = str) -> list[list[str]]:
        """Headings and rows of cells; `text` escapes what a cell says, `mark` is put around the best ones."""
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
    if "kind" in value:  # a manifest says more than a reader wants to know
        split = f" ({plain(value['split'])})" if value.get("split") else ""
        return f"{plain(value.get('count', 'all'))} {plain(key)} images of {value.get('name', value['kind'])}{split}"
    rest = {inner: one for inner, one in value.items() if inner not in ("extractor", "count", "notes")}
    details = ", ".join(_part(inner, one) for inner, one in rest.items() if one is not None)
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
