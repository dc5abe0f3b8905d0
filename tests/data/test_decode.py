"""One image file to a square uint8 array: modes, formats, crop, antialias, and what is wrong with bad files."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile, TiffImagePlugin

from keras_genzoo.data import decode as module
from keras_genzoo.data.decode import FORMATS, decode, decode_all, examine, least_side, to_size
from keras_genzoo.data.source import DataError

RED, WHITE = (255, 0, 0), (255, 255, 255)


def flat(mode: str, color, size=(20, 20)) -> Image.Image:
    return Image.new(mode, size, color)


def palette_with_a_hole() -> Image.Image:
    image = flat("P", 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    ("image", "suffix", "color"),
    [
        (flat("RGB", RED), "png", RED),
        (flat("RGB", RED), "bmp", RED),
        (flat("RGB", RED), "webp", RED),
        (flat("RGB", RED), "JPG", RED),
        (flat("RGBA", (255, 0, 0, 255)), "png", RED),
        (flat("RGBA", (255, 0, 0, 0)), "png", WHITE),
        (flat("RGBA", (255, 0, 0, 128)), "webp", (255, 127, 127)),
        (flat("LA", (0, 0)), "png", WHITE),
        (flat("P", 0), "png", (0, 0, 0)),
        (palette_with_a_hole(), "png", WHITE),
        (flat("L", 77), "png", (77, 77, 77)),
        (flat("1", 1), "png", WHITE),
        (flat("I;16", 0x8000), "png", (128, 128, 128)),
        (flat("I;16", 0xFFFF), "png", WHITE),
        (flat("CMYK", (0, 255, 255, 0)), "jpeg", RED),
        (flat("CMYK", (0, 255, 255, 0)), "tif", RED),
        (flat("RGB", RED), "TIFF", RED),
        (flat("RGBA", (255, 0, 0, 128)), "tif", (255, 127, 127)),
        (flat("LA", (0, 128)), "tif", (127, 127, 127)),
        (flat("I;16", 0x8000), "tif", (128, 128, 128)),
        (flat("I;16B", 0x8000), "tif", (128, 128, 128)),
        (flat("1", 1), "tif", WHITE),
        (flat("YCbCr", (76, 85, 255)), "tif", RED),
        (palette_with_a_hole(), "gif", WHITE),
        (flat("L", 77), "gif", (77, 77, 77)),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_every_mode_and_format(tmp_path, image, suffix, color):
    path = tmp_path / f"x.{suffix}"
    image.save(path)
    decoded = decode(path, 8, 3)
    assert decoded.broken == ""
    assert decoded.sides == (20, 20)
    assert (decoded.image.dtype, decoded.image.shape) == ("uint8", (8, 8, 3))
    np.testing.assert_allclose(decoded.image, np.broadcast_to(color, (8, 8, 3)), atol=3)  # JPEG and WebP lose a little


@pytest.mark.skipif(".avif" not in FORMATS, reason="this Pillow was built without AVIF")
def test_avif(tmp_path):
    flat("RGB", RED).save(tmp_path / "x.avif")
    np.testing.assert_allclose(decode(tmp_path / "x.avif", 8, 3).image, np.broadcast_to(RED, (8, 8, 3)), atol=5)


@pytest.mark.parametrize(("tag", "value", "grey"), [(258, 12, 128), (262, 0, 255 - 8)])
def test_grey_of_12_bits_and_white_as_zero(tmp_path, monkeypatch, tag, value, grey):
    flat("I;16", 2056).save(tmp_path / "x.tif")
    load = ImageFile.ImageFile.load

    def tagged(image):
        image.tag_v2._tags_v2[tag] = (value,) if tag == 258 else value  # Pillow reads such files, but writes none
        return load(image)

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "load", tagged)
    assert decode(tmp_path / "x.tif", 4, 1).image[0, 0, 0] == grey


@pytest.mark.parametrize("suffix", ["tif", "gif", "webp", "png"])
def test_of_several_pictures_the_first_is_read(tmp_path, suffix):
    more = {"save_all": True, "append_images": [flat("RGB", (0, 0, 255))]} | (
        {"lossless": True} if suffix == "webp" else {}
    )
    flat("RGB", RED).save(tmp_path / f"x.{suffix}", **more)
    decoded = decode(tmp_path / f"x.{suffix}", 8, 3)
    assert decoded.several
    np.testing.assert_array_equal(decoded.image, np.broadcast_to(RED, (8, 8, 3)))
    flat("RGB", RED).save(tmp_path / f"x.{suffix}")
    assert not decode(tmp_path / f"x.{suffix}", 8, 3).several


def test_a_header_says_what_is_wrong_without_decoding(tmp_path, monkeypatch):
    flat("RGB", RED, (30, 20)).save(tmp_path / "x.png")
    flat("RGB", RED).save(tmp_path / "y.jpg", "PNG")
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    assert examine(tmp_path / "x.png") == (None, (30, 20), "", False)
    assert examine(tmp_path / "y.jpg").broken == "holds PNG, not JPEG as its name says"


@pytest.mark.parametrize(("size", "least"), [(32, 16), (33, 17), (1, 1), (56, 28)])
def test_the_least_side_is_half_the_size(size, least):
    assert least_side(size) == least
    assert least_side(size, allow_upscaling=True) == 1


def test_one_channel_is_the_luma(tmp_path):
    flat("RGB", RED).save(tmp_path / "x.png")
    np.testing.assert_array_equal(decode(tmp_path / "x.png", 4, 1).image, np.full((4, 4, 1), 76, "uint8"))


def test_the_orientation_in_exif_is_applied(tmp_path):
    pixels = np.zeros((16, 16, 3), "uint8")
    pixels[:8] = 255  # white above, black below
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(pixels).save(tmp_path / "x.png", exif=exif)
    upright = decode(tmp_path / "x.png", 16, 1).image[..., 0]
    assert upright[:, :8].max() == 0
    assert upright[:, 8:].min() == 255


def test_damaged_exif_spares_the_image(tmp_path):
    flat("RGB", RED).save(tmp_path / "x.jpg", exif=b"Exif\x00\x00nonsense")
    assert decode(tmp_path / "x.jpg", 8, 3).broken == ""


@pytest.mark.parametrize("shape", [(10, 30), (30, 10)])
def test_the_central_square_is_kept(shape):
    pixels = np.zeros((*shape, 3), "uint8")
    middle = tuple(slice((side - 10) // 2, (side + 10) // 2) for side in shape)
    pixels[middle] = 255
    assert to_size(Image.fromarray(pixels), 10, 3).min() == 255


def test_reduction_does_not_alias():
    checkers = (np.indices((64, 64)).sum(0) % 2 * 255).astype("uint8")
    inner = to_size(Image.fromarray(checkers), 16, 1)[1:-1, 1:-1]  # at the border the filter is cut off
    np.testing.assert_allclose(inner, 127.5, atol=1)


def truncated(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), "uint8")
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-2000])


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("x.png", lambda path: path.write_bytes(b""), "is empty (0 bytes)"),
        ("x.jpg", lambda path: path.write_text("hello"), "holds no PNG, JPEG, WebP, BMP, TIFF, GIF"),
        ("x.jpg", lambda path: flat("RGB", RED).save(path, "PNG"), "holds PNG, not JPEG as its name says"),
        ("x.png", lambda path: flat("P", 0).save(path, "GIF"), "holds GIF, not PNG as its name says"),
        ("x.png", lambda path: flat("P", 0).save(path, "PCX"), "holds no PNG, JPEG, WebP, BMP, TIFF, GIF"),
        (
            "x.tif",
            lambda path: flat("F", 0.5).save(path),
            "holds floating-point numbers, whose range is not known: save",
        ),
        ("x.tiff", lambda path: flat("I", 70000).save(path), "holds integers of 32 bits or with a sign"),
        ("x.tif", lambda path: flat("LAB", (128, 0, 0)).save(path), "holds colors in Lab: save it as RGB"),
        ("x.jpg", truncated, "is damaged (image file is truncated"),
        ("x.png", truncated, "is damaged ("),
        ("x.png", lambda path: path.symlink_to(path.parent / "gone.png"), "is missing, or a link to nowhere"),
        ("x.png", lambda path: os.mkfifo(path), "is not a regular file"),
        ("x.png", lambda path: None, "is missing, or a link to nowhere"),
    ],
)
def test_bad_files_say_what_is_wrong(tmp_path, name, make, reason):
    make(tmp_path / name)
    decoded = decode(tmp_path / name, 8, 3)
    assert decoded.image is None
    assert decoded.broken.startswith(reason)


def test_a_bomb_is_not_decoded(tmp_path, monkeypatch):
    flat("RGB", RED, (100, 100)).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert decode(tmp_path / "x.png", 8, 3).broken == "has more than 2,000 pixels"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_the_system_s_refusals_are_no_fault_of_the_image(tmp_path, monkeypatch, code):
    flat("RGB", RED).save(tmp_path / "x.png")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=rf"x\.png: {os.strerror(code)}: make the file readable or move it away"):
        decode(tmp_path / "x.png", 8, 3)


def test_many_files_come_in_their_order_with_a_bar_if_it_takes_long(tmp_path, monkeypatch, capsys):
    names = [f"{number}.png" for number in range(200)]
    for number, name in enumerate(names):
        flat("L", number, (4, 4)).save(tmp_path / name)
    values = [int(decoded.image[0, 0, 0]) for decoded in decode_all(tmp_path, names, 4, 1)]
    assert values == list(range(200))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(module, "PATIENCE", 0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert len(list(decode_all(tmp_path, names, 4, 1))) == 200
    assert f"Reading {tmp_path.name}/" in capsys.readouterr().err


class TestHalves:
    """Files with two images side by side: each half is one, and nothing of the other bleeds into it."""

    def save(self, path, size=(32, 16), left=RED, right=WHITE):
        image = Image.new("RGB", size, right)
        image.paste(left, (0, 0, size[0] // 2, size[1]))
        image.save(path)
        return path

    @pytest.mark.parametrize("size", [4, 5, 16, 24])
    def test_are_cut_before_they_are_resized(self, tmp_path, size):
        path = self.save(tmp_path / "pair.png")
        for half, color in (("left", RED), ("right", WHITE)):
            found = decode(path, size, 3, half)
            assert found.sides == (16, 16)
            np.testing.assert_array_equal(found.image, np.broadcast_to(np.uint8(color), (size, size, 3)))

    @pytest.mark.parametrize(
        ("sides", "size", "reason"),
        [
            ((33, 16), 16, "is 33x16, and not two images side by side (twice as wide as high)"),
            ((513, 256), 64, "is 513 pixels wide, which is odd: its halves are not of the same size"),
            ((16, 16), 16, "is 16x16, and not two images side by side"),
            ((64, 16), 16, "is 64x16, and not two images side by side"),
            ((64, 16), (16, 32), ""),
            ((32, 16), (16, 32), ""),
            ((16, 16), (16, 32), "(2:1, or 64:16)"),
            ((512, 254), 64, ""),
        ],
    )
    def test_have_the_proportions_of_images(self, tmp_path, sides, size, reason):
        path = self.save(tmp_path / "pair.png", sides)
        for found in (decode(path, size, 3, "left"), examine(path, size, "right")):
            assert reason in found.broken and bool(found.broken) == bool(reason)
