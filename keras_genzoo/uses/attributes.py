"""Attributes of the images of a folder, from a table beside them."""

from collections.abc import Mapping
from pathlib import Path

from keras_genzoo.data import DataError
from keras_genzoo.data.tables import parse_table, read_text

TABLE = "labels.csv"
"""The file at the top of a folder of images, with a line for each: its name, relative to the folder, and attributes.

A name without folders stands for every image of that file name, wherever it lies."""

Table = Mapping[str, Mapping[str, str]]
"""From an image's name to its attributes, each a name and a value."""


def read_table(folder: Path) -> Table | None:
    """Reads the attributes of a folder's images from its `labels.csv`; None if there is no such file.

    Use it where images have more attributes than the class that is their folder. The first line has the names of the
    columns; the first column has the names of the images. Of images that it does not name nothing is known.

    Args:
        folder: the folder of the images.

    Raises:
        DataError: the file is not such a table.

    Example:
        >>> read_table(Path("faces"))["anna.png"]
        {'glasses': '1', 'hat': '0'}
    """
    path = folder / TABLE
    if not path.exists():
        return None
    columns = parse_table(read_text(path), str(path))
    names, *rest = columns.values()
    if not rest:
        raise DataError(f"{path}: expected two columns or more: the names of the images, then attributes.")
    if len(set(names)) < len(names):
        raise DataError(f"{path}: expected each image once, but {len(names) - len(set(names))} lines repeat a name.")
    return {name: dict(zip([*columns][1:], cells, strict=True)) for name, *cells in zip(names, *rest, strict=True)}


def attributes_of(table: Table, name: str) -> Mapping[str, str] | None:
    """Returns the attributes of the image `name`, relative to the folder, with slashes; None if the table lacks it."""
    return table.get(name, table.get(name.rpartition("/")[2]))
