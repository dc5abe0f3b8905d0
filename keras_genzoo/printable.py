"""Texts for people: what a terminal shows and does not obey, commands for shells, times in words, and tables."""

import os
import shlex
import sys
from typing import Any, TextIO


def printable(text: object) -> str:
    """A text in one line; what cannot be printed, such as an escape sequence, is escaped as Python does.

    Use it for what others have written: names of files, what files say, messages of other libraries.

    Example:
        >>> print(printable("a\\x1b[31mred\\n"))
        a\\x1b[31mred\\n
    """
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in str(text))


def escaped(text: str, stream: object = None) -> str:
    """Lines as `printable` has them; what the encoding of a stream does not have is escaped too."""
    lines = "\n".join(printable(line) for line in text.split("\n"))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return lines.encode(encoding, "backslashreplace").decode(encoding)


def say(text: str, stream: TextIO | None = None) -> None:
    """Prints lines `escaped`, on standard output by default; nothing if there is none."""
    stream = stream or sys.stdout
    if stream is not None:
        print(escaped(text, stream), file=stream, flush=True)


def behind(stream: Any) -> Any:
    """The stream behind one that escapes what it is given: for codes that a terminal is to obey."""
    return getattr(stream, "rich_proxied_file", stream)


def shell(*words: str | os.PathLike) -> str:
    """A command as one types it into a shell; words of several of its own letters are quoted.

    Example:
        >>> shell("genzoo", "sample", "runs/my faces")
        "genzoo sample 'runs/my faces'"
    """
    return " ".join(shlex.quote(printable(os.fspath(word))) for word in words)


def is_terminal(stream: object) -> bool:
    """Whether a stream is a terminal: what notebooks put in the place of standard output need not say."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty())


def duration(seconds: float) -> str:
    """A time as people say it: `45 s`, `14 min`, `3 h 20 min`."""
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 0.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def columns(rows: list[tuple[str, str]], indent: int = 2) -> str:
    """Names and values in two columns, each value in one line."""
    rows = [(printable(name), printable(value)) for name, value in rows]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{' ' * indent}{name:{width}}  {value}".rstrip() for name, value in rows)
