"""Writes the tables of models and presets into README.md, between their markers: `python tools/readme.py`."""

import re
from pathlib import Path

import keras_genzoo as genzoo
from keras_genzoo.registry import MODELS

README = Path(__file__).parent.parent / "README.md"


def models_table() -> str:
    """One row a model: name, what it is, paper."""
    rows = ["| model | what it is | paper |", "| --- | --- | --- |"]
    for name in genzoo.list_models():
        text = MODELS[name].__doc__ or ""
        reference = re.search(r"Reference: (.+?), (arXiv:|doi:|https://)([^\s,;]*[^\s,;.])", text)
        if reference is None:
            raise ValueError(
                f"{MODELS[name].__name__}: the docstring's `Reference:` names no arXiv id, doi or address."
            )
        paper, kind, number = reference.groups()
        link = {"arXiv:": "https://arxiv.org/abs/", "doi:": "https://doi.org/"}.get(kind, kind) + number
        rows.append(f"| `{name}` | {text.splitlines()[0]} | [{paper}]({link}) |")
    return "\n".join(rows)


def presets_table() -> str:
    """One row a preset: name and what was run."""
    rows = ["| preset | about |", "| --- | --- |"]
    rows += [f"| `{name}` | {genzoo.load_preset(name)['about']} |" for name in genzoo.list_presets()]
    return "\n".join(rows)


def current(text: str) -> str:
    """The README's text with its tables as they should be."""
    for name, table in (("models", models_table()), ("presets", presets_table())):
        start, end = f"<!-- {name}: written by tools/readme.py -->", f"<!-- end of {name} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise ValueError(f"README.md must hold '{start}' and '{end}' once each.")
        text = text.split(start)[0] + f"{start}\n{table}\n{end}" + text.split(end)[1]
    return text


if __name__ == "__main__":
    README.write_text(current(README.read_text(encoding="utf-8")), encoding="utf-8")
