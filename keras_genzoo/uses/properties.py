"""Properties: what is known of the images of a source besides their pixels, by name."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from keras_genzoo.data import Source
from keras_genzoo.data.drawn_faces import FACTORS
from keras_genzoo.uses.attributes import Table, attributes_of

_NO = {"0", "0.0", "-1", "-1.0", "false", "no", "none", "without", "face"}  # -1: CelebA's; face: of `drawn_faces`
_UNKNOWN = {"", "nan"}
_MOST_CLASSES = 10  # whole numbers of so few values are names of classes


def means_absent(value: object) -> bool:
    """Whether a class or a number means that an image lacks what the property is of."""
    return str(value).strip().lower() in _NO


class Property(NamedTuple):
    """A property of images.

    Args:
        values: float64 array (n,): numbers, or indices of `classes`; NaN where it is not known.
        classes: names; none for numbers.
    """

    values: np.ndarray
    classes: tuple[str, ...] = ()


def properties(columns: Mapping[str, np.ndarray], source: Source, table: Table | None = None) -> dict[str, Property]:
    """Returns the properties of images: each factor, `label` if it is not among them, and each column of a table.

    Args:
        columns: what the source gives for the images (see `Source`): `label`, `factors` and `name`, if it has them.
        source: the source of the images.
        table: optional, the table of the folder of the images, as `read_table` gives it. A column without values for
            these images is left out.

    Example:
        >>> properties(held_out[np.arange(100)], held_out)["hat"].classes
        ('none', 'cap', 'beanie', 'straw')
    """
    found: dict[str, Property] = {}
    if "factors" in columns and source.factor_names:
        drawn = FACTORS if source.factor_names == tuple(FACTORS) else {}
        for name, values in zip(source.factor_names, np.asarray(columns["factors"], "float64").T, strict=True):
            found[name] = Property(values, drawn[name].classes if name in drawn else ())
    if "label" in columns and not any(np.array_equal(columns["label"], known.values) for known in found.values()):
        label = np.asarray(columns["label"], "float64")
        label[label < 0] = np.nan  # images without a label
        count = int(np.nanmax(label, initial=-1)) + 1
        found["label"] = Property(label, source.class_names or tuple(map(str, range(count))))
    if table and "name" in columns:
        rows = [attributes_of(table, str(name)) or {} for name in columns["name"]]
        of_table = {name: _of_cells([row.get(name, "").strip() for row in rows]) for name in next(iter(table.values()))}
        found.update({name: known for name, known in of_table.items() if not np.isnan(known.values).all()})
    return found


def names_of_properties(source: Source, table: Table | None = None) -> list[str]:
    """Returns the names of properties that images may have, without reading all of them; see `properties`."""
    label = ["label"] if len(source) and "label" in source[np.arange(1)] else []
    return [*(source.factor_names or ()), *label, *(next(iter(table.values())) if table else ())]


def _of_cells(cells: list[str]) -> Property:
    """A column as numbers, if all of its cells are, or as classes."""
    cells = ["" if cell.lower() in _UNKNOWN else cell for cell in cells]
    known = sorted(set(cells) - {""})
    try:
        numbers = [float(cell) for cell in known]
    except ValueError:
        numbers = []
    if numbers and (len(numbers) > _MOST_CLASSES or any(number != np.floor(number) for number in numbers)):
        return Property(np.array([float(cell) if cell else np.nan for cell in cells]))
    place = {cell: number for number, cell in enumerate(known)}
    return Property(np.array([place.get(cell, np.nan) for cell in cells], "float64"), tuple(known))
