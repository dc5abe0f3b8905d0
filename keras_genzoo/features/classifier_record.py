"""Reader of `classifier.json`, the record of a classifier."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from keras_genzoo.features.extractor import ExtractorError
from keras_genzoo.types import ImageShape
from keras_genzoo.untrusted import UntrustedError
from keras_genzoo.untrusted.records import Number, Record, Sha256, Text, checked, read

RECORD = "classifier.json"
SCHEMA = 1
_NAME = "[a-z0-9_]{1,100}"
_Side = Annotated[int, Field(ge=1, le=4096)]


class Head(NamedTuple):
    """A property that a classifier predicts: one of `classes`, or without them a number of this mean and deviation."""

    name: Text
    classes: Annotated[tuple[Text, ...], Field(max_length=100_000)] = ()
    mean: Number = 0.0
    deviation: Number = 1.0

    @property
    def width(self) -> int:
        """Outputs of the network: a logit for each class, or the standardized number."""
        return len(self.classes) or 1


class _Record(Record):
    """`classifier.json`; what it says of its training is for readers."""

    version: Literal[1] = Field(alias="schema")
    name: Annotated[str, Field(pattern=f"^{_NAME}$")]
    image_shape: tuple[_Side, _Side, Annotated[int, Field(ge=1, le=4)]]
    heads: Annotated[tuple[Head, ...], Field(min_length=1, max_length=1_000)]
    weights_sha256: Sha256


def check_name(name: Any, where: str) -> None:
    """Refuses the name of a classifier that could not be a part of the names of metrics.

    Raises:
        ValueError: it is another.
    """
    if not isinstance(name, str) or not re.fullmatch(_NAME, name):
        raise ValueError(f"{where}={name!r}, but lowercase letters, digits and underscores are expected.")


def read_record(path: Path) -> tuple[dict[str, Any], ImageShape, list[Head]]:
    """Reads classifier.json.

    Args:
        path: the file.

    Returns:
        Its content, and from it the shape of images and the heads, which the network is built by.

    Raises:
        ExtractorError: it is damaged, or out of bounds.
    """
    try:
        record = read(path)
        found = checked(_Record, record, str(path))
    except UntrustedError as error:
        where = str(error).removesuffix(f": {error.reason}").removeprefix(str(path)).removeprefix(": ")
        raise ExtractorError(
            f"{path} is damaged ({f'{where}: ' if where else ''}{error.reason}): train the classifier again."
        ) from None
    return record, found.image_shape, list(found.heads)
