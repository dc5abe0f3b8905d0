"""The gallery of translations: one HTML page that shows them from the disk, beside the images, without a network."""

import html
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from keras_genzoo.files import write_text
from keras_genzoo.printable import printable
from keras_genzoo.uses.translations import MEASURES, Translation, Translations

_CAPTIONS = {"input": "input", "output": "output", "target": "target", "round_trip": "round trip"}
_NOTE = "Means over the images, ± their standard errors."
_PIXELATED = 128  # pixels below which an image is enlarged without being blurred

_STYLE = """
:root { color-scheme: light dark; --page: #f6f6f4; --card: #fff; --text: #1c1c1a; --soft: #62625d; --line: #dcdcd6;
  --accent: #0b57d0 }
@media (prefers-color-scheme: dark) {
  :root { --page: #161618; --card: #212124; --text: #ececea; --soft: #a3a39d; --line: #3a3a3e; --accent: #9ec1ff }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 90rem; padding: 1rem; background: var(--page); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.35rem; line-height: 1.25; margin: .25rem 0 .75rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 0 1rem; font-size: .9rem }
dt { color: var(--soft) }
dd { margin: 0 }
.means dd, .numbers dd { font-variant-numeric: tabular-nums }
.means { font-size: 1rem; margin-bottom: .25rem }
.note { color: var(--soft); font-size: .85rem; margin: 0 0 1rem }
.order { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin-bottom: 1rem }
select { font: inherit; min-height: 2.5rem; max-width: 100%; padding: 0 .5rem; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: .4rem }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
#images { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr));
  list-style: none; margin: 0; padding: 0 }
#images > li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem;
  min-width: 0 }
.name { margin: 0 0 .5rem; font-size: .9rem; font-weight: 600 }
.row { display: flex; gap: .4rem }
figure { margin: 0; flex: 1 1 0; min-width: 0; max-width: 24rem }
@media (max-width: 30rem) {
  .four { flex-wrap: wrap }
  .four figure { flex-basis: 45% }
}
figure a { display: block }
img { display: block; width: 100%; height: auto; border-radius: .2rem }
img.small { image-rendering: pixelated }
figcaption { color: var(--soft); font-size: .8rem; padding-top: .15rem }
.numbers { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .4rem 0 0; font-size: .85rem }
.numbers div { display: flex; gap: .35rem }
"""

_SCRIPT = """
const list = document.getElementById("images"), order = document.getElementById("order");
if (order) {
  const rows = [...list.children];
  const sort = () => {
    const [name, sign] = order.value.split(" ");
    const value = row => name in row.dataset ? Number(row.dataset[name]) : NaN;
    const sorted = name ? [...rows].sort((a, b) => {
      const x = value(a), y = value(b);
      return Number.isNaN(x) - Number.isNaN(y) || (x === y ? 0 : x < y ? -sign : +sign) || 0;
    }) : rows;
    list.append(...sorted);
  };
  order.addEventListener("change", sort);
  order.closest("p").hidden = false;
  sort();  // a browser that reloads the page keeps what was chosen
}
"""


def write_gallery(path: Path, translations: Translations, about: Mapping[str, Any]) -> None:
    """Writes the gallery of a folder of translations.

    Args:
        path: the file to write, in the folder that has the translations' sub-folders.
        translations: what is there.
        about: what the page says of them, beside their numbers: names and values. "title" is its title.
    """
    write_text(path, gallery(translations, about))


def gallery(translations: Translations, about: Mapping[str, Any]) -> str:
    """Returns the gallery as HTML; arguments as for `write_gallery`.

    Images are referenced by paths relative to the page. Names may come from anyone: whatever they hold, it is shown as
    text.
    """
    rest = {name: value for name, value in about.items() if name != "title" and value is not None}
    title = _text(about.get("title", "Translations"))
    facts = {**rest, "images": f"{len(translations.rows):,}, {translations.prepared}"}
    if translations.broken:
        count = len(translations.broken)
        facts["left out"] = f"{count:,} file{'s' if count > 1 else ''} that cannot be read"
    listed = "".join(map(_item(translations), translations.rows))
    means = translations.in_words()
    parts = [
        f"<h1>{title}</h1>",
        _definitions(facts.items()),
        f'{_definitions(means, "means")}\n<p class="note">{_NOTE}</p>' if means else "",
        _orders(translations),
        f'<ul id="images">\n{listed}</ul>',
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n<script>{_SCRIPT}</script>\n"
        "</body>\n</html>\n"
    )


def _text(value: object) -> str:
    return html.escape(printable(value))


def _definitions(pairs: Any, kind: str = "") -> str:
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in pairs)
    return f'<dl class="{kind}">{rows}</dl>' if kind else f"<dl>{rows}</dl>"


def _orders(translations: Translations) -> str:
    """The choice of an order, which the script shows."""
    options = ['<option value="">by name</option>']
    for name, measure in translations.measures.items():
        for words, sign in (("worst", 1 if measure.highest else -1), ("best", -1 if measure.highest else 1)):
            options.append(f'<option value="{_key(name)} {sign}">{words} {_text(measure.label)} first</option>')
    if len(options) == 1 or len(translations.rows) == 1:
        return ""
    return f'<p class="order" hidden><label for="order">Order</label><select id="order">{"".join(options)}</select></p>'


def _item(translations: Translations) -> Any:
    def item(row: Translation) -> str:
        data = "".join(f' data-{_key(name)}="{_number(value)}"' for name, value in row.numbers.items())
        figures = "".join(_figure(column, row) for column in translations.columns)
        kind = "row four" if len(translations.columns) == 4 else "row"
        numbers = "".join(
            f'<div title="{_text(MEASURES[name].about)}"><dt>{_text(MEASURES[name].label)}</dt>'
            f"<dd>{_shown(name, value)}</dd></div>"
            for name, value in row.numbers.items()
        )
        numbers = f'\n<dl class="numbers">{numbers}</dl>' if numbers else ""
        return (
            f'<li{data}>\n<p class="name">{_text(row.name)}</p>\n<div class="{kind}">{figures}</div>{numbers}\n</li>\n'
        )

    return item


def _figure(column: str, row: Translation) -> str:
    caption, (height, width) = _CAPTIONS[column], row.size
    source = html.escape(quote(os.fsencode(f"{column}/{row.file}")))
    kind = ' class="small"' if max(row.size) < _PIXELATED else ""
    name = html.escape(f"{caption}: {printable(row.name)}")
    return (
        f'<figure><a href="{source}"><img src="{source}" alt="{name}" width="{width}" height="{height}" '
        f'loading="lazy"{kind}></a><figcaption>{caption}</figcaption></figure>'
    )


def _key(name: str) -> str:
    return name.replace("_", "")  # `dataset` has names without dashes as they are


def _number(value: float) -> str:
    return f"{value:.9g}" if math.isfinite(value) else "Infinity" if value > 0 else "NaN"


def _shown(name: str, value: float) -> str:
    measure = MEASURES[name]
    return f"{value:.{measure.decimals}f}{measure.unit}" if math.isfinite(value) else "identical"
