"""Any folder of images: what is found, how it is labeled, and clear words for everything that can be wrong."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data.image_folder import find_images, image_folder
from keras_genzoo.data.source import DataError
from keras_genzoo.registry import DATASETS


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


def fill(root: Path, names: list[str], sides=(16, 16)) -> str:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", sides, (number, 0, 0)).save(path)
    return str(root)


def everything(split) -> dict[str, np.ndarray]:
    parts = [part[np.arange(len(part))] for part in split]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


TWENTY = [f"{number:02d}.png" for number in range(20)]


def test_a_flat_folder_without_labels(tmp_path):
    path = fill(tmp_path / "faces", TWENTY, (40, 30))
    train, held_out = split = image_folder(path, size=8, held_out=5)
    assert (len(train), len(held_out), train.name) == (15, 5, "faces/")
    assert train.image_shape == (8, 8, 3)
    assert train.class_names is None
    batch = everything(split)
    assert set(batch) == {"image", "name"}
    for name, image in zip(batch["name"], batch["image"], strict=True):
        np.testing.assert_array_equal(image[..., 0], np.full((8, 8), int(name[:2])))
    assert image_folder(path, size=8, channels=1).train.image_shape == (8, 8, 1)
    assert DATASETS["image_folder"] is image_folder


def test_sub_folders_are_classes(tmp_path):
    path = fill(tmp_path, [f"{animal}/{number}.png" for animal in ("dog", "cat", "ant") for number in range(4)])
    split = image_folder(path, size=8)
    assert split.train.class_names == ("ant", "cat", "dog")
    batch = everything(split)
    assert batch["label"].dtype == "int32"
    assert [split.train.class_names[label] for label in batch["label"]] == [n.split("/")[0] for n in batch["name"]]
    assert "label" not in everything(image_folder(path, size=8, labels="none"))


@pytest.mark.parametrize(
    "names",
    [
        ["only/1.png", "only/2.png"],
        ["a/1.png", "b/2.png", "top.png"],
        ["a/x/1.png", "b/2.png"],
    ],
)
def test_other_nested_folders_have_no_labels_unless_asked(tmp_path, names):
    path = fill(tmp_path, names)
    assert image_folder(path, size=8).train.class_names is None
    if "top.png" not in names:
        assert image_folder(path, size=8, labels="folders").train.class_names is not None


def test_a_broken_file_does_not_change_the_numbers_of_the_classes(tmp_path):
    path = fill(tmp_path, ["a/1.png", "b/1.png", "b/2.png", "b/3.png"])
    (tmp_path / "a" / "1.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="1 of 4"):
        train = image_folder(path, size=8, max_broken=0.5).train
    assert train.class_names == ("a", "b")
    assert set(train[np.arange(2)]["label"]) == {1}


def test_hidden_files_other_files_and_links_back_are_passed_over(tmp_path):
    fill(tmp_path, ["b/2.jpg", "1.png", "C.BMP"])
    (tmp_path / "labels.csv").write_text("")
    (tmp_path / "._1.png").write_text("what macOS leaves in archives")
    fill(tmp_path / ".hidden", ["3.png"])
    (tmp_path / "b" / "back").symlink_to(tmp_path)
    assert find_images(tmp_path) == ["1.png", "C.BMP", "b/2.jpg"]


def test_a_linked_folder_is_read(tmp_path):
    fill(tmp_path / "elsewhere", ["1.png"])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "faces").symlink_to(tmp_path / "elsewhere")
    assert find_images(tmp_path / "data") == ["faces/1.png"]


def test_new_files_move_no_others_between_the_parts(tmp_path):
    names = [f"{number}.png" for number in range(60)]
    before = image_folder(fill(tmp_path, names[:40]), size=8, held_out=0.2)
    after = image_folder(fill(tmp_path, names), size=8, held_out=0.2)
    old, new = (set(split.held_out[np.arange(len(split.held_out))]["name"]) for split in (before, after))
    assert old == new & set(names[:40])


def test_the_manifest_is_the_content(tmp_path):
    manifest = image_folder(fill(tmp_path / "one", TWENTY), size=8).train.manifest()
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["preparation"]["resize"] == "lanczos"
    same = image_folder(fill(tmp_path / "two" / "one", TWENTY), size=8).train.manifest()
    assert same == manifest
    Image.new("RGB", (16, 16), "white").save(tmp_path / "one" / "00.png")
    assert image_folder(str(tmp_path / "one"), size=8).train.manifest()["sha256"] != manifest["sha256"]


def spoil(root: Path) -> list[str]:
    (root / "00.png").write_bytes(b"")
    (root / "01.jpg").write_text("hello")
    Image.new("RGB", (16, 16)).save(root / "02.jpg", "PNG")
    return ["00.png is empty", "01.jpg holds no PNG, JPEG", "02.jpg holds PNG, not JPEG"]


def test_broken_files_are_named_and_left_out_again_and_again(tmp_path):
    path = fill(tmp_path / "faces", [f"{number:03d}.png" for number in range(99)])
    reasons = spoil(tmp_path / "faces")
    for _ in range(2):  # the second time from the cache
        with pytest.warns(UserWarning, match=r"faces/: 3 of 102 image files cannot be used: .* left out\.") as caught:
            split = image_folder(path, size=8, held_out=9)
        assert len(split.train) == 90
        assert all(reason in str(caught[0].message) for reason in reasons)
        assert split.train.manifest()["left_out"] == 3


def test_too_many_broken_files_stop(tmp_path):
    path = fill(tmp_path / "faces", TWENTY)
    reasons = spoil(tmp_path / "faces")
    for _ in range(2):
        with pytest.raises(DataError, match=r"3 of 22 .* 13\.6%, more than max_broken=0\.05 allows: repair") as error:
            image_folder(path, size=8)
        assert all(reason in str(error.value) for reason in reasons)
    with pytest.warns(UserWarning, match="3 of 22"):
        assert len(image_folder(path, size=8, max_broken=0.15, held_out=1).train) == 18


def test_only_broken_files_stop_at_any_threshold(tmp_path):
    for number in range(9):
        (tmp_path / f"{number}.png").write_text("no")
    with pytest.raises(DataError, match=r"9 of 9 image files.*; 4\.png holds no.* and 4 more\. That is 100\.0%"):
        image_folder(str(tmp_path), size=8, max_broken=1.0)


def test_images_smaller_than_asked(tmp_path):
    path = fill(tmp_path / "faces", TWENTY, (64, 64))
    Image.new("RGB", (31, 80)).save(tmp_path / "faces" / "03.png")
    Image.new("RGB", (80, 20)).save(tmp_path / "faces" / "04.png")
    with pytest.raises(DataError) as error:
        image_folder(path, size=32)
    assert str(error.value) == (
        "faces/: 2 of 20 images are smaller than size=32: 03.png (31x80); 04.png (80x20): use a size of 20 or less, "
        "remove them, or set allow_upscaling=True."
    )
    with warnings.catch_warnings(action="error"):
        assert len(image_folder(path, size=32, allow_upscaling=True, held_out=1).train) == 19
        assert len(image_folder(path, size=20, held_out=1).train) == 19
    with pytest.raises(DataError, match="smaller than size=32"):  # though they are in the cache now
        image_folder(path, size=32)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "/faces does not exist; expected a folder of .png, .jpg, .jpeg"),
        (lambda root: root.write_text(""), "/faces is a file: unpack it and give the folder"),
        (lambda root: root.mkdir(), "/faces is empty; expected .png"),
        (lambda root: (root / "inner").mkdir(parents=True), "/faces is empty; expected .png"),
        (lambda root: root.mkdir() or (root / "a.txt").write_text(""), "/faces holds 1 files, but no image; expected"),
        (lambda root: fill(root, ["a.png"]), "faces/: held_out=0.1 leaves none of the 1 images to train on"),
    ],
)
def test_folders_that_are_none(tmp_path, make, message):
    make(tmp_path / "faces")
    with pytest.raises(DataError, match=message):
        image_folder(str(tmp_path / "faces"), size=8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": None}, "image_folder: expected a folder of images: give --data FOLDER, or path=FOLDER"),
        ({"labels": "folder"}, "labels='folder': did you mean 'folders'"),
        ({"labels": "folders"}, "labels='folders', but 20 images lie in no sub-folder: 00.png; .* and 15 more: move"),
        ({"size": 0}, "size=0, channels=3: expected size >= 1"),
        ({"channels": 4}, "size=8, channels=4: expected size >= 1 and channels 1 or 3"),
        ({"held_out": 20}, "held_out=20 leaves none of the 20 images"),
        ({"held_out": 0}, "held_out=0 must be a number of images, 1 or more, or a fraction"),
    ],
)
def test_arguments_that_are_none(tmp_path, arguments, message):
    with pytest.raises(DataError, match=message):
        image_folder(**({"path": fill(tmp_path, TWENTY), "size": 8} | arguments))


def test_names_in_quarantine_are_left_out(tmp_path):
    path = fill(tmp_path / "faces", [*TWENTY, "in/x.png"])
    before = image_folder(path, size=8, held_out=1).train.manifest()
    listed = tmp_path / "faces" / "quarantine.txt"
    listed.write_bytes("\ufeff# why\r\n00.png\r\n./in//x.png\n\nnever.png\n../01.png\n/etc/passwd".encode())
    assert find_images(tmp_path / "faces") == TWENTY[1:]
    assert find_images(tmp_path / "faces", honor_quarantine=False) == [*TWENTY, "in/x.png"]
    after = image_folder(path, size=8, held_out=1).train.manifest()
    assert (before["count"], after["count"]) == (20, 18)
    assert after["names_sha256"] != before["names_sha256"]
    assert after["sha256"] != before["sha256"]
    listed.unlink()
    assert image_folder(path, size=8, held_out=1).train.manifest() == before


def test_a_quarantine_of_everything_is_told(tmp_path):
    fill(tmp_path, TWENTY)
    (tmp_path / "quarantine.txt").write_text("\n".join(TWENTY))
    with pytest.raises(DataError, match=r"all 20 images are listed in quarantine\.txt: take some off"):
        find_images(tmp_path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "is not a plain file"),
        (lambda path: path.symlink_to(path.parent.parent / "elsewhere.txt"), "is not a plain file"),
        (lambda path: path.write_bytes("00.png\n".encode("utf-16")), "is not UTF-8 text"),
        (lambda path: path.write_bytes(b"a" * 101), "is larger than 0 MiB"),
    ],
)
def test_a_quarantine_that_is_no_list(tmp_path, monkeypatch, make, message):
    fill(tmp_path / "faces", TWENTY)
    (tmp_path / "elsewhere.txt").write_text("00.png\n")
    monkeypatch.setattr("keras_genzoo.data.image_folder.LONGEST_LIST", 100)
    make(tmp_path / "faces" / "quarantine.txt")
    with pytest.raises(DataError, match=message):
        find_images(tmp_path / "faces")
