"""Folders of paired images as a dataset: an input and its target, side by side in a file or by name in two folders."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_genzoo.data.decode import canonical
from keras_genzoo.data.image_files import Images, Read, check_quality, digest_of_names, read_images
from keras_genzoo.data.image_folder import say_what_is_passed_over
from keras_genzoo.data.layout import LAYOUTS, Key, Layout, Side, check_side_by_side, find_layout, say_what_is_ignored
from keras_genzoo.data.source import DataError, HeldOut, Source, Split, Subset, hold_out
from keras_genzoo.files import sha256
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import ImageSize, Share

Direction = Literal["ab", "ba"]
"""From which domain images are translated to which: "ab", from A to B, or "ba"."""

HeldOutPart = HeldOut | Literal["val", "test"] | None
"""The held-out part: images of a sub-folder, or a number or fraction; None for "test", "val" or else 0.1."""

_TOLERANCE = 0.02  # of proportions: images that were resized may be off by a pixel
_BY_DEFAULT = 0.1

EXPECTED = f"files with both images of a pair side by side, each a square; or images by the same name in {LAYOUTS}"
"""What a folder of pairs holds, for messages."""


@DATASETS.register("pairs")
def pairs(
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
    """Loads pairs of images, of two domains A and B: what pix2pix learns from.

    Layouts, in any of which there may be parts `train`, `val` and `test`:

    - files with both images side by side, A left and B right, each a square (or of the proportions of `size`), in one
      folder or in `train/`, `val/`, `test/`, as pix2pix' datasets come;
    - two sub-folders, `A/` and `B/`, `trainA/` and `trainB/`, `A/train/` and `B/train/`, or `train/A/` and `train/B/`;
    - two folders, `path` and `target_path`.

    In two folders the images of a pair have the same name, whatever their suffixes, and the same proportions. Images
    are prepared as `image_folder` prepares them, the halves of a file after they are cut. Grey images beside colored
    ones become RGB with `channels=3`; a target may have channels of its own.

    Args:
        path: the folder.
        target_path: optional, the folder of the second domain; then `path` is that of the first.
        size: integer, pixels along each side of the images that come out, or their (height, width).
        channels: 1 (grey) or 3 (RGB), of the inputs.
        target_channels: 1 or 3, of the targets; by default as `channels`.
        direction: `"ab"`: inputs are of A, the left halves; `"ba"`: of B.
        held_out: `"test"` or `"val"`, the part to hold out; a number, or a fraction below 1, of the images to train on,
            chosen as by `image_folder`; by default `"test"`, or else `"val"`, or if there are no parts 0.1.
        max_broken: float in [0, 1], the fraction of pairs that cannot be used up to which these are named in a warning
            and left out: those with a broken image, without a partner, or with images of unlike proportions.
        allow_upscaling, follow_links, cache, read: as for `image_folder`.

    Returns:
        A `Split`; its sources have `image`, `target` and `name` (of the input's file, relative to its folder).

    Raises:
        DataError: a folder is missing or of another layout, there are no pairs, or too many cannot be used.

    Example:
        >>> train, held_out = pairs("facades/", size=256, direction="ba")  # from labels to photos
        >>> train[np.arange(4)]["target"].shape
        (4, 256, 256, 3)
    """
    layout = open_layout("pairs", path, target_path, follow_links)
    if layout.side_by_side:
        check_side_by_side(layout, canonical(size), EXPECTED)
    inputs, targets = layout.sides(direction)
    train, test = layout.parts(held_out)
    keys = [key for part in dict.fromkeys((train, test)) if part or not train for key in _keys(inputs, targets, part)]
    matched, lonely = match(inputs, targets, keys)
    if not matched:
        first = next(iter(lonely.items()), ("", "there are no images"))
        raise DataError(
            f"{' '.join(first)}, nor has any other file: images of a pair have the same name, whatever their suffix; "
            "of images that are no pairs take the dataset 'unpaired'."
        )
    options: dict[str, Any] = {"allow_upscaling": allow_upscaling, "cache": cache, "read": read}
    size = canonical(size)
    x = read_side(inputs, matched, size, channels, **options)
    y = read_side(targets, matched, size, target_channels or channels, **options)
    usable = _check_pairs(layout.name, (inputs, x), (targets, y), matched, lonely, max_broken)
    if x.looked:
        for listing in layout.listings:
            say_what_is_passed_over(layout.name, listing)
    source = _paired(layout.name, (inputs, x), (targets, y), usable, len(keys))
    if test is not None:
        places = {part: [place for place, key in enumerate(usable) if key[0] == part] for part in (train, test)}
        return Split(*(Subset(source, places[part]) for part in (train, test)))
    return hold_out(source, ["/".join(key) for key in usable], number_of(held_out))


def open_layout(kind: str, path: str | None, target_path: str | None, follow_links: bool) -> Layout:
    """Finds the images of a dataset of two domains; what is of neither is named in a warning.

    Raises:
        DataError: there is no folder, or `find_layout` cannot make it out.
    """
    if path is None:
        raise DataError(f"{kind}: expected a folder: give --data FOLDER, or path=FOLDER in Python.")
    second = Path(target_path).expanduser() if target_path else None
    layout = find_layout(Path(path).expanduser(), second, follow_links)
    if layout.ignored:
        warnings.warn(say_what_is_ignored(layout), stacklevel=4)
    return layout


def read_side(
    side: Side, keys: list[Key], size: int | tuple[int, int], channels: int, read: Read = "images", **options: Any
) -> Images:
    """Reads the images of one domain; options as for `read_images`."""
    files = [side.files[key] for key in keys]
    return read_images(side.root, files, size, channels, read=read, half=side.half, part=side.tag, **options)


def number_of(held_out: HeldOutPart) -> HeldOut:
    """The number or fraction to hold out, where no part of a folder is."""
    return _BY_DEFAULT if held_out is None or isinstance(held_out, str) else held_out


def _keys(inputs: Side, targets: Side, part: str | None) -> list[Key]:
    """The keys of all pairs of a part, and of images without partner; those whose partner is quarantined are none."""
    quarantined = inputs.quarantined | targets.quarantined
    keys = dict.fromkeys([*inputs.keys_of(part), *targets.keys_of(part)])
    return [key for key in keys if key not in quarantined]


def match(inputs: Side, targets: Side, keys: list[Key]) -> tuple[list[Key], dict[str, str]]:
    """The keys of both sides, and why the other files, by the names that messages use, have no partner."""
    matched = [key for key in keys if key in inputs.files and key in targets.files]
    lonely: dict[str, str] = {}
    for side, other in ((inputs, targets), (targets, inputs)):
        for key in keys:
            if key in side.files and key not in other.files:
                lonely[side.shown(side.files[key])] = f"has no partner in {other.name}"
    return matched, lonely


def unlike(sides: tuple[int, int], others: tuple[int, int]) -> bool:
    """True if two images, of these (width, height), have other proportions and so can be no pair."""
    return abs(sides[0] * others[1] / (sides[1] * others[0]) - 1) > _TOLERANCE


def _check_pairs(
    name: str,
    inputs: tuple[Side, Images],
    targets: tuple[Side, Images],
    matched: list[Key],
    lonely: dict[str, str],
    max_broken: float,
) -> list[Key]:
    """The keys of the pairs of use; warns of others, or refuses too many of them."""
    found: dict[str, Any] = {kind: {} for kind in ("broken", "tiny", "small", "several")}
    found["broken"] |= lonely
    for side, images in (inputs, targets):
        for kind in ("broken", "tiny", "small"):
            found[kind] |= {side.shown(file): what for file, what in images.record[kind].items()}
        found["several"] |= dict.fromkeys(map(side.shown, images.record["several"]))
    names = [{*images.names} for _, images in (inputs, targets)]
    usable = [key for key in matched if inputs[0].files[key] in names[0] and targets[0].files[key] in names[1]]
    sides = [images.record.get("sides", {}) for _, images in (inputs, targets)]
    for key in usable if all(sides) else ():
        file, partner = inputs[0].files[key], targets[0].files[key]
        (width, height), (other_width, other_height) = sides[0][file], sides[1][partner]
        if unlike((width, height), (other_width, other_height)):
            shown = f"{targets[0].shown(partner)} {other_width}x{other_height}"
            found["broken"][inputs[0].shown(file)] = f"is {width}x{height}, and {shown}: of other proportions"
    usable = [key for key in usable if inputs[0].shown(inputs[0].files[key]) not in found["broken"]]
    images = inputs[1]
    merged = replace(images, total=len(matched) + len(lonely), record={**found, "several": list(found["several"])})
    check_quality(name, merged, max_broken, "pairs")
    return usable


def _paired(
    name: str, inputs: tuple[Side, Images], targets: tuple[Side, Images], usable: list[Key], total: int
) -> "Paired":
    def column(side: Side, images: Images) -> Subset:
        row = {file: number for number, file in enumerate(images.names)}
        return Subset(images.source("pairs", name), [row[side.files[key]] for key in usable])

    image, target = column(*inputs), column(*targets)
    files = [inputs[0].files[key] for key in usable]
    records = [images.record for _, images in (inputs, targets)]
    known: dict[str, Any] = {key: records[0][key] for key in ("preparation", "pillow") if key in records[0]}
    if all("sha256" in record for record in records):
        known["sha256"] = sha256("".join(record["sha256"] for record in records))
    manifest = {
        "kind": "pairs",
        "name": name,
        "count": len(usable),
        "left_out": total - len(usable),
        "image_shape": list(image.image_shape),
        "target_shape": list(target.image_shape),
        "class_names": None,
        "names_sha256": digest_of_names(files),
        **known,
    }
    return Paired(image, target, files, name, manifest)


class Paired:
    """A source of pairs: images of one source, and as their targets those of another.

    Args:
        image: the inputs.
        target: the targets, as many.
        names: the files of the inputs.
        name: string, the name of this source in messages.
        manifest: dictionary.
    """

    class_names = labels = factor_names = other = None

    def __init__(self, image: Source, target: Source, names: list[str], name: str, manifest: dict[str, Any]):
        self.image, self.target, self.name = image, target, name
        self.image_shape = image.image_shape
        self._names = np.asarray(names)
        self._manifest = manifest

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        image, target = self.image[indices]["image"], self.target[indices]["image"]
        return {"image": image, "target": target, "name": self._names[indices]}

    def manifest(self) -> dict[str, Any]:
        """The identity of the content, as far as it is known."""
        return dict(self._manifest)
