import sys

import numpy as np
import pytest
from keras import ops
from PIL import Image

from keras_genzoo.images import (
    as_floats,
    check_range,
    from_pixels,
    grid,
    legible,
    to_pixels,
    write_gif,
    write_mp4,
    write_png,
)

LEVELS = np.arange(256, dtype="uint8")


@pytest.mark.parametrize("xp", [np, ops], ids=["numpy", "keras.ops"])
def test_every_gray_level_comes_back(xp):
    floats = from_pixels(LEVELS, xp)
    assert ops.convert_to_numpy(floats).dtype == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(floats)[[0, 51, 255]], [-1.0, -0.6, 1.0], atol=1e-7)
    pixels = ops.convert_to_numpy(to_pixels(floats, xp))
    assert pixels.dtype == "uint8"
    np.testing.assert_array_equal(pixels, LEVELS)


@pytest.mark.parametrize("xp", [np, ops], ids=["numpy", "keras.ops"])
def test_pixels_are_rounded_and_clipped(xp):
    floats = np.array([-9.0, -1.0, (100.4 / 127.5) - 1, (100.6 / 127.5) - 1, 9.0], "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(to_pixels(floats, xp)), [0, 0, 100, 101, 255])


def test_floats_in_range_pass_unchanged():
    images = np.linspace(-1.0005, 1.0, 12).reshape(1, 2, 2, 3)  # augmentation may overshoot by a rounding
    assert check_range(images, "fit") is images
    assert check_range(images[:0], "fit").size == 0


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 2, 2, 1), "uint8"), "here: images have dtype uint8, but floats in.*divide 0..255 by 127.5"),
        (np.zeros((1, 2, 2, 1), "int64"), "here: images have dtype int64"),
        (np.full((1, 2, 2, 1), 255.0), r"here: images lie in \[255, 255\], but floats in \[-1, 1\]"),
        (np.linspace(-1.1, 0, 4), r"here: images lie in \[-1.1, 0\]"),
        (np.array([0.5, np.nan]), r"here: images lie in \[nan, nan\]"),
        (np.array([0.5, np.inf]), r"here: images lie in \[0.5, inf\]"),
    ],
)
def test_images_out_of_range(images, message):
    with pytest.raises(ValueError, match=message):
        check_range(images, "here")


def test_a_user_s_images_become_floats():
    pixels = np.array([0, 255], "uint8").reshape(1, 1, 2, 1)
    for images in (pixels, pixels.tolist(), from_pixels(pixels).astype("float64")):
        given = np.asarray(images, "uint8") if isinstance(images, list) else images
        floats = as_floats(given, (1, 2, 1), "encode")
        assert floats.dtype == "float32"
        np.testing.assert_array_equal(floats.ravel(), [-1, 1])


@pytest.mark.parametrize("shape", [(1, 2, 1), (1, 2, 1, 1), (1, 1, 2, 3)])
def test_a_user_s_images_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"encode: images have shape .*, but \(n, 1, 2, 1\) is expected"):
        as_floats(np.zeros(shape), (1, 2, 1), "encode")


def test_a_grid_reads_like_a_page():
    images = np.arange(5, dtype="uint8")[:, None, None, None] * np.ones((1, 2, 3, 1), "uint8")
    sheet = grid(images, columns=2, gap=1)
    assert sheet.shape == (8, 7, 1) and sheet.dtype == "uint8"
    np.testing.assert_array_equal(
        sheet[::3, ::4, 0], [[0, 1], [2, 3], [4, 255]]
    )  # the corner of each image; nothing is white
    assert (sheet[2] == 255).all() and (sheet[:, 3] == 255).all()


@pytest.mark.parametrize(("count", "columns", "rows"), [(16, 4, 4), (1, 1, 1), (8, 3, 3), (3, 2, 2)])
def test_a_grid_is_nearly_square(count, columns, rows):
    sheet = grid(np.zeros((count, 4, 4, 3), "uint8"), gap=0)
    assert sheet.shape == (rows * 4, columns * 4, 3)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_a_picture_is_written_whole(tmp_path, channels, mode):
    image = np.random.default_rng(0).integers(0, 256, (4, 6, channels), dtype="uint8")
    path = write_png(tmp_path / "new" / "grid.png", image, scale=1)
    with Image.open(path) as picture:
        assert (picture.mode, picture.format) == (mode, "PNG")
        np.testing.assert_array_equal(np.asarray(picture).reshape(image.shape), image)
    assert [one.name for one in path.parent.iterdir()] == ["grid.png"]


def test_small_pictures_are_enlarged_by_whole_pixels(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype="uint8")
    with Image.open(write_png(tmp_path / "grid.png", image)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), image.repeat(4, axis=0).repeat(4, axis=1))
    with Image.open(write_png(tmp_path / "large.png", np.zeros((600, 600, 3), "uint8"))) as picture:
        assert picture.size == (600, 600)


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = write_png(tmp_path / "grid.png", np.zeros((4, 4, 3), "uint8"))
    before = path.read_bytes()

    def full_disk(self, file, format):
        file.write_bytes(b"half a picture")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_png(path, np.ones((4, 4, 3), "uint8"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_plays_its_frames(tmp_path, channels):
    levels = np.arange(0, 250, 25, dtype="uint8")[:, None, None, None]  # fewer colors than GIF knows
    frames = np.broadcast_to(levels, (10, 4, 6, channels)).copy()
    frames[:, 0, 0] = 255
    path = write_gif(tmp_path / "new" / "walk.gif", frames, scale=2, seconds=0.05)
    with Image.open(path) as animation:
        assert (animation.n_frames, animation.size, animation.info["loop"]) == (10, (12, 8), 0)
        for number in range(10):
            animation.seek(number)
            assert animation.info["duration"] == 50
            found = np.asarray(animation.convert("RGB"))[::2, ::2].astype(int)
            assert np.abs(found - frames[number]).max() <= 1
    assert [one.name for one in path.parent.iterdir()] == ["walk.gif"]


def test_colors_are_chosen_for_all_frames_together(tmp_path):
    """What stays still keeps its color, whatever else comes into the picture."""
    frames = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 3), "uint8")
    frames[:, :10] = frames[0, :10]
    with Image.open(write_gif(tmp_path / "still.gif", frames, scale=1)) as animation:
        found = []
        for number in range(6):
            animation.seek(number)
            found.append(np.asarray(animation.convert("RGB"))[:10].astype(int))
    assert all((one == found[0]).all() for one in found)
    assert np.abs(found[0] - frames[0, :10]).mean() < 25


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (4, 4, 3), (2, 4, 4, 2)])
def test_what_is_no_animation(tmp_path, shape):
    with pytest.raises(ValueError, match=r"write_gif: frames have shape .*, but \(n, height, width, 1 or 3\)"):
        write_gif(tmp_path / "none.gif", np.zeros(shape, "uint8"))


@pytest.mark.parametrize("shape", [(5, 15, 20, 3), (3, 16, 16, 1)])
def test_a_film_as_mp4(tmp_path, shape):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the extra 'video' is not installed")
    frames = np.linspace(0, 255, num=np.prod(shape)).reshape(shape).astype("uint8")
    path = write_mp4(tmp_path / "new" / "walk.mp4", frames, scale=3, fps=10)
    reader = imageio_ffmpeg.read_frames(str(path))
    facts = next(reader)
    assert facts["size"] == (3 * shape[2], 3 * shape[1] + 3 * shape[1] % 2) and facts["fps"] == 10
    read = [np.frombuffer(frame, "uint8").reshape(*facts["size"][::-1], 3) for frame in reader]
    assert len(read) == shape[0]
    assert np.abs(np.stack(read)[:, 1 : 3 * shape[1] : 3, 1::3].astype(int) - frames).mean() < 12
    assert [one.name for one in path.parent.iterdir()] == ["walk.mp4"]


def test_no_frames_make_no_mp4(tmp_path):
    pytest.importorskip("imageio_ffmpeg", reason="the extra 'video' is not installed")
    with pytest.raises(ValueError, match=r"write_mp4: frames have shape \(0, 8, 8, 3\)"):
        write_mp4(tmp_path / "none.mp4", np.zeros((0, 8, 8, 3), "uint8"))


def test_an_mp4_without_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match=r"pip install 'keras_genzoo\[video\]', or write a GIF"):
        write_mp4(tmp_path / "a.mp4", np.zeros((1, 8, 8, 3), "uint8"))


@pytest.mark.parametrize(("shape", "factor"), [((1, 1, 2), 2), ((32, 32, 3), 3), ((8, 16, 1), 6), ((256, 256, 3), 1)])
def test_small_images_are_enlarged_and_planes_of_points_hardly(shape, factor):
    assert legible(shape) == factor
