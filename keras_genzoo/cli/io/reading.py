"""One pass over images of any number: what a function makes of their pixels, and what else is known of them."""

from collections.abc import Callable

import numpy as np

from keras_genzoo import images
from keras_genzoo.cli.io.outputs import images_of_name
from keras_genzoo.data import DataError, Source
from keras_genzoo.data.source import Subset
from keras_genzoo.evaluation import meter
from keras_genzoo.files import sha256
from keras_genzoo.uses.attributes import TABLE, Table, attributes_of, read_table

_AT_ONCE = 256


def in_one_pass(
    source: Source, what: str, function: Callable[[np.ndarray, int], np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reads a source once, showing how far it is.

    Args:
        source: the images.
        what: string, what is being done.
        function: from uint8 images and the number of the first of them to one row of an array for each.

    Returns:
        All rows, and of each image what the source has beside pixels (`label`, `factors`, `name`), and `digest`, which
        is the same for the same pixels.

    Raises:
        DataError: there are no images.
    """
    if not len(source):
        raise DataError(f"{what}: there are none in {source.name}: give more images.")
    rows, columns = [], []
    with meter(what, len(source)) as advance:
        for first in range(0, len(source), _AT_ONCE):
            record = source[np.arange(first, min(first + _AT_ONCE, len(source)))]
            x = record["image"]
            rows.append(function(x if x.dtype == np.uint8 else images.to_pixels(x), first))
            known = {key: record[key] for key in ("label", "factors", "name") if key in record}
            columns.append(known | {"digest": np.array([sha256(image.tobytes()) for image in x])})
            advance(len(x))
    return np.concatenate(rows), {key: np.concatenate([part[key] for part in columns]) for key in columns[0]}


def table_of(source: Source, word: str | None) -> Table | None:
    """The attributes of images by the table that lies in their folder, read before the images are.

    Args:
        source: the images, or a part of them.
        word: the user's word for them: a folder, a run, or a dataset.

    Raises:
        DataError: the table cannot be read, or names none of the images.
    """
    folder = images_of_name(word) if word else None
    table = read_table(folder) if folder and folder.is_dir() else None
    if table is None:
        return None
    whole = source
    while isinstance(whole, Subset):  # a part may be the one that nobody has labeled
        whole = whole.source
    starts = range(0, len(whole), _AT_ONCE)
    names = (whole[np.arange(at, min(at + _AT_ONCE, len(whole)))].get("name", ()) for at in starts)
    if all(attributes_of(table, str(name)) is None for part in names for name in part):
        raise DataError(
            f"{folder}/{TABLE} names none of the images of {source.name}; its first is '{next(iter(table))}': expected "
            "names as they lie in the folder, such as 'anna.png' or 'inner/anna.png'."
        )
    return table
