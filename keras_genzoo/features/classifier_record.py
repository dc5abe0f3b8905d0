"""Reader of `classifier.json`, the record of a classifier."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from keras_genzoo.features.extractor import ExtractorError
from keras_genzoo.types import ImageShape
from keras_genzoo.untrusted import UntrustedError, strict_json

RECORD = "classifier.json"
SCHEMA = 1


class Head(NamedTuple):
    """A property that a classifier predicts: one of `classes`, or without them a number of this mean and deviation."""

    name: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def width(self) -> int:
        """Outputs of the network: a logit for each class, or the standardized number."""
        return len(self.classes) or 1


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
        record = strict_json.plain(strict_json.read(path), str(path))
        if record["schema"] != SCHEMA:
            raise ValueError(f"it has schema {record['schema']!r}, but {SCHEMA} is expected")
        heads = [Head(**{**head, "classes": tuple(head["classes"])}) for head in record["heads"]]
        height, width, channels = map(int, record["image_shape"])
        in_bounds = min(height, width, channels) > 0 and max(height, width) <= 4096 and channels <= 4
        if not (
            in_bounds
            and re.fullmatch("[a-z0-9_]+", record["name"])
            and heads
            and isinstance(record["weights_sha256"], str)
        ):
            raise ValueError("its name, image_shape, heads or weights_sha256 are out of bounds")
    except (KeyError, TypeError, ValueError) as error:
        reason = error.reason if isinstance(error, UntrustedError) else repr(error)
        raise ExtractorError(f"{path} is damaged ({reason}): train the classifier again.") from None
    return record, (height, width, channels), heads
