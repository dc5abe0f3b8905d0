"""Files that are whole or not there: written aside, flushed to the disk, and renamed."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from keras_genzoo.untrusted import UntrustedError, strict_json

_LINE_BREAK = re.compile(r"\n *")


class RunError(ValueError):
    """A run folder cannot be used as asked; the message is one line and says what to do."""


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_text(text, encoding="utf-8", newline="\n")
        flush(aside)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    flush(path.parent)


def append_line(path: Path, line: str) -> None:
    """Appends a line to a text file; when this returns, it is on the disk.

    It goes out in one piece, and begins a line of its own where a killed process or a full disk left one unfinished.
    """
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, content: Any) -> None:
    """Writes `content` as indented JSON, whole or not at all."""
    text = json.dumps(content, indent=2, allow_nan=False)
    # Lists of plain values in one line; a line break in the text is never inside a string.
    text = re.sub(r"\[\n[^\[\]{}]*\]", lambda found: f"[{_LINE_BREAK.sub(' ', found[0][1:-1]).strip()}]", text)
    write_text(path, text + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Reads an object of a JSON file, strictly: runs may come from strangers.

    Raises:
        RunError: the file is missing, or is no JSON object.
    """
    if not path.exists():
        raise RunError(f"there is no file {path}, which every run has.")
    try:
        content = strict_json.plain(strict_json.read(path), str(path))
    except UntrustedError as error:
        raise RunError(f"{error}.") from None
    if not isinstance(content, dict):
        raise RunError(f"{path} holds no JSON object.")
    return content


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
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
