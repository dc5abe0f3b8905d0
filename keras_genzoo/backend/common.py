"""The types that all backends share."""

from collections.abc import Callable
from typing import Any, NamedTuple

Tensor = Any
Logs = dict[str, Tensor]
LossAndLogs = Callable[[], tuple[Tensor, Logs]]


class DatasetFacts(NamedTuple):
    """What a dataset tells of itself before it is read; None where it does not know.

    Args:
        batch_size: integer, images in each batch.
        dtype: string, of the images.
        batches: integer, in one pass; negative if endless.
    """

    batch_size: int | None
    dtype: str
    batches: int | None
