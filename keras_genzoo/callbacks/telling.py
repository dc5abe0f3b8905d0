"""What must not end a training is told, and passed over: a picture that a full disk does not take."""

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Turns an error into a warning that says what could not be made: memory may run out for a picture, too."""
    try:
        yield
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        warnings.warn(f"{what} could not be made: {reason.splitlines()[0]}. The training goes on.", stacklevel=1)
