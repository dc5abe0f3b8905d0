"""Texts for people: what a terminal shows and does not obey, times in words, and names beside values."""


def printable(text: object) -> str:
    """A text in one line; what cannot be printed, such as an escape sequence, is escaped as Python does.

    Use it for what others have written: names of files, what files say, messages of other libraries.

    Example:
        >>> print(printable("a\\x1b[31mred\\n"))
        a\\x1b[31mred\\n
    """
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in str(text))


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
    """Names and values in two columns."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{' ' * indent}{name:{width}}  {value}".rstrip() for name, value in rows)
