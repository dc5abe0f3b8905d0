"""Files and folders that are whole or not there, lines that are appended for good, and digests.

What is written goes under another name first, is flushed to the disk, and renamed. What a killed process leaves of that
has a name of its own, by which `sweep` removes it.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_genzoo.untrusted import UntrustedError, opened, records

_LINE_BREAK = re.compile(r"\n *")
_UNFINISHED = re.compile(r"\..+\.\d+\.part|\.aside-\d+")  # the second is of version 0.1
_OLDER = ".older-"


class RunError(ValueError):
    """Raised for a run folder that cannot be used as asked; the message is one line and says what to do."""


class DivergedError(RuntimeError):
    """Raised when a number of a training is not finite any more; the message says which."""


def expanded(path: str | os.PathLike) -> Path:
    """A user's path, with `~` for the home folder, as shells have it; a `~` of nobody's stays."""
    return Path(os.path.expanduser(path))


def obstacle(path: Path) -> str | None:
    """Returns why nothing can be made at a path, in words; None if something can, as far as its folders say."""
    place = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    if not place.is_dir():
        return f"cannot be made: '{place}' is no folder"
    if not os.access(place, os.W_OK):
        return f"cannot be made: the folder '{place}' is closed to writing"
    return None


@contextlib.contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Writes a file, whole or not at all.

    Args:
        path: the file, in a folder that exists.

    Yields:
        The path of a new file beside it, to be written. At the end it is flushed to the disk and takes the place of
        `path`; after an error it is removed, and `path` stays as it was.

    Example:
        >>> with staged(Path("losses.png")) as unfinished:
        ...     figure.savefig(unfinished, format="png")
    """
    unfinished = _beside(path)
    unfinished.unlink(missing_ok=True)  # of a killed process with this number: a link would be written through
    try:
        yield unfinished
        flush(unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    flush(path.parent)


@contextlib.contextmanager
def staged_folder(path: Path) -> Iterator[Path]:
    """Writes a folder of files, whole or not at all.

    Args:
        path: the folder; its parent exists. An older folder of that name is replaced.

    Yields:
        The path of a new folder beside it, to be filled. At the end its files are flushed to the disk and it takes the
        place of `path`; after an error it is removed, and `path` stays as it was.
    """
    unfinished, older = _beside(path), path.with_name(f"{_OLDER}{path.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir()
        yield unfinished
        for folder, _, names in os.walk(unfinished, topdown=False):
            for name in names:
                flush(Path(folder, name))
            flush(Path(folder))
        if path.exists():  # no folder can be renamed onto one that is not empty; `sweep` ends what is killed here
            path.rename(older)
        unfinished.rename(path)
        flush(path.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        _end_replacement(older)


def sweep(folder: Path) -> None:
    """Removes what killed processes left unfinished in a folder, in which no other process is writing.

    An older folder that was to be replaced when its writer was killed gets its name back.
    """
    for path in folder.glob(".*"):
        if path.name.startswith(_OLDER):
            _end_replacement(path)
        elif not _UNFINISHED.fullmatch(path.name):
            continue
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Renames what is damaged, so that it is not tried again; a link is renamed itself.

    Returns:
        Its path, new; or as it was, where nothing can be written, or a hundred were set aside.
    """
    for number in range(100):
        target = path.with_name(f"damaged-{path.name}{f'-{number}' if number else ''}")
        if not os.path.lexists(target):
            try:
                return path.rename(target)
            except OSError:
                break
    return path


def is_unfinished(name: str) -> bool:
    """Returns True for the name of a file or folder that a process is writing, or left unfinished."""
    return _UNFINISHED.fullmatch(name) is not None


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _end_replacement(older: Path) -> None:
    path = older.with_name(older.name.removeprefix(_OLDER))
    if path.exists():
        shutil.rmtree(older, ignore_errors=True)
    elif older.exists():
        older.rename(path)


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Writes a file, whole or not at all."""
    with staged(path) as unfinished:
        unfinished.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Writes `content` as indented JSON, whole or not at all."""
    text = json.dumps(content, indent=2, allow_nan=False)
    # Lists of plain values in one line; a line break in the text is never inside a string.
    text = re.sub(r"\[\n[^\[\]{}]*\]", lambda found: f"[{_LINE_BREAK.sub(' ', found[0][1:-1]).strip()}]", text)
    write_text(path, text + "\n")


def read_json(path: Path, kind: Any = records.Record) -> dict[str, Any]:
    """Reads an object of a JSON file, strictly: runs may come from strangers.

    Args:
        path: the file.
        kind: the kind of record that it must be, see `keras_genzoo.untrusted.records`; any object by default.

    Raises:
        RunError: the file is missing, or is not such a record.
    """
    if not path.exists():
        raise RunError(f"there is no file {path}, which every run has.")
    try:
        return records.read(path, kind)
    except UntrustedError as error:
        raise RunError(f"{error}.") from None


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Writes a JSONL file, an object in each line, whole or not at all."""
    write_text(path, "".join(f"{json.dumps(line)}\n" for line in lines))


def append_line(path: Path, line: str) -> None:
    """Appends a line to a text file; when this returns, it is on the disk.

    It goes out in one piece, and begins a line of its own where a killed process or a full disk left one unfinished.
    """
    is_new = not path.exists()
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    if is_new:  # its name is to be on the disk too
        flush(path.parent)


def read_lines(path: Path, kind: Any = records.Record) -> list[dict[str, Any]]:
    """Reads the records of a kind in a JSONL file, strictly; none if there is no such file.

    Other lines, such as one that a killed process or a full disk left unfinished, are skipped.

    Raises:
        UntrustedError: it is not a regular file, or too large.
    """
    return records.read_lines(path, kind) if path.exists() else []


def flush(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows opens no folders, and needs not
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a regular file's content, in hexadecimal digits."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256(content: str | bytes | memoryview) -> str:
    """Returns the SHA-256 of bytes, or of a text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
