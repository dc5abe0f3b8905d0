"""warn_on_error: for what must not end a training, such as a picture that a full disk has no room for."""

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def warn_on_error(what: str) -> Iterator[None]:
    """Turns an error into a warning; memory may run out for a picture, too.

    Args:
        what: string, what is made, which the warning begins with.
    """
    try:
        yield
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        warnings.warn(
            f"{what} could not be made: {reason.splitlines()[0].rstrip('.')}. The training continues.", stacklevel=1
        )
