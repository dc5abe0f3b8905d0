"""Formats of tables: text, Markdown and LaTeX for readers, CSV for programs.

For readers the best numbers of a column are marked, and protocols stand below each table. In CSV each number has a line
of its own, unrounded, with its protocol.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence

from keras_genzoo.evaluation.tables import DASH, Table, in_words
from keras_genzoo.printable import printable
from keras_genzoo.registry import did_you_mean


def render(tables: Sequence[Table], format: str = "text") -> str:
    """Tables as a document.

    Args:
        tables: as `compare` returns them.
        format: "text", aligned for a terminal; "markdown"; "latex", for the package booktabs; or "csv", a line for each
            number.

    Raises:
        ValueError: there is no such format.

    Example:
        >>> print(render(compare(["runs/vae", "runs/gan"]), "markdown"))
    """
    if format not in FORMATS:
        raise ValueError(f"there is no format '{format}': {did_you_mean(format, FORMATS)}")
    return FORMATS[format](tables)


def _text(tables: Sequence[Table]) -> str:
    return "\n\n".join(_text_of(table) for table in tables)


def _text_of(table: Table) -> str:
    rows = table.grid("{}*".format, printable)
    # Room for the mark behind all numbers, so that these stay below each other.
    rows = [[cell if not at or cell.endswith("*") else f"{cell} " for at, cell in enumerate(row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = ["  ".join(f"{cell:{'>' if at else '<'}{widths[at]}}" for at, cell in enumerate(row)) for row in rows]
    rule = "-" * (sum(widths) + 2 * len(widths) - 3)
    marks = ["* the best of its column"] if any(column.best() for column in table.columns) else []
    lines = [table.title, "", head, rule, *body, "", *marks, *map(printable, table.notes)]
    return "\n".join(line.rstrip() for line in lines)


def _markdown(tables: Sequence[Table]) -> str:
    return "\n\n".join(_markdown_of(table) for table in tables)


def _markdown_of(table: Table) -> str:
    head, *body = table.grid("**{}**".format, _markdown_escaped)
    rule = ["---", *("---:" for _ in table.columns)]
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *body)]
    notes = [f"- {_markdown_escaped(note)}" for note in table.notes]
    return "\n".join([f"**{_markdown_escaped(table.title)}**", "", *lines, "", *notes])


def _markdown_escaped(text: str) -> str:
    return re.sub(r"([\\`*_<&|\[\]])", r"\\\1", printable(text))


_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "∞": r"$\infty$",
    "→": r"$\to$",
    DASH: "--",
}


def _latex(tables: Sequence[Table]) -> str:
    return "\n\n".join(["% \\usepackage{booktabs}", *(_latex_of(table) for table in tables)])


def _latex_of(table: Table) -> str:
    grid = table.grid("\\textbf{{{}}}".format, _latex_escaped)
    # A bracket or a star at the head of a row would be read as an option of the command at the end of the last.
    grid = [[re.sub(r"^(?=[\[*])", "{}", name), *cells] for name, *cells in grid]
    head, *body = [f"{' & '.join(row)} \\\\" for row in grid]
    notes = " \\par\n".join(_latex_escaped(note) for note in table.notes)
    return "\n".join(
        [
            r"\begin{table}[ht]",
            r"\centering",
            rf"\caption{{{_latex_escaped(table.title)}}}",
            rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
            r"\toprule",
            head,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\smallskip\footnotesize",
            notes,
            r"\end{table}",
        ]
    )


def _latex_escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in printable(text))


def _csv(tables: Sequence[Table]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("model", "metric", "value", "spread", "protocol"))
    for table in tables:
        for column in table.columns:
            for model, value, spread in zip(table.models, column.values, column.spreads, strict=True):
                if value is not None:
                    words = _csv_escaped(in_words(column.protocol))
                    writer.writerow((_csv_escaped(model), column.metric, value, spread, words))
    return file.getvalue().rstrip("\n")


def _csv_escaped(text: str) -> str:
    """A text that a spreadsheet takes as text, even if it begins like a formula."""
    text = printable(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


FORMATS: Mapping[str, Callable[[Sequence[Table]], str]] = {
    "text": _text,
    "markdown": _markdown,
    "csv": _csv,
    "latex": _latex,
}
