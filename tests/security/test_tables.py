"""Numbers of strangers, and names: in `genzoo compare`, in messages, beside progress."""

import csv
import json
import os

import pytest

from keras_genzoo.evaluation import ResultError, append, compare, read, render
from tests.evaluation.test_results import result
from tests.security.conftest import NESTED

LINE = json.dumps(
    {
        "metric": "fid",
        "value": 1.0,
        "protocol": {},
        "subject": {},
        "date": "2026-11-21",
        "seconds": 1,
        "environment": {},
    }
)
NAMES = [
    r"\input{/etc/passwd}",
    "=cmd()|' /C calc'!A0",
    "@SUM(1)",
    "a|b",
    "[x](javascript:alert(1))",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "a\x1b[31mb",
    "a\nb",
    "a\rb",
    "*x",
    "[1000cm]",
    "{0.__class__}%s%n",
    "a\u202eb",
    os.fsdecode(b"a\xffb"),
]


def kept(stranger, name="run", line=LINE, metric="fid"):
    return stranger.file(f"{name}/metric-{metric}.jsonl", f"{line}\n").parent


LINES = {
    "nesting": LINE.replace('"protocol": {}', '"protocol": {"a": ' + "[" * NESTED + "]" * NESTED + "}"),
    "deep objects": LINE.replace('"subject": {}', '"subject": ' + '{"a":' * 500 + "1" + "}" * 500),
    "brackets": "[" * NESTED,
    "a key twice": LINE.replace('"value": 1.0', '"value": 1.0, "value": 0.0'),
    "NaN": LINE.replace("1.0", "NaN"),
    "1e999": LINE.replace("1.0", "1e999"),
    "1e308": LINE.replace("1.0", "1e308"),
    "400 digits": LINE.replace("1.0", "9" * 400),
    "308 digits": LINE.replace("1.0", "9" * 308),
    "100,000 digits": LINE.replace("1.0", "9" * 100_000),
    "a class": LINE.replace("1.0", '{"__class__": "os.system"}'),
    "a year that is none": LINE.replace("2026-11-21", "0001-01-01T00:00:00+23:59"),
    "another metric": LINE.replace("fid", "../../evil"),
    "half a surrogate pair": LINE.replace('"subject": {}', r'"subject": {"name": "\ud800"}'),
}


@pytest.mark.parametrize("case", LINES)
def test_lines(case, stranger):
    folder = kept(stranger, line=LINES[case])
    append(folder, result(0.5))
    with pytest.warns(UserWarning, match="line 1 is no result of fid, and is passed over"):
        assert [one.value for one in read(folder)["fid"]] == [0.5]


def test_a_folder_of_no_results_is_refused(stranger, genzoo):
    folder = kept(stranger, line=LINES["nesting"])
    code, _, complaint = genzoo("compare", folder)
    warning, error = complaint.splitlines()
    assert code == 2 and "is no result" in warning and "holds no results" in error


def test_a_file_without_end(stranger, refusal):
    os.truncate(kept(stranger) / "metric-fid.jsonl", 10**9)
    assert "metric-fid.jsonl: a file of 1,000,000,000 bytes" in refusal("compare", stranger.folder / "run")


def test_a_pipe(stranger, refusal):
    os.mkfifo(kept(stranger) / "metric-kid.jsonl")
    assert "not a regular file" in refusal("compare", stranger.folder / "run")


def test_a_device(stranger, refusal):
    (kept(stranger) / "metric-kid.jsonl").symlink_to("/dev/zero")
    assert "not a regular file" in refusal("compare", stranger.folder / "run")


def test_nothing_is_written_through_a_link(stranger):
    folder = kept(stranger)
    (folder / "metric-kid.jsonl").symlink_to(stranger.outside / "treasure")
    with pytest.raises(ResultError, match="is a link"):
        append(folder, result(metric="kid"))
    assert (stranger.outside / "treasure").read_text() == "gold"


@pytest.mark.parametrize("metrics", ["../../evil", "\x1b[31m", "{0.__class__}", "%n%s", "fid;rm"])
def test_names_of_metrics(metrics, stranger, refusal):
    assert "no folder holds a metric" in refusal("compare", kept(stranger), "--metrics", metrics)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_folders_in_messages(name, stranger, refusal):
    escaped = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in name.replace("/", "_"))
    assert escaped in refusal("compare", stranger.folder / name.replace("/", "_"))


@pytest.fixture
def tables(stranger):
    """The table of folders of such names."""
    return compare([kept(stranger, name.replace("/", "_")) for name in NAMES])


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "csv"])
def test_tables_have_a_line_for_each_name_and_no_escapes(format, tables):
    text = render(tables, format)
    assert all(line.isprintable() for line in text.split("\n"))
    assert text.encode()
    assert r"a\x1b[31mb" in text.replace(r"\textbackslash{}", "\\").replace("\\\\", "\\").replace(r"\[", "[")


def test_latex_reads_no_file(tables):
    text = render(tables, "latex")
    assert r"\input" not in text and r"\textbackslash{}input\{" in text
    assert not any(line.startswith(("[", "*")) for line in text.split("\n"))


def test_markdown_has_no_links_nor_html(tables):
    text = render(tables, "markdown")
    assert "<script" not in text.replace(r"\<script", "") and "[x](" not in text.replace(r"\[x\](", "")
    assert r"a\|b" in text and r"\&lt;" in text


def test_spreadsheets_compute_nothing(tables):
    rows = list(csv.reader(render(tables, "csv").splitlines()))
    assert {"'=cmd()|' _C calc'!A0", "'@SUM(1)"} < {row[0] for row in rows}
    assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row)
