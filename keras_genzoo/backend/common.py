"""The types that all backends share."""

from collections.abc import Callable
from typing import Any

Tensor = Any
Logs = dict[str, Tensor]
LossAndLogs = Callable[[], tuple[Tensor, Logs]]
