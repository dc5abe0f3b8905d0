import json

import pytest
from PIL import Image

from keras_genzoo.data.listing import find_images


@pytest.fixture
def ill(folder):
    """The folder of small pictures, with one broken file and one copy."""
    (folder / "40.png").write_bytes(b"")
    (folder / "41.png").write_bytes((folder / "03.png").read_bytes())
    return folder


def test_a_sound_folder(genzoo, folder):
    code, text, complaint = genzoo("check-data", folder, "--size", 20)
    assert (code, complaint) == (0, "")
    lines = dict(line.split("  ", 1) for line in text.splitlines())
    found = {name: value.strip() for name, value in lines.items()}
    mean = found.pop("mean color")
    assert mean.startswith("red 12") and mean.endswith(" of 255")
    assert found == {
        "images": "40",
        "broken": "none",
        "same file": "none",
        "same pixels": "none",
        "tiny (< 20)": "none",
        "too small (< 10)": "none",
        "several": "none",
        "constant": "none",
        "modes": "RGB 40",
        "odd modes": "none",
        "shapes": "square 40",
        "long": "none",
        "values": found["values"],
        "classes": "none",
        "other files": "none",
        "links out": "none",
    }
    assert not (folder / "quarantine.txt").exists()


def test_what_is_wrong_is_told(genzoo, ill):
    Image.new("CMYK", (90, 30)).save(ill / "42\x1b[31m.jpg")
    code, text, complaint = genzoo("check-data", ill)
    assert (code, complaint) == (1, "")
    for line in (
        "40.png is empty (0 bytes)",
        "41.png = 03.png",
        "00.png (20x20)",
        "and 37 more",
        "CMYK 1",
        ".jpg (90x30)",
    ):
        assert line in text
    assert "\x1b" not in text and r"42\x1b[31m.jpg" in text
    assert len(find_images(ill)) == 43


def test_the_report_as_json(genzoo, ill, tmp_path):
    output = tmp_path / "deep" / "report.json"
    code, text, complaint = genzoo("check-data", ill, "--json", "--output", output, "--quarantine")
    assert (code, complaint) == (1, "")
    report = json.loads(text)
    assert report == json.loads(output.read_text(encoding="utf-8"))
    assert report["broken"] == {"40.png": "is empty (0 bytes)"}
    assert report["same_file"] == [["03.png", "41.png"]]
    assert len(report["tiny"]) == 41


def test_quarantine_changes_no_image_and_is_written_anew(genzoo, ill):
    before = {path.name: path.read_bytes() for path in ill.iterdir()}
    for _ in range(2):
        code, text, _ = genzoo("check-data", ill, "--quarantine")
        assert code == 1
        assert text.endswith(f"2 files listed in {ill / 'quarantine.txt'}: training leaves them out\n")
        assert len(find_images(ill)) == 40
    listed = (ill / "quarantine.txt").read_text(encoding="utf-8").splitlines()
    assert listed[0].startswith("# ") and listed[1:] == ["40.png", "41.png"]
    assert {path.name: path.read_bytes() for path in ill.iterdir() if path.suffix == ".png"} == before
    (ill / "40.png").unlink()
    assert genzoo("check-data", ill, "--quarantine")[0] == 0
    assert (ill / "quarantine.txt").read_text(encoding="utf-8").splitlines()[1:] == ["41.png"]


def test_what_would_be_left_out_is_listed(genzoo, folder):
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    assert genzoo("check-data", folder, "--size", 20, "--quarantine")[1].endswith(
        f"1 files listed in {folder / 'quarantine.txt'}: training leaves them out\n"
    )
    assert "dot.png" not in find_images(folder)
    text = genzoo("check-data", folder, "--size", 64, "--quarantine")[1]
    assert "41 of 41 images are too small for size 64" in text and "0 files listed" in text


def test_mistakes(mistake, folder, tmp_path):
    assert "does not exist; expected a folder" in mistake("check-data", tmp_path / "nowhere")
    assert "is a folder: name a file in it" in mistake("check-data", folder, "--output", tmp_path)
    assert "--size: expected an integer from 1" in mistake("check-data", folder, "--size", "0")
    (folder / "quarantine.txt").write_text("mine.png\n")
    assert "was not written by check-data" in mistake("check-data", folder, "--quarantine")
    assert (folder / "quarantine.txt").read_text() == "mine.png\n"
