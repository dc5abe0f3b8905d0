"""The types that all backends share."""

from collections.abc import Callable
from typing import Any

Tensor = Any
Logs = dict[str, Tensor]
LossAndLogs = Callable[[], tuple[Tensor, Any]]
"""Returns a loss, and a structure of tensors beside it: logs, and what is handed on."""
Assigned = list[tuple[Any, Tensor]]
"""Variables and the values that are to be assigned to them."""


def other_state(variables: list[Any], model: Any) -> list[Any]:
    """All variables of a model, and of its optimizer if it is compiled, but these."""
    owned = {id(variable) for variable in variables}
    optimizer = getattr(model, "optimizer", None)
    return [v for v in [*model.variables, *getattr(optimizer, "variables", ())] if id(v) not in owned]
