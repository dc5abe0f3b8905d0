"""From an image file to a uint8 array of one size: one preparation for every folder, FFHQ and its TFDS builder.

The image is turned as its EXIF says, laid over white where it is transparent, cropped to its central square (or to
the central rectangle of the proportions that are asked for), and reduced with Pillow's antialiased Lanczos filter, as
StyleGAN2-ADA and StyleGAN3 prepare their datasets. JPEG's scaled decoding is left alone: it is twice as fast, but
single pixels of faces at 64 px came out 23 of 255 apart.

Of a file of several pictures (TIFF, GIF, WebP, AVIF, PNG) the first is read. 16 bits become 8 over the whole of their
range, so that two images keep their ratio; grey of 12 bits goes by its own range. Pixels without a known range
(floating point, signed or 32-bit integers) are refused. CMYK is converted without color management.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, features
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from keras_genzoo.data.source import DataError
from keras_genzoo.printable import printable
from keras_genzoo.untrusted import opened

PREPARATION = {"version": 1, "orientation": "exif", "transparency": "over white", "crop": "center", "resize": "lanczos"}
"""The preparation of the pixels; the version rises with any change that alters them, and old caches are made anew."""

FORMATS = {
    ".png": "PNG",
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    ".webp": "WEBP",
    ".bmp": "BMP",
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    ".gif": "GIF",
    **({".avif": "AVIF"} if "avif" in features.modules and features.check("avif") else {}),  # as Pillow was built
}
"""The format that each suffix promises."""

_NAMES = ", ".join(dict.fromkeys(FORMATS.values())).replace("WEBP", "WebP")
_WITHOUT_RANGE = {
    "F": "holds floating-point numbers, whose range is not known: save it with 8 or 16 bits",
    "I": "holds integers of 32 bits or with a sign, whose range is not known: save it with 8 or 16 bits",
    "LAB": "holds colors in Lab: save it as RGB",
}
"""Pillow's modes of which it is not known which numbers are black and white, and what to do."""

Half = Literal["", "left", "right"]
"""The half of a file that is an image: files of pairs hold two images side by side; "" for the whole file."""

_TOLERANCE = 0.02  # of the proportions of halves: files that were resized may be off by a pixel

PATIENCE = 2.0
"""Seconds of decoding before a progress bar appears."""


class Decoded(NamedTuple):
    """A decoded file: `image` is None where `broken` says why; `sides` are the file's own (width, height).

    `several` is True if the file has more pictures behind the one that was read.
    """

    image: np.ndarray | None
    sides: tuple[int, int] = (0, 0)
    broken: str = ""
    several: bool = False


def height_width(size: int | Sequence[int]) -> tuple[int, int]:
    """A size, pixels along each side of a square or (height, width), as (height, width)."""
    height, width = (size, size) if isinstance(size, int) else size
    return height, width


def canonical(size: int | Sequence[int]) -> int | tuple[int, int]:
    """The same size, a square as an integer and any other as (height, width)."""
    height, width = height_width(size)
    return height if height == width else (height, width)


def shorter_side(sides: tuple[int, int], size: int | Sequence[int]) -> int:
    """The shorter side of an image of these (width, height), to be compared with the shorter side of `size`.

    Of a square that is asked for it is just that; of a rectangle, what is left of it by the crop to its proportions.
    """
    height, width = height_width(size)
    least = min(height, width)
    return min(sides[0] * least // width, sides[1] * least // height)


def least_side(size: int | Sequence[int], allow_upscaling: bool = False) -> int:
    """Returns the shorter side in pixels from which on an image is of use at `size`.

    An image of half the size or more is enlarged, by a factor of two at most: of 28 pixels, for 32. Of a smaller one
    most pixels would be made up, so it is left out, unless `allow_upscaling` asks for all.
    """
    return 1 if allow_upscaling else -(-min(height_width(size)) // 2)


def to_size(image: Image.Image, size: int | Sequence[int], channels: int) -> np.ndarray:
    """Crops an image to its central square, or rectangle, and resizes it with antialias.

    Args:
        image: a Pillow image of any mode.
        size: integer, pixels along each side of the result, or its (height, width).
        channels: 1 (luma of ITU-R 601) or 3 (RGB).

    Returns:
        uint8 array of shape (height, width, channels).
    """
    rows, columns = height_width(size)
    image = _of_8_bits(image)
    if image.mode == "La":  # alpha is multiplied in, which Pillow takes out step by step alone
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if channels == 1 else "RGB")
    width, height = image.size
    across, down = min(width, max(1, height * columns // rows)), min(height, max(1, width * rows // columns))
    left, top = (width - across) // 2, (height - down) // 2
    if (across, down) != image.size:
        image = image.crop((left, top, left + across, top + down))
    image = image.resize((columns, rows), Image.Resampling.LANCZOS)
    return np.asarray(image).reshape(rows, columns, channels)


def decode(path: Path, size: int | Sequence[int], channels: int, half: Half = "") -> Decoded:
    """Reads an image file; damaged, empty and misnamed files come back as broken, with the reason.

    Args:
        path: the file.
        size: integer, pixels along each side of the image, or its (height, width).
        channels: 1 or 3.
        half: the half of the file that is the image; it is cut before anything is resized. Then `sides` are those of
            the half, and a file of other proportions than two such images side by side is broken.

    Raises:
        DataError: the system refuses to read the file (permissions, a lost network drive): that is no fault of the
            image, and leaving it out would hide it.
    """
    return _read(path, size, half, lambda image: to_size(image, size, channels))


def examine(path: Path, size: int | Sequence[int] = 1, half: Half = "") -> Decoded:
    """Reads the header of an image file: as `decode`, without the image, and without what only decoding finds."""
    return _read(path, size, half, None)


def why_no_pair(sides: tuple[int, int], size: int | Sequence[int]) -> str:
    """Why a file of these (width, height) does not hold two images side by side; "" if it does.

    Each half must be a square, or of the proportions of `size`.
    """
    (width, height), (rows, columns) = sides, height_width(size)
    if any(abs(width / 2 / height / ratio - 1) <= _TOLERANCE for ratio in (1.0, columns / rows)):
        return f"is {width} pixels wide, which is odd: its halves are not of the same size" if width % 2 else ""
    shape = "twice as wide as high" if rows == columns else f"2:1, or {2 * columns}:{rows}"
    return f"is {width}x{height}, and not two images side by side ({shape})"


def _read(
    path: Path, size: int | Sequence[int], half: Half, pixels: Callable[[Image.Image], np.ndarray] | None
) -> Decoded:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Decoded(None, broken="is not a regular file")
        if status.st_size == 0:
            return Decoded(None, broken="is empty (0 bytes)")
        with path.open("rb") as file, Image.open(file, formats=sorted(set(FORMATS.values()))) as image:
            found = "JPEG" if image.format == "MPO" else image.format  # MPO: JPEG with more pictures behind the first
            promised = FORMATS[path.suffix.lower()]
            if found != promised:
                return Decoded(None, broken=f"holds {found}, not {promised} as its name says")
            if image.mode in _WITHOUT_RANGE:
                return Decoded(None, broken=_WITHOUT_RANGE[image.mode])
            upright: Image.Image = image
            if pixels is not None:
                image.load()
                upright = _upright(image)
            width, height = upright.size
            if half and (why := why_no_pair((width, height), size)):
                return Decoded(None, (width, height), why)
            if half:
                width //= 2
            if pixels is None:
                return Decoded(None, (width, height))
            if half:
                left = width if half == "right" else 0
                upright = upright.crop((left, 0, left + width, height))
            return Decoded(pixels(upright), (width, height), several=_has_several(image))
    except MemoryError:
        raise
    except FileNotFoundError:
        return Decoded(None, broken="is missing, or a link to nowhere")
    except UnidentifiedImageError:
        return Decoded(None, broken=f"holds no {_NAMES} image")
    except Image.DecompressionBombError:
        return Decoded(None, broken=f"has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels")
    except Exception as error:  # on damaged files Pillow's decoders raise nearly anything
        # A seek to nowhere, asked for by a damaged header, is EINVAL; other system errors are not the image's fault.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise DataError(f"{path}: {error.strerror}: make the file readable or move it away.") from error
        return Decoded(None, broken=f"is damaged ({error or type(error).__name__})")


class Header(NamedTuple):
    """The header of an image file: (width, height), and whether it is grey."""

    sides: tuple[int, int]
    grey: bool


def header_of(path: Path) -> Header | None:
    """The header of an image file; None if it is no image that can be read."""
    try:
        with opened(path) as file, Image.open(file, formats=sorted(set(FORMATS.values()))) as image:
            return Header(image.size, image.mode[0] in "1LI")
    except (OSError, ValueError, Image.DecompressionBombError):  # UnidentifiedImageError is an OSError
        return None


def decode_all(
    root: Path, names: Sequence[str], size: int | Sequence[int], channels: int, half: Half = ""
) -> Iterator[Decoded]:
    """Decodes the files `names` of folder `root` in order, on all cores, with a progress bar if it takes long."""
    return _all(root, names, lambda path: decode(path, size, channels, half))


def examine_all(root: Path, names: Sequence[str], size: int | Sequence[int] = 1, half: Half = "") -> Iterator[Decoded]:
    """Reads the headers of the files `names` of folder `root`, as `decode_all` decodes them."""
    return _all(root, names, lambda path: examine(path, size, half))


def _all(root: Path, names: Sequence[str], read: Callable[[Path], Decoded]) -> Iterator[Decoded]:
    threads = min(16, os.cpu_count() or 1)
    chunk = 32 * threads  # bounds what waits in memory, and what an interrupt waits for
    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(f"Reading {escape(printable(root.name))}/", total=len(names))
    begin, shown = time.monotonic(), False
    with ThreadPoolExecutor(threads) as pool:
        try:
            for start in range(0, len(names), chunk):
                part = names[start : start + chunk]
                yield from pool.map(lambda name: read(root / name), part)
                bar.advance(task, len(part))
                if not shown and time.monotonic() - begin > PATIENCE:
                    bar.start()
                    shown = True
        finally:
            if shown:
                bar.stop()


def _has_several(image: Image.Image) -> bool:
    """Whether a file has more pictures; those behind a JPEG are previews and maps of depth, of no interest."""
    if image.format in ("JPEG", "MPO"):
        return False
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # damage behind the first picture
        return True


def _of_8_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, which `convert` would clip at 255, in 8; images of 8 bits as they are."""
    if not image.mode.startswith("I;16"):
        return image
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})  # of a TIFF
    white = 2 ** int(tags.get(258, (16,))[0]) - 1
    values = np.minimum(np.asarray(image).astype("float64") * (255 / white) + 0.5, 255).astype(np.uint8)
    return Image.fromarray(255 - values if tags.get(262) == 0 else values)  # 0: white is zero, as Pillow inverts 8 bits


def _upright(image: Image.Image) -> Image.Image:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # damaged EXIF in a sound image: Pillow raises SyntaxError, struct.error and others
        return image
    return image
