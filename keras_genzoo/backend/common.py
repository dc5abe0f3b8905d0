"""The types that all backends share."""

from collections.abc import Callable
from typing import Any, NamedTuple

Tensor = Any
Logs = dict[str, Tensor]
LossAndLogs = Callable[[], tuple[Tensor, Logs]]


class DatasetFacts(NamedTuple):
    """Facts about a dataset that are known before it is read; None where one is not.

    Args:
        batch_size: integer, images in each batch.
        dtype: string, of the images.
        batches: integer, in one pass; negative if endless.
    """

    batch_size: int | None
    dtype: str
    batches: int | None
