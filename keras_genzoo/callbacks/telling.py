"""What must not end a training is told, and passed over: a picture that a full disk does not take."""

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Turns an OSError into a warning that says what could not be written."""
    try:
        yield
    except OSError as error:
        warnings.warn(f"{what} could not be written: {error.strerror or error}. The training goes on.", stacklevel=1)
