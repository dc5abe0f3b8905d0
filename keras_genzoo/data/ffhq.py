"""Flickr-Faces-HQ from a folder: 70,000 aligned faces (Karras et al. 2019, arXiv:1812.04948, appendix A), or a part."""

from pathlib import Path, PurePosixPath
from typing import Literal

from keras_genzoo.data.image_files import Read
from keras_genzoo.data.image_folder import open_folder
from keras_genzoo.data.source import DataError, HeldOut, Split, hold_out
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import Share, Size

INSTRUCTIONS = (
    "FFHQ comes from https://github.com/NVlabs/ffhq-dataset (NVIDIA, CC BY-NC-SA 4.0: non-commercial use) and is not "
    "downloaded for you. Get thumbnails128x128 (2 GB, for sizes up to 128) or images1024x1024 (90 GB) from there, and "
    "give the folder that holds either of these, one of these itself, or any folder of the aligned images, all or "
    "part, at any resolution: nested (00000/00000.png) or flat (00000.png, 00000.jpg)."
)


@DATASETS.register("ffhq")
def ffhq(
    path: str | None = None,
    size: Size = 64,
    channels: Literal[1, 3] = 3,
    held_out: HeldOut = 0.1,
    max_broken: Share = 0.05,
    allow_upscaling: bool = False,
    follow_links: bool = False,
    cache: str | None = None,
    read: Read = "images",
) -> Split:
    """Loads Flickr-Faces-HQ from a folder of its aligned images or thumbnails, all 70,000 or a part.

    The held-out part goes by the images' numbers alone, so it is the same whether they come nested or flat, as
    thumbnails or full, as PNG or JPEG.

    Reference:
        Karras et al. 2019, "A style-based generator architecture for generative adversarial networks",
        arXiv:1812.04948, appendix A.

    Args:
        path: the folder; nested (`00000/00000.png`) or flat (`00000.png`). If it holds `thumbnails128x128` or
            `images1024x1024`, the smallest of these that serves `size` is read.
        size, channels, held_out, max_broken, allow_upscaling, follow_links, cache, read: as for `image_folder`.

    Returns:
        A `Split` without labels.

    Raises:
        DataError: as for `image_folder`; where the folder is missing, the message says where FFHQ comes from, under
            which license, and which layouts are understood.
    """
    if path is None:
        raise DataError(f"ffhq: give its folder as --data FOLDER, or path=FOLDER in Python. {INSTRUCTIONS}")
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(f"ffhq: there is no folder {root.absolute()}. {INSTRUCTIONS}")
    source, names = open_folder(
        aligned_folder(root, size),
        size,
        channels,
        "none",
        max_broken,
        allow_upscaling,
        cache,
        kind="ffhq",
        follow_links=follow_links,
        read=read,
    )
    return hold_out(source, [PurePosixPath(name).stem for name in names], held_out)


def aligned_folder(root: Path, size: int) -> Path:
    """The folder of aligned images inside a copy of FFHQ that serves `size` at least cost; else `root` itself."""
    serving = [("thumbnails128x128", 128), ("images1024x1024", 1024)]
    return next((root / name for name, side in serving if size <= side and (root / name).is_dir()), root)
