"""The gallery: what it references is there, names are text, and nothing comes from a network."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from keras_genzoo.files import write_text
from keras_genzoo.uses.gallery import gallery, write_gallery
from keras_genzoo.uses.translations import Translation, Translations

HOSTILE = ["<b>.png", "a b.png", "ünï.png", "\" onerror='x'.png", "50%20#1?.png", "javascript:x.png", "\u202egnp.png"]
EMPTY = {"meta", "img", "link", "br"}


class Page(HTMLParser):
    """The elements of a page, its text, and whether all are closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def translations(folder, names=HOSTILE, columns=("input", "output", "target")):
    rows = [
        Translation(name, name, (8, 12), {"l1": number / 10, "psnr": float("inf") if number == 0 else 20.0 - number})
        for number, name in enumerate(names)
    ]
    return Translations(folder, "ab", "at their own sizes", columns, rows, {"x.png": "is empty"})


@pytest.fixture
def page(tmp_path):
    made = translations(tmp_path)
    for column in made.columns:
        for row in made.rows:
            (tmp_path / column).mkdir(exist_ok=True)
            (tmp_path / column / row.file).touch()
    write_gallery(tmp_path / "index.html", made, {"title": "<i>maps</i>", "run": "runs/<maps>", "state": None})
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def test_all_that_is_referenced_is_there(page, tmp_path):
    parsed = Page(page)
    references = [image["src"] for image in parsed.all("img")] + [link["href"] for link in parsed.all("a")]
    assert len(references) == 2 * 3 * len(HOSTILE)
    for reference in references:
        assert re.match(r"(input|output|target)/[^:]*$", reference.replace(":", "%3A"))
        assert (tmp_path / unquote(reference)).is_file(), reference
    assert not parsed.all("link") and all("src" not in script for script in parsed.all("script"))
    assert "http" not in page and "//" not in page.replace("  // a browser", "").replace("</", "")


def test_names_are_text(page):
    parsed = Page(page)
    assert parsed.open == [] and not parsed.all("b") and not parsed.all("i")
    assert {"<b>.png", "ünï.png", "\" onerror='x'.png", "\\u202egnp.png"} <= set(parsed.text)
    assert all(set(image) <= {"src", "alt", "width", "height", "loading", "class"} for image in parsed.all("img"))
    assert parsed.all("title") and "<i>maps</i>" in parsed.text and "runs/<maps>" in parsed.text
    assert "\u202e" not in page


def test_images_are_described_and_loaded_late(page):
    for image in Page(page).all("img"):
        assert image["alt"].split(":")[0] in ("input", "output", "target")
        assert (image["width"], image["height"], image["loading"]) == ("12", "8", "lazy")


def test_rows_can_be_ordered_by_their_numbers(page):
    parsed = Page(page)
    (rows,) = [[item for item in parsed.all("li")]]
    assert [item["data-l1"] for item in rows[:3]] == ["0", "0.1", "0.2"]
    assert [item["data-psnr"] for item in rows[:2]] == ["Infinity", "19"] and "identical" in parsed.text
    options = {option["value"] for option in parsed.all("option")}
    assert options == {"", "l1 -1", "l1 1", "psnr 1", "psnr -1"}
    assert parsed.all("label")[0]["for"] == parsed.all("select")[0]["id"]


def test_what_it_says_of_all(page):
    text = " ".join(Page(page).text)
    assert "7, at their own sizes" in text and "1 files that cannot be read" not in text
    assert "left out 1 file that cannot be read" in text
    assert "L1 0.3000 ± " in text


def test_without_numbers_there_is_no_order(tmp_path):
    made = translations(tmp_path)
    plain = Translations(tmp_path, "ab", "x", ("input", "output"), [row._replace(numbers={}) for row in made.rows])
    parsed = Page(gallery(plain, {}))
    assert not parsed.all("select") and not [kind for kind in parsed.all("dl") if kind]
    write_text(tmp_path / "x.html", gallery(plain, {}))
