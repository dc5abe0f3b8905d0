"""Any folder of images: what is found, how it is labeled, and clear words for everything that can be wrong."""

import json
import os
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data import load_data
from keras_genzoo.data.image_folder import image_folder
from keras_genzoo.data.listing import find_images
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


def test_links_out_of_the_folder_are_followed_only_if_asked(tmp_path):
    fill(tmp_path / "elsewhere", ["1.png", "2.png"])
    fill(tmp_path / "data", [".store/3.png", "4.png", "a/5.png"])
    for name, target in {
        "faces": tmp_path / "elsewhere",
        "x.png": tmp_path / "elsewhere" / "2.png",
        "up": tmp_path,
        "hidden": tmp_path / "data" / ".store",
        "same": tmp_path / "data" / "a",
        "in.png": tmp_path / "data" / "4.png",
    }.items():
        (tmp_path / "data" / name).symlink_to(target)
    assert find_images(tmp_path / "data") == ["4.png", "a/5.png", "in.png"]
    words = "4 links lead out of the folder and are not followed: faces; hidden; up; x.png; follow_links=True (genzoo "
    with pytest.warns(UserWarning, match=re.escape(words)):
        assert len(image_folder(str(tmp_path / "data"), size=16).train) == 2
    followed = find_images(tmp_path / "data", follow_links=True)
    assert followed == ["4.png", "a/5.png", "faces/1.png", "faces/2.png", "hidden/3.png", "in.png", "x.png"]
    assert len(image_folder(str(tmp_path / "data"), size=16, follow_links=True).train) == 6


def test_a_folder_of_links_alone_says_so(tmp_path):
    fill(tmp_path / "elsewhere", ["1.png"])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "faces").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"is empty but for 1 links out of it, followed by follow_links=True \(genzoo"):
        find_images(tmp_path / "data")
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere")  # the folder itself may be a link
    assert find_images(tmp_path / "linked") == ["1.png"]


def test_what_systems_leave_is_no_image(tmp_path):
    fill(tmp_path, ["a/1.png", "b/2.PNG", "__MACOSX/a/1.png", "b/@eaDir/2.png", ".thumbnails/3.png"])
    for name in ("Thumbs.db", "a/.DS_Store", "b/desktop.ini"):
        (tmp_path / name).write_text("")
    with warnings.catch_warnings(action="error"):
        train, held_out = image_folder(str(tmp_path), size=8)
    assert train.class_names == ("a", "b")
    assert len(train) + len(held_out) == 2


def test_odd_names(tmp_path):
    odd = ["a\nb.png", "ä \t.png", "#1.png", "-rf.png", "[red].png", "\x1b[31m.png", "x.tar.png", "%s{}.png"]
    if sys.platform == "linux":
        odd.append(os.fsdecode(b"\xff.png"))
    path = fill(tmp_path / "odd [bold]", odd)
    for _ in range(2):  # the second time from the cache
        assert sorted(everything(image_folder(path, size=8))["name"]) == sorted(odd)
    (tmp_path / "odd [bold]" / "\x1b[31m.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="1 of") as caught:
        image_folder(path, size=8, max_broken=0.5)
    assert str(caught[0].message).isprintable()


def test_what_is_passed_over_is_said_but_not_what_lies_beside_images(tmp_path):
    path = fill(tmp_path / "lab", ["1.tif", "2.gif", "3.png"])
    for name in ("4.heic", "5.HEIC", "6.psd", "all.zip", "labels.csv", "README", "notes.txt"):
        (tmp_path / "lab" / name).write_text("")
    with pytest.warns(UserWarning) as caught:
        train, held_out = image_folder(path, size=16)
    assert len(train) + len(held_out) == 3
    assert [str(one.message) for one in caught] == [
        "lab/: 4 files are no images that can be read: .heic 2; .psd 1; .zip 1."
    ]


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


def test_small_images_are_enlarged_and_tiny_ones_left_out(tmp_path):
    path = fill(tmp_path / "faces", TWENTY, (64, 64))
    Image.new("RGB", (16, 80)).save(tmp_path / "faces" / "03.png")
    Image.new("RGB", (80, 15)).save(tmp_path / "faces" / "04.png")
    left_out = "faces/: 1 of 20 images are too small for size=32 (a shorter side below 16 pixels) and are left out: "
    enlarged = "faces/: {} of 20 images are smaller than size=32 and are enlarged; the smallest is {}."
    for read in ("images", "headers"):
        with pytest.warns(UserWarning) as caught:
            split = image_folder(path, size=32, held_out=1, read=read)
        assert [str(one.message) for one in caught] == [
            f"{left_out}04.png (80x15).",
            enlarged.format(1, "03.png (16x80)"),
        ]
        names = everything(split)["name"]
        assert len(names) == 19 and "03.png" in names and "04.png" not in names
        assert split.train.manifest()["left_out"] == 1
    with pytest.warns(UserWarning) as caught:
        assert len(image_folder(path, size=32, held_out=1, allow_upscaling=True).train) == 19
    assert [str(one.message) for one in caught] == [enlarged.format(2, "04.png (80x15)")]
    with warnings.catch_warnings(action="error"):
        assert len(image_folder(path, size=15, held_out=1).train) == 19


@pytest.mark.parametrize("read", ["images", "headers"])
def test_a_size_that_is_not_the_folder_s_stops(tmp_path, read):
    path = fill(tmp_path / "digits", TWENTY, (28, 28))
    with pytest.warns(UserWarning, match="20 of 20 images are smaller than size=32 and are enlarged"):
        assert len(image_folder(path, size=32, held_out=1, read=read).train) == 19
    with pytest.raises(DataError) as error:
        image_folder(path, size=64, read=read)
    assert str(error.value) == (
        "digits/: 20 of 20 images are too small for size=64 (a shorter side below 32 pixels): 00.png (28x28); 01.png "
        "(28x28); 02.png (28x28); 03.png (28x28); 04.png (28x28) and 15 more: give larger images, or a smaller size; "
        "allow_upscaling=True (genzoo train: --set data.allow_upscaling=true) enlarges all."
    )


def test_nothing_held_out(tmp_path):
    path = fill(tmp_path, TWENTY)
    for none in (0, 0.0):
        train, held_out = image_folder(path, size=16, held_out=none)
        assert (len(train), len(held_out)) == (20, 0)
        assert held_out.manifest()["count"] == 0
    assert load_data("image_folder", path, size=16, batch_size=4, held_out=0)[1] is None
    (train, _) = image_folder(fill(tmp_path / "one", ["1.png"]), size=16)  # nobody asked that it be held out
    assert len(train) == 1


@pytest.mark.parametrize("read", ["headers", "names"])
def test_a_folder_is_checked_without_decoding_and_nothing_is_kept(tmp_path, monkeypatch, read):
    path = fill(tmp_path / "pets", [f"{animal}/{number}.png" for animal in ("dog", "cat") for number in range(20)])
    (tmp_path / "pets" / "dog" / "0.png").write_bytes(b"")
    (tmp_path / "pets" / "dog" / "1.png").write_bytes((tmp_path / "pets" / "dog" / "2.png").read_bytes()[:45])
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        split = image_folder(path, size=16, held_out=10, read=read)
    assert ["1 of 40" in str(one.message) for one in caught] == ([True] if read == "headers" else [])
    assert (len(split.train), len(split.held_out)) == (29 if read == "headers" else 30, 10)
    assert split.train.class_names == ("cat", "dog")
    assert not (tmp_path / "cache").exists()
    found = everything(split)
    for name, image, label in zip(found["name"], found["image"], found["label"], strict=True):
        assert label == name.startswith("dog")
        if name not in ("dog/0.png", "dog/1.png"):
            np.testing.assert_array_equal(image[..., 0], int(name[4:-4]) + 20 * (label == 0))
    assert "sha256" not in split.train.manifest()
    with pytest.warns(UserWarning, match="2 of 40"):
        decoded = image_folder(path, size=16, held_out=10)
    with pytest.warns(UserWarning, match="2 of 40"):  # what is in the cache is known
        assert image_folder(path, size=16, held_out=10, read=read).train.manifest() == decoded.train.manifest()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "/faces does not exist; expected a folder of .png, .jpg, .jpeg"),
        (lambda root: root.write_text(""), "/faces is a file: unpack it and give the folder"),
        (lambda root: root.mkdir(), "/faces is empty; expected .png"),
        (lambda root: (root / "inner").mkdir(parents=True), "/faces is empty; expected .png"),
        (lambda root: root.mkdir() or (root / "a.txt").write_text(""), "/faces holds 1 files, but no image; expected"),
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
        ({"held_out": -1}, "held_out=-1 must be a number of images, 0 or more, or a fraction"),
        ({"held_out": 1.0}, "held_out=1.0 must be a number of images, 0 or more, or a fraction"),
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
    monkeypatch.setattr("keras_genzoo.data.listing.LONGEST_LIST", 100)
    make(tmp_path / "faces" / "quarantine.txt")
    with pytest.raises(DataError, match=message):
        find_images(tmp_path / "faces")


class TestRectangles:
    def test_are_cropped_centrally_to_their_proportions(self, tmp_path):
        """Of an image of 40 x 60 pixels (width x height), rows 20 to 39 are the middle in the proportions 2:1."""
        pixels = np.zeros((60, 40, 3), "uint8")
        pixels[20:40] = 200
        Image.fromarray(pixels).save(tmp_path / "portrait.png")
        wide = np.zeros((20, 100, 3), "uint8")
        wide[:, 30:70] = 200
        Image.fromarray(wide).save(tmp_path / "wide.png")
        train, _ = load_data("image_folder", path=tmp_path, size=(20, 40), batch_size=1, held_out=0)
        assert train.image_shape == (20, 40, 3)
        np.testing.assert_array_equal(train.source[np.arange(2)]["image"], np.full((2, 20, 40, 3), 200))

    def test_come_out_of_a_list_and_out_of_the_cache(self, tmp_path, monkeypatch):
        path = fill(tmp_path, TWENTY, (40, 30))
        first = image_folder(path, size=[8, 16], held_out=5)
        assert first.train.image_shape == (8, 16, 3) and first.train.manifest()["image_shape"] == [8, 16, 3]
        (entry,) = Path(os.environ["GENZOO_CACHE"]).glob("*.npy")
        assert "-8x16x3-" in entry.name
        monkeypatch.setattr("keras_genzoo.data.prepared.decode_all", None)
        again = image_folder(path, size=(8, 16), held_out=5)
        assert again.train.manifest() == first.train.manifest()
        assert image_folder(path, size=(4, 8), read="headers", held_out=5).train[np.arange(3)]["image"].shape == (
            3,
            4,
            8,
            3,
        )

    def test_of_equal_sides_are_squares_as_ever(self, tmp_path, monkeypatch):
        path = fill(tmp_path, TWENTY)
        square = image_folder(path, size=8).train.manifest()
        monkeypatch.setattr("keras_genzoo.data.prepared.decode_all", None)
        assert image_folder(path, size=(8, 8)).train.manifest() == square

    @pytest.mark.parametrize(("sides", "kind"), [((32, 16), None), ((31, 40), "enlarged"), ((15, 40), "left out")])
    def test_small_is_what_the_crop_leaves_too_little_of(self, tmp_path, sides, kind):
        path = fill(tmp_path, TWENTY, (64, 64))
        Image.new("RGB", sides).save(tmp_path / "00.png")
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            split = image_folder(path, size=(16, 32))
        assert [kind in str(warning.message) for warning in found] == ([True] if kind else [])
        assert "size=[16, 32]" in str(found[0].message) if kind else not found
        assert len(split.train) + len(split.held_out) == (19 if kind == "left out" else 20)

    def test_are_not_of_every_dataset(self):
        with pytest.raises(DataError, match="dataset 'drawn_faces' gives squares: size=16 x 32 pixels cannot be had"):
            load_data("drawn_faces", size=(16, 32))
