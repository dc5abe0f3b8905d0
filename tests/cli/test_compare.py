import pytest

from keras_genzoo.evaluation import Result, append, compare, render


@pytest.fixture
def folders(tmp_path):
    for name, fid, recall in (("vae", 30.0, 0.25), ("gan", 4.0, 0.5)):
        for metric, value in (("fid", fid), ("recall", recall)):
            append(tmp_path / name, Result(metric, value, {"k": 3}, {"kind": "model"}, "2026-11-21T10:00:00Z", 1.0, {}))
    return tmp_path / "vae", tmp_path / "gan"


def test_tables_are_printed(genzoo, folders):
    assert genzoo("compare", *folders) == (0, f"{render(compare(folders))}\n", "")
    code, text, _ = genzoo("compare", *folders, "--metrics", "fid", "--format", "markdown", "--group")
    assert code == 0 and "| Model | FID |" in text and "| gan | **4.00** |" in text


def test_tables_are_written(genzoo, folders, tmp_path):
    output = tmp_path / "deep" / "table.tex"
    code, text, complaint = genzoo("compare", *folders, "--format", "latex", "--output", output)
    assert (code, text, complaint) == (0, f"2 folders compared: {output}\n", "")
    assert output.read_text(encoding="utf-8") == f"{render(compare(folders), 'latex')}\n"


def test_mistakes_of_comparing(mistake, genzoo, folders, tmp_path):
    (tmp_path / "new").mkdir()
    assert f"`genzoo evaluate {tmp_path / 'new'}` makes them" in mistake("compare", tmp_path / "new")
    assert "there is no folder" in mistake("compare", tmp_path / "nowhere")
    assert "did you mean 'fid'?" in mistake("compare", *folders, "--metrics", "fix")
    assert "argument --metrics: expected names with commas" in mistake("compare", *folders, "--metrics", ",")
    assert "is a folder: name a file in it" in mistake("compare", *folders, "--output", tmp_path)
    append(folders[0], Result("fid", 1.0, {"k": 5}, {}, "2026-11-22T10:00:00Z", 1.0, {}))
    assert genzoo("compare", *folders)[0] == 0
    (folders[1] / "metric-fid.jsonl").unlink()
    append(folders[1], Result("fid", 1.0, {"k": 4}, {}, "2026-11-23T10:00:00Z", 1.0, {}))
    assert "fid was measured in unlike ways" in mistake("compare", *folders)


def test_a_damaged_line_is_told_in_one_line(genzoo, folders):
    path = folders[0] / "metric-fid.jsonl"
    path.write_text(f"damaged\n{path.read_text()}")
    code, _, complaint = genzoo("compare", *folders)
    assert code == 0
    assert complaint == f"genzoo: warning: {path}: line 1 is no result of fid, and is passed over.\n"
