"""`genzoo check-data` on folders of two domains: what is recognized, what belongs together, and what is left out."""

import json
import re

import pytest
from PIL import Image

from keras_genzoo.data.checking_domains import check_domains
from keras_genzoo.data.pairs import pairs


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


def save(path, number=0, sides=(16, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", sides, (number, 0, 0))
    image.putpixel((0, 0), (255, number, 9))  # no image is of one color
    image.save(path)


def two_folders(root, count=10, names="train{side}/{number:02d}.png"):
    for number in range(count):
        for side in "AB":
            save(root / names.format(side=side, number=number), number + 100 * (side == "B"))
    return root


def rows(text):
    """The table of the domains, by its titles."""
    (table,) = (part for part in text.split("\n\n") if part.startswith("domains"))
    lines = [line for line in table.splitlines() if line[:1].strip()]
    return dict(re.split("  +", line, maxsplit=1) for line in lines)


def test_pairs_in_two_folders(genzoo, tmp_path):
    root = two_folders(tmp_path / "d")
    save(root / "testA" / "x.png", 50)
    save(root / "testB" / "x.png", 51)
    code, text, complaint = genzoo("check-data", root, "--size", 16)
    assert (code, complaint) == (0, "")
    found = rows(text)
    assert (found["domains"], found["pairs"]) == ("pairs in two folders", "11")
    assert found["A"] == found["B"] == "11; train 10, test 1; 16x16 11"
    assert found["no partner"] == found["unlike"] == found["other sizes"] == "none"


def test_pairs_side_by_side(genzoo, tmp_path):
    for number in range(10):
        save(tmp_path / "train" / f"{number}.png", number, (32, 16))
    save(tmp_path / "train" / "odd.png", 11, (129, 64))
    code, text, _ = genzoo("check-data", tmp_path, "--size", 16, "--quarantine")
    found = rows(text)
    assert (code, found["domains"], found["pairs"]) == (1, "pairs side by side", "10")
    assert found["A"] == "11; train 11; 16x16 10"
    assert "train/odd.png is 129 pixels wide, which is odd" in text
    assert "train/odd.png" in (tmp_path / "quarantine.txt").read_text().splitlines()
    split = pairs(str(tmp_path), size=16, max_broken=0)
    assert len(split.train) + len(split.held_out) == 10


def test_unpaired_images(genzoo, tmp_path):
    for number in range(8):
        save(tmp_path / "trainA" / f"{number}.png", number)
    for number in range(3):
        save(tmp_path / "trainB" / f"{number}.png", 100 + number, (20, 18))
    code, text, _ = genzoo("check-data", tmp_path, "--size", 16)
    found = rows(text)
    assert (code, found["domains"]) == (0, "unpaired") and "pairs" not in found
    assert (found["A"], found["B"]) == ("8; train 8; 16x16 8", "3; train 3; 20x18 3")


def test_what_is_wrong_with_pairs_is_told_and_left_out(genzoo, tmp_path):
    root = two_folders(tmp_path / "d", 20, "{side}/{number:02d}.png")
    (root / "B" / "03.png").unlink()
    save(root / "B" / "04.png", 7, (24, 16))
    save(root / "B" / "05.png", 8, (32, 32))
    (root / "A" / "06.png").write_bytes(b"")
    save(root / "A" / "08.png", 7)
    save(root / "A" / "09.png", 7)  # a copy
    output = tmp_path / "report.json"
    code, text, _ = genzoo("check-data", root, "--size", 16, "--quarantine", "--output", output)
    assert code == 1
    for line in (
        "A/03.png has no partner in d/ (B)",
        "A/04.png 16x16, and B/04.png 24x16",
        "A/06.png is empty",
        "A/09.png = A/07.png",
    ):
        assert line in text
    assert rows(text)["other sizes"] == "1"
    report = json.loads(output.read_text())["domains"]
    assert report["pairs"] == 18 and report["other_sizes"] == ["A/05.png"]
    listed = [line for line in (root / "quarantine.txt").read_text().splitlines() if not line.startswith("#")]
    assert listed == ["A/03.png", "A/04.png", "A/06.png"]  # and not the copies, which have partners of their own
    split = pairs(str(root), size=16, max_broken=0)
    assert len(split.train) + len(split.held_out) == 17


def test_a_second_folder(genzoo, mistake, tmp_path):
    for number in range(6):
        save(tmp_path / "photos" / f"{number}.png", number)
        save(tmp_path / "labels" / f"{number}.png", 100 + number)
    save(tmp_path / "labels" / "alone.png", 90)
    words = ["check-data", tmp_path / "photos", "--targets", tmp_path / "labels", "--size", 16]
    code, text, _ = genzoo(*words, "--quarantine")
    assert code == 1 and "labels/alone.png has no partner in photos/" in text
    assert (tmp_path / "photos" / "quarantine.txt").read_text().count("png") == 0
    assert "alone.png" in (tmp_path / "labels" / "quarantine.txt").read_text().splitlines()
    assert (
        len(pairs(*map(str, (tmp_path / "photos", tmp_path / "labels")), size=16, held_out=0, max_broken=0).train) == 6
    )
    report = json.loads(genzoo(*words, "--json")[1])
    assert report["images"] == 6 and report["targets"]["images"] == 7 and report["domains"]["pairs"] == 6
    assert "does not exist" in mistake("check-data", tmp_path / "photos", "--targets", tmp_path / "nowhere")


def test_one_domain_is_missing(genzoo, tmp_path):
    save(tmp_path / "d" / "trainA" / "0.png")
    code, text, _ = genzoo("check-data", tmp_path / "d", "--size", 16)
    assert code == 1 and "trainB is not there, but" in text


@pytest.mark.parametrize(
    "names", [["0.png", "1.png"], ["A/0.png", "C/1.png"], ["A/0.png"], [f"{name}/0.png" for name in "ABCDEF"]]
)
def test_folders_of_one_domain_are_checked_as_ever(genzoo, tmp_path, names):
    for number, name in enumerate(names):
        save(tmp_path / name, number)
    assert check_domains(tmp_path) is None
    code, text, _ = genzoo("check-data", tmp_path, "--size", 16)
    assert code == 0 and "domains" not in text
