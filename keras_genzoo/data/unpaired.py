"""Folders of unpaired images of two domains as a dataset, each domain with a number of images of its own."""

from typing import Literal

from keras_genzoo.data.decode import canonical
from keras_genzoo.data.image_files import Read, check_quality
from keras_genzoo.data.image_folder import say_what_is_passed_over
from keras_genzoo.data.layout import LAYOUTS
from keras_genzoo.data.pairs import Direction, HeldOutPart, number_of, open_layout, read_side
from keras_genzoo.data.source import DataError, Split, Subset, hold_out
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import ImageSize, Share


@DATASETS.register("unpaired")
def unpaired(
    path: str | None = None,
    target_path: str | None = None,
    size: ImageSize = 64,
    channels: Literal[1, 3] = 3,
    target_channels: Literal[1, 3] | None = None,
    direction: Direction = "ab",
    held_out: HeldOutPart = None,
    max_broken: Share = 0.05,
    allow_upscaling: bool = False,
    follow_links: bool = False,
    cache: str | None = None,
    read: Read = "images",
) -> Split:
    """Loads images of two domains A and B that are no pairs: what CycleGAN and CUT learn from.

    Layouts are those of two folders that `pairs` takes: sub-folders `trainA`, `trainB`, `testA`, `testB`, as
    CycleGAN's datasets come, or `A` and `B`; or two folders, `path` and `target_path`. Names of files mean nothing.

    Args:
        path: the folder.
        target_path: optional, the folder of the second domain; then `path` is that of the first.
        size, channels: as for `image_folder`.
        target_channels: 1 or 3, of the second domain; by default as `channels`.
        direction: `"ab"`: the images are of A, and those of the second domain of B; `"ba"` swaps them.
        held_out: as for `pairs`; a number or a fraction is of each domain.
        max_broken, allow_upscaling, follow_links, cache, read: as for `image_folder`, for each domain.

    Returns:
        A `Split`; its sources have `image` and `name`, and as `other` a source of the second domain.

    Raises:
        DataError: a folder is missing or of another layout, one domain has no images, or too many cannot be used.

    Example:
        >>> train, held_out = unpaired("horse2zebra/", size=256)
        >>> len(train), len(train.other)
        (1067, 1334)
    """
    layout = open_layout("unpaired", path, target_path, follow_links)
    if layout.side_by_side:
        raise DataError(
            f"{layout.name} has no folders of two domains; expected {LAYOUTS}. Of pairs side by side take the dataset "
            "'pairs', which models of unpaired images take too."
        )
    train, test = layout.parts(held_out)
    domains = []
    for side, depth in zip(layout.sides(direction), (channels, target_channels or channels), strict=True):
        keys = [*side.keys_of(train), *(side.keys_of(test) if test else ())]
        images = read_side(side, keys, canonical(size), depth, allow_upscaling=allow_upscaling, cache=cache, read=read)
        if images.looked:
            check_quality(side.name, images, max_broken)
        part = {side.files[key]: key[0] for key in keys}
        domains.append((side, images, [part[file] for file in images.names]))
    (side, images, parts), (other_side, other_images, other_parts) = domains
    if images.looked:
        for listing in layout.listings:
            say_what_is_passed_over(layout.name, listing)
    other = other_images.source("unpaired", other_side.name)
    source = images.source("unpaired", side.name, other=other)
    if test is None:
        return hold_out(source, images.names, number_of(held_out), other_images.names)

    def of(part: str | None) -> Subset:
        places, other_places = ([n for n, found in enumerate(every) if found == part] for every in (parts, other_parts))
        return Subset(source, places, Subset(other, other_places))

    return Split(of(train), of(test))
