"""Regular files of bounded size."""

import contextlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader

from keras_genzoo.printable import printable


class UntrustedError(ValueError):
    """Raised for a file that is not used because of its content; the message is one line.

    Args:
        where: the file, or a place in it.
        reason: string, what is wrong with it, and the limit.
    """

    def __init__(self, where: object, reason: str):
        super().__init__(printable(f"{where}: {reason}"))
        self.reason = printable(reason)


def check_regular(path: str | os.PathLike) -> int:
    """Refuses what is not a regular file before it is opened: a pipe would block, a device would be read without end.

    Args:
        path: path of a file; a link is followed.

    Returns:
        Its size in bytes.

    Raises:
        UntrustedError: it is a folder, a pipe, a socket or a device, or `path` is not a path.
        OSError: it is missing, or its status cannot be read.
    """
    try:
        status = os.stat(path)
    except ValueError as error:  # a null byte or half a surrogate pair
        raise UntrustedError(path, f"is not a path: {error}") from None
    return _size(status, path)


@contextlib.contextmanager
def opened(path: str | os.PathLike, follow: bool = True) -> Iterator[BufferedReader]:
    """Opens a regular file to be read, even if something else takes its place meanwhile.

    Args:
        path: path of a file.
        follow: bool, whether it may be a link.

    Raises:
        UntrustedError: it is not a regular file, or a link that is not to be followed.
        OSError: it is missing, or cannot be read.
    """
    check_regular(path)  # opening a device may already do something
    if not follow and os.path.islink(path):
        raise UntrustedError(path, "is a link")
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as file:
        _size(os.fstat(handle), path)
        yield file


def read_bytes(path: str | os.PathLike, most: int, follow: bool = True) -> bytes:
    """Returns the content of a regular file of at most `most` bytes, even if it is replaced or grows meanwhile.

    Args:
        path: path of a file.
        most: integer, bytes.
        follow: bool, whether it may be a link.

    Raises:
        UntrustedError: it is larger, or not a regular file.
        OSError: it is missing, or cannot be read.
    """
    with opened(path, follow) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(most + 1) if size <= most else b""
    if size > most or len(content) > most:
        raise UntrustedError(path, f"a file of {max(size, len(content)):,} bytes; at most {most:,} are read")
    return content


def _size(status: os.stat_result, path: str | os.PathLike) -> int:
    if not stat.S_ISREG(status.st_mode):
        raise UntrustedError(path, "cannot be read: it is not a regular file")
    return status.st_size
