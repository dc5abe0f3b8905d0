"""Metric: the declaration of a metric, which tables, checks and names follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keras_genzoo.evaluation import needs
from keras_genzoo.evaluation.labels import OTHERS, Label

if TYPE_CHECKING:
    from keras_genzoo.evaluation.measurements import Measurements, Values


@dataclass(frozen=True)
class Metric:
    """A metric.

    Args:
        name: string, by which users select it.
        about: string, one line.
        function: from `Measurements` to `Values`.
        needs: `Need`s, checked in this order.
        table: string, of `TABLES`; that of its numbers.
        labels: dictionary from the names of its numbers to `Label`s, in the order of columns.
        aliases: strings, the field's names for it; those in `labels` are right for Inception's features alone.
        by_default: bool, whether it is measured where users select nothing.
        in_place_of: string, the metric of another kind of models that users name for it, such as "psnr".
    """

    name: str
    about: str
    function: Callable[["Measurements"], "Values"]
    needs: tuple[needs.Need, ...]
    table: str = OTHERS
    labels: Mapping[str, Label] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    by_default: bool = True
    in_place_of: str = ""

    @property
    def of_features(self) -> bool:
        """bool: it is measured in features, so that the extractor is a part of its numbers' names."""
        return needs.features in self.needs

    @property
    def of_images(self) -> bool:
        """bool: it is measured of images that the subject makes, so of a translator in each of its directions."""
        return needs.samples in self.needs or needs.pairs in self.needs

    def missing(self, measured: "Measurements") -> str | None:
        """Returns why it cannot be measured, in one line; None if it can."""
        return next((reason for need in self.needs if (reason := need(measured, self.name))), None)
