"""Texts that a terminal shows and does not obey."""


def printable(text: object) -> str:
    """A text in one line; what cannot be printed, such as an escape sequence, is escaped as Python does.

    Use it for what others have written: names of files, what files say, messages of other libraries.

    Example:
        >>> print(printable("a\\x1b[31mred\\n"))
        a\\x1b[31mred\\n
    """
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(text))
