"""Tables beside images: CSV files with a row for each image, perhaps of strangers and so read within limits."""

import csv
import io
from pathlib import Path

from keras_genzoo.data.source import DataError
from keras_genzoo.untrusted import UntrustedError, read_bytes

_MOST_BYTES = 64 * 2**20


def read_text(path: Path) -> str:
    """Returns the content of a text file of at most 64 MiB.

    Raises:
        DataError: it is missing, too large, or not UTF-8 text.
    """
    try:
        return read_bytes(path, _MOST_BYTES).decode("utf-8")
    except UntrustedError as error:
        raise DataError(f"{error}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: save it as CSV in UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}: give a file that can be read.") from None


def parse_table(text: str, where: str) -> dict[str, list[str]]:
    """Returns the columns of a CSV text whose first line has their names.

    Raises:
        DataError: it is not such a text.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True) if row]
    except csv.Error as error:
        raise DataError(f"{where} is not CSV: {error}.") from None
    header, rows = (rows[0], rows[1:]) if rows else ([], [])
    if len(set(header)) != len(header) or not rows:
        raise DataError(f"{where}: expected a line of column names, all different, and a line for each image.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise DataError(f"{where}: row {number} has {len(row)} cells, but there are {len(header)} columns.")
    return {name: list(cells) for name, cells in zip(header, zip(*rows, strict=True), strict=True)}
