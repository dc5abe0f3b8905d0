import csv
import re

import pytest

from keras_genzoo.evaluation import FORMATS, Column, Result, Table, describe, render
from keras_genzoo.evaluation.tables import place_of

TABLE = Table(
    "Generation",
    ("vae_*a|b*", "gan_50%"),
    (
        Column("density", (None, 1.0), (None, None), {}),
        Column("frechet_a_b", (30.0, 4.0), (0.25, None), {}),
    ),
    ("Fréchet (a_b): features of a_b",),
)


@pytest.mark.parametrize(
    ("metric", "heading"),
    [
        ("fid", "FID"),
        ("fid_clean", "FID (clean)"),
        ("fid_keras_imagenet", "FID (keras_imagenet)"),
        ("fid_infinity", "FID∞"),
        ("fid_infinity_clean", "FID∞ (clean)"),
        ("frechet_fashion_mnist_classifier", "Fréchet (fashion_mnist_classifier)"),
        ("frechet_infinity_pixels", "Fréchet∞ (pixels)"),
        ("kernel_pixels", "Kernel ×1000 (pixels)"),
        ("kid_clean", "KID ×1000 (clean)"),
        ("precision_keras_imagenet", "Precision (keras_imagenet)"),
        ("authpct", "AuthPct"),
        ("inception_score", "IS"),
        ("log_likelihood", "log p(x)"),
        ("val_loss", "val_loss"),
        ("fidelity", "fidelity"),
    ],
)
def test_headings(metric, heading):
    assert place_of(metric).label.heading == heading


def test_what_describe_says():
    measured = {
        "generated": {"count": 500, "pixels": "uint8"},
        "real": {"kind": "drawn_faces", "count": 1000},
        "samples": 8,
    }
    kept = Result("elbo", 1.0, measured, {}, "2026-11-21", 0, {})
    assert describe(kept) == "500 generated (pixels uint8); 1,000 real images of drawn_faces; samples 8"


def test_text_is_aligned():
    assert render([TABLE]).split("\n") == [
        "Generation",
        "",
        "Model      Density   Fréchet (a_b)",
        "----------------------------------",
        "vae_*a|b*        –    30.00 ± 0.25",
        "gan_50%      1.000            4.00*",
        "",
        "* the best of its column",
        "Fréchet (a_b): features of a_b",
    ]


def test_markdown():
    assert render([TABLE], "markdown").split("\n") == [
        "**Generation**",
        "",
        "| Model | Density | Fréchet (a\\_b) |",
        "| --- | ---: | ---: |",
        "| vae\\_\\*a\\|b\\* | – | 30.00 ± 0.25 |",
        "| gan\\_50% | 1.000 | **4.00** |",
        "",
        "- Fréchet (a\\_b): features of a\\_b",
    ]


def test_latex():
    text = render([TABLE], "latex")
    assert text.startswith("% \\usepackage{booktabs}\n") and r"\begin{tabular}{lrr}" in text
    assert r"Model & Density & Fréchet (a\_b) \\" in text
    assert r"vae\_*a\textbar{}b* & -- & 30.00 $\pm$ 0.25 \\" in text
    assert r"gan\_50\% & 1.000 & \textbf{4.00} \\" in text
    assert sorted(re.findall(r"\\begin{(\w+)}", text)) == sorted(re.findall(r"\\end{(\w+)}", text))


def test_latex_escapes_what_tex_reads_otherwise():
    text = render([Table("T", (r"\~^<>", "&#${}∞×"), (), ())], "latex")
    assert r"\textbackslash{}\textasciitilde{}\textasciicircum{}\textless{}\textgreater{} \\" in text
    assert r"\&\#\$\{\}$\infty$$\times$ \\" in text


def test_csv_has_unrounded_numbers_with_their_protocol():
    column = Column("kid", (0.0123456789, None), (0.001, None), {"generated": {"count": 50_000}, "k": 3})
    text = render([Table("Generation", ("a, b", "c"), (column,), ("notes",))], "csv")
    assert list(csv.DictReader(text.splitlines())) == [
        {
            "model": "a, b",
            "metric": "kid",
            "value": "0.0123456789",
            "spread": "0.001",
            "protocol": "50,000 generated; k 3",
        }
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_several_tables(form):
    once, twice = render([TABLE], form), render([TABLE, TABLE], form)
    assert twice.count("4.0") == 2 * once.count("4.0") and not twice.endswith("\n")
    assert ("\n\n" in twice) == (form != "csv")


def test_a_format_that_is_not_there():
    with pytest.raises(ValueError, match="there is no format 'html': there are: csv, latex, markdown, text"):
        render([TABLE], "html")


HOSTILE = Table(
    "In features of a_b",
    ("=1+1", "-x", "[1cm]", "*y", "a\x1b[2Jb\nc"),
    (Column("fid", (1.0, 2.0, 3.0, 4.0, -5.0), (None,) * 5, {"by": "=cmd()"}),),
    ("a\nb_c",),
)


def test_what_a_spreadsheet_would_compute_is_text_and_numbers_stay_numbers():
    rows = list(csv.DictReader(render([HOSTILE], "csv").splitlines()))
    assert [row["model"] for row in rows] == ["'=1+1", "'-x", "[1cm]", "*y", r"a\x1b[2Jb\nc"]
    assert rows[4]["value"] == "-5.0" and rows[0]["protocol"] == "by =cmd()"


def test_no_row_of_latex_begins_as_an_option_of_the_row_before():
    text = render([HOSTILE], "latex")
    assert "\n{}[1cm] & " in text and "\n{}*y & " in text
    assert r"\caption{In features of a\_b}" in text and r"a\textbackslash{}nb\_c" in text


@pytest.mark.parametrize("form", FORMATS)
def test_what_cannot_be_printed_is_escaped(form):
    assert all(line.isprintable() for line in render([HOSTILE], form).split("\n"))
