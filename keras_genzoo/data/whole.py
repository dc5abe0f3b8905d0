"""Image files as wholes, each at its own size: for networks of convolutions, which take images of many sizes."""

import itertools
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from keras_genzoo.data.decode import Decoded, _read, decode, flattened


def read_whole(path: Path, channels: int, shorter: int | None = None, shape: tuple[int, int] | None = None) -> Decoded:
    """Reads an image file as `decode` does, but keeps its size and proportions.

    Args:
        path: the file.
        channels: 1 (grey) or 3 (RGB).
        shorter: optional integer, pixels to which the shorter side is resized; the other one in proportion.
        shape: optional (height, width), instead: the center of the image is cropped to these proportions and resized.

    Returns:
        The image, or why it is broken.

    Raises:
        DataError: the system refuses to read the file.

    Example:
        >>> read_whole(Path("street.jpg"), channels=3, shorter=256).image.shape
        (256, 341, 3)
    """

    if shape is not None:
        return decode(path, shape, channels)

    def pixels(image: Image.Image) -> np.ndarray:
        flat = flattened(image, channels)
        if shorter is not None and min(flat.size) != shorter:
            flat = flat.resize(resized(flat.size, shorter), Image.Resampling.LANCZOS)
        return np.asarray(flat).reshape(flat.height, flat.width, channels)

    return _read(path, 1, "", pixels)


def resized(sides: tuple[int, int], shorter: int) -> tuple[int, int]:
    """The sides of an image, in proportion, when its shorter one becomes `shorter` pixels."""
    least = min(sides)
    return round(sides[0] * shorter / least), round(sides[1] * shorter / least)


def png_names(names: Iterable[str]) -> list[str]:
    """The names under which images are written as PNG: each keeps its folder and stem, and no two are the same.

    Images whose names differ by their suffix alone, or by upper and lower case alone, which some file systems take
    for the same, keep the suffix too or get a number.

    Args:
        names: relative to a folder, with slashes; no two the same.

    Example:
        >>> png_names(["anna.jpg", "trip/b.png", "trip/b.webp"])
        ['anna.png', 'trip/b.png', 'trip/b.webp.png']
    """
    parts = [[part for part in PurePosixPath(name).parts if part not in ("/", "..")] for name in names]
    taken = {"/".join(part[:depth]).casefold() for part in parts for depth in range(1, len(part))}  # names of folders
    found = []
    for part in parts:
        whole = PurePosixPath(*part)
        choices = (whole.with_suffix(""), whole)
        numbered = (f"{whole}-{number}" for number in itertools.count(2))
        chosen = next(
            f"{one}.png" for one in itertools.chain(choices, numbered) if f"{one}.png".casefold() not in taken
        )
        taken.add(chosen.casefold())
        found.append(chosen)
    return found
