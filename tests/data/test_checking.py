"""Each illness of a folder of images, in tiny: what the report says, and what training then leaves out."""

import json
import os
import struct
import sys
import zlib
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image, ImageFile

from keras_genzoo.data import checking
from keras_genzoo.data.checking import HEADER, check_folder, list_to_leave_out, refuse_foreign_list
from keras_genzoo.data.listing import find_images
from keras_genzoo.data.source import DataError


def noise(seed: int, sides=(80, 80)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*sides[::-1], 3), "uint8"))


@pytest.fixture
def folder(tmp_path):
    """A folder with two sound images."""
    noise(0).save(tmp_path / "0.png")
    noise(1).save(tmp_path / "1.png")
    return tmp_path


def test_a_sound_folder(folder):
    report = check_folder(folder)
    assert (report.images, report.modes, report.classes) == (2, {"RGB": 2}, None)
    assert report.shapes == {"square": 2, "up to 4:3": 0, "up to 2:1": 0, "beyond 2:1": 0}
    assert not any((report.broken, report.same_file, report.same_pixels, report.tiny, report.constant))
    assert report.to_leave_out() == []
    assert json.loads(json.dumps(asdict(report))) == asdict(report)


def test_broken_files_have_their_reason(folder):
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("hello")
    whole = (folder / "0.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    report = check_folder(folder)
    assert list(report.broken) == ["cut.png", "empty.png", "text.jpg"] == report.to_leave_out()
    assert report.broken["cut.png"].startswith("is damaged")
    assert report.broken["empty.png"] == "is empty (0 bytes)"
    assert report.images == 5 and sum(report.modes.values()) == 2


def test_a_folder_of_broken_files_alone(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    report = check_folder(tmp_path)
    assert (list(report.broken), report.mean, report.modes) == (["a.png"], None, {})


def test_a_bomb_is_refused_by_its_header(folder, monkeypatch):
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b""))
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))

    loaded, load = [], ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: loaded.append(image.size) or load(image))
    assert check_folder(folder).broken == {"bomb.png": f"has more than {2 * Image.MAX_IMAGE_PIXELS:,} pixels"}
    assert set(loaded) == {(80, 80)}


def test_copies_by_file_and_by_pixels(folder):
    (folder / "sub").mkdir()
    for name in ("0 again.png", "sub/0.png"):
        (folder / name).write_bytes((folder / "0.png").read_bytes())
    noise(1).save(folder / "1.bmp")
    (folder / "1 again.bmp").write_bytes((folder / "1.bmp").read_bytes())
    report = check_folder(folder)
    assert report.same_file == [["0 again.png", "0.png", "sub/0.png"], ["1 again.bmp", "1.bmp"]]
    assert report.same_pixels == [["1 again.bmp", "1.png"]]
    assert report.to_leave_out() == ["0.png", "1.bmp", "1.png", "sub/0.png"]


@pytest.mark.parametrize("pixels", [np.asarray(noise(3, (256, 256))), np.full((256, 256, 3), 100, "uint8")])
def test_what_is_alike_only_at_a_glance_is_no_copy_and_not_constant(tmp_path, pixels):
    for number in (1, 2):
        other = pixels.copy()
        other[100, 60 * number] += 1
        Image.fromarray(other).save(tmp_path / f"{number}.png")
    glances = [checking.decode(tmp_path / f"{number}.png", 32, 3).image for number in (1, 2)]
    np.testing.assert_array_equal(*glances)  # else this tests nothing
    report = check_folder(tmp_path)
    assert (report.same_file, report.same_pixels, report.constant) == ([], [], [])


def test_the_same_color_at_two_sizes_is_no_copy(tmp_path):
    for side in (64, 96):
        Image.new("RGB", (side, side), "red").save(tmp_path / f"{side}.png")
    report = check_folder(tmp_path)
    assert report.same_pixels == []
    assert report.constant == ["64.png", "96.png"]
    np.testing.assert_allclose(report.mean, [255, 0, 0])


def test_tiny_files_shapes_modes_and_the_mean(tmp_path):
    Image.new("L", (64, 48), 0).save(tmp_path / "a.png")
    Image.new("P", (128, 64)).save(tmp_path / "b.png")
    Image.new("CMYK", (129, 64), (0, 0, 0, 0)).save(tmp_path / "c.jpg")
    Image.new("RGB", (63, 63), (255, 128, 0)).save(tmp_path / "d.png")
    report = check_folder(tmp_path)
    assert (report.tiny_below, report.tiny) == (64, {"a.png": (64, 48), "d.png": (63, 63)})
    assert list(check_folder(tmp_path, 49).tiny) == ["a.png"]
    assert report.shapes == {"square": 1, "up to 4:3": 1, "up to 2:1": 1, "beyond 2:1": 1}
    assert report.modes == {"L": 1, "P": 1, "CMYK": 1, "RGB": 1}
    assert report.odd_modes == {"b.png": "P", "c.jpg": "CMYK"}
    assert report.long == {"c.jpg": (129, 64)}
    assert report.range == [0, 255]
    np.testing.assert_allclose(report.mean, [(0 + 0 + 255 + 255) / 4, (0 + 0 + 255 + 128) / 4, 255 / 4], atol=1)


def test_the_range_of_values_and_other_files(tmp_path):
    Image.new("L", (64, 64), 40).save(tmp_path / "a.png")
    Image.new("RGB", (64, 64), (90, 60, 50)).save(tmp_path / "b.png")
    for name in ("c.psd", "d.psd", "labels.csv", "README", ".hidden", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"")
    report = check_folder(tmp_path)
    assert report.range == [40, 90]
    assert report.others == {".psd": 2, ".csv": 1, "no suffix": 1}


def test_classes_are_those_of_training(tmp_path):
    for number, name in enumerate(["cat/1.png", "cat/2.png", "dog/1.png", "eel/1.png"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        noise(number).save(tmp_path / name)
    (tmp_path / "eel" / "1.png").write_bytes(b"")
    assert check_folder(tmp_path).classes == {"cat": 2, "dog": 1, "eel": 0}


def test_the_list_is_what_training_leaves_out(folder):
    for name in ("#1.png", "ä b.png"):
        (folder / name).write_bytes((folder / "1.png").read_bytes())
    (folder / "bad.png").write_bytes(b"")
    before = check_folder(folder)
    (folder / "quarantine.txt").write_text(list_to_leave_out(before.to_leave_out()), encoding="utf-8")
    assert (folder / "quarantine.txt").read_text(encoding="utf-8").splitlines() == [
        HEADER,
        "1.png",
        "bad.png",
        "ä b.png",
    ]
    assert find_images(folder) == ["#1.png", "0.png"]
    assert check_folder(folder) == before
    refuse_foreign_list(folder)
    (folder / "!.png").write_bytes((folder / "1.png").read_bytes())
    (folder / "quarantine.txt").write_text(list_to_leave_out(check_folder(folder).to_leave_out()), encoding="utf-8")
    assert "#1.png" not in find_images(folder)


def test_names_that_no_list_can_hold(monkeypatch):
    for name in ("a\nb.png", os.fsdecode(b"\xff.png") if sys.platform == "linux" else "\udcff.png"):
        with pytest.raises(DataError, match=r"cannot be listed in quarantine\.txt: rename it"):
            list_to_leave_out([name])
    monkeypatch.setattr(checking, "LONGEST_LIST", 100)
    with pytest.raises(DataError, match="1 names are more than the 0 MiB"):
        list_to_leave_out(["a.png"])


def test_a_list_of_another_hand_is_not_overwritten(folder):
    refuse_foreign_list(folder)
    (folder / "quarantine.txt").write_text("0.png\n")
    with pytest.raises(DataError, match="was not written by check-data, which would overwrite it"):
        refuse_foreign_list(folder)


def test_images_that_are_too_small_are_listed_unless_most_are(folder):
    noise(2, (31, 90)).save(folder / "dot.png")
    noise(3, (32, 90)).save(folder / "small.png")
    report = check_folder(folder, 64)
    assert list(report.tiny) == ["dot.png", "small.png"]
    assert report.too_small == {"dot.png": (31, 90)}
    assert report.to_leave_out() == ["dot.png"]
    (folder / "quarantine.txt").write_text(list_to_leave_out(report.to_leave_out()))
    assert find_images(folder) == ["0.png", "1.png", "small.png"]
    wrong = check_folder(folder, 256)
    assert len(wrong.too_small) == 4 and wrong.wrong_size and wrong.to_leave_out() == []


def test_several_pictures_and_links(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    noise(4).save(elsewhere / "x.png")
    (folder / "more").symlink_to(elsewhere)
    noise(5).save(folder / "two.tif", save_all=True, append_images=[noise(6)])
    report = check_folder(folder)
    assert (report.images, report.several, report.links) == (3, ["two.tif"], ["more"])
    assert check_folder(folder, follow_links=True).images == 4


def test_a_terminal_sees_a_bar(folder, monkeypatch, capsys):
    check_folder(folder)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    check_folder(folder)
    assert f"Checking {folder.name}/" in capsys.readouterr().err


def test_no_images(tmp_path):
    with pytest.raises(DataError, match="is empty; expected"):
        check_folder(tmp_path)
