"""Image files as wholes: their own sizes, and names for what is made of them."""

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data.decode import decode
from keras_genzoo.data.whole import png_names, read_whole

PIXELS = np.random.default_rng(0).integers(0, 256, (13, 22, 3), "uint8")


def test_a_file_keeps_its_size(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_whole(tmp_path / "x.png", 3).image, PIXELS)
    luma = np.asarray(Image.fromarray(PIXELS).convert("L"))[..., None]
    np.testing.assert_array_equal(read_whole(tmp_path / "x.png", 1).image, luma)
    Image.fromarray(luma[..., 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_whole(tmp_path / "grey.png", 3).image, np.repeat(luma, 3, axis=2))


def test_transparency_lies_over_white_and_exif_is_applied(tmp_path):
    clear = np.dstack([PIXELS, np.full(PIXELS.shape[:2], 0, "uint8")])
    Image.fromarray(clear).save(tmp_path / "x.png")
    assert (read_whole(tmp_path / "x.png", 3).image == 255).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.new("L", (20, 10)).save(tmp_path / "x.jpg", exif=exif)
    assert read_whole(tmp_path / "x.jpg", 1).image.shape == (20, 10, 1)


@pytest.mark.parametrize(("shorter", "shape"), [(26, (26, 44, 3)), (1, (1, 2, 3)), (13, (13, 22, 3))])
def test_the_shorter_side_is_resized(tmp_path, shorter, shape):
    Image.fromarray(PIXELS).save(tmp_path / "x.png")
    assert read_whole(tmp_path / "x.png", 3, shorter).image.shape == shape


def test_a_fixed_shape_is_cropped_to(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "x.png")
    square = read_whole(tmp_path / "x.png", 3, shape=(8, 8)).image
    np.testing.assert_array_equal(square, decode(tmp_path / "x.png", 8, 3).image)
    assert read_whole(tmp_path / "x.png", 3, shape=(8, 6)).image.shape == (8, 6, 3)


def test_broken_files_say_why(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    image, _, reason, _ = read_whole(tmp_path / "x.png", 3)
    assert image is None and reason.startswith("holds no PNG")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "b/a.tif", "c.d.png"], ["a.png", "b/a.png", "c.d.png"]),
        (["a.jpg", "a.png", "A.webp"], ["a.png", "a.png.png", "A.webp.png"]),
        (["a.jpg", "a.jpg.png", "a.png"], ["a.png", "a.jpg.png", "a.png.png"]),
        (["x.jpg", "x.png/a.jpg"], ["x.jpg.png", "x.png/a.png"]),  # a folder has the name of the first one
        (["../../etc/a", "/b"], ["etc/a.png", "b.png"]),
        (["a/../b.png", "a/../b.png"], ["a/b.png", "a/b.png.png"]),
    ],
)
def test_names_of_what_is_made(names, expected):
    assert png_names(names) == expected
