"""The images that a translator is given: files at sizes that its network takes, in batches of one size."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_genzoo.capabilities import DrawsTranslations, Translates
from keras_genzoo.data import DataError, Source
from keras_genzoo.data.decode import Decoded, examine_all
from keras_genzoo.data.listing import some
from keras_genzoo.data.whole import read_whole
from keras_genzoo.images import to_pixels

MOST_PIXELS = 2**22
"""Pixels of an image that is translated, at most, such as 2048 x 2048.

On a CPU, `resnet_translator` with its 64 filters took 1 KiB a pixel, so that takes 4 GiB."""

AT_ONCE = 2**20
"""Pixels of a batch, unless a single image has more: 16 images of 256 x 256."""

_LARGE = 2  # times the size trained on; networks' receptive fields then cover the half of what they did
_NAMES_AT_ONCE = 256


class Batch(NamedTuple):
    """Images of one size: their numbers, uint8 pixels (n, height, width, channels), and perhaps targets."""

    numbers: Sequence[int]
    x: np.ndarray
    target: np.ndarray | None = None


class Preparation:
    """How image files become what a model translates.

    Args:
        model: a model that `Translates`.
        direction: "ab" or "ba".
        size: optional integer, the length of shorter sides.
        words: optional string, what is done, in words.

    Raises:
        ValueError: the model does not translate in this direction, or only images of another size.
    """

    def __init__(self, model: Translates, direction: str, size: int | None, words: str | None = None):
        check_direction(model, direction)
        self.direction = direction
        (self.height, self.width, self.channels), _ = model.shapes(direction)
        self.fixed, self.shorter = model.size_multiple is None, size
        if self.fixed and size not in (None, min(self.height, self.width)):
            raise ValueError(
                f"translate: size={size}, but the network takes images of {self.width} x {self.height} pixels alone: "
                "leave it out, and images are cropped and resized to that."
            )
        if words is None and self.fixed:
            words = f"cropped and resized to {self.width} x {self.height} pixels, the size that the network takes"
        self.words = words or ("at their own sizes" if size is None else f"shorter sides resized to {size} pixels")

    def read(self, path: Path) -> Decoded:
        """Reads a file as the model takes it."""
        shape = (self.height, self.width) if self.fixed else None
        return read_whole(path, self.channels, self.shorter, shape)

    def batches(self, root: Path, names: Sequence[str], batch_size: int, broken: dict[str, str]) -> Iterator[Batch]:
        """Reads files; those of one size come in batches. What cannot be read is added to `broken`.

        Raises:
            DataError: none can be read, or some are too large; it is raised at once.
        """
        return self._read_in(self._order(root, names, broken), root, names, batch_size, broken)

    def _read_in(
        self, order: Sequence[int], root: Path, names: Sequence[str], batch_size: int, broken: dict[str, str]
    ) -> Iterator[Batch]:
        numbers: list[int] = []
        found: list[np.ndarray] = []
        for number in order:
            image, _, reason, _ = self.read(root / names[number])
            if image is None:
                broken[names[number]] = reason
                continue
            full = (len(found) + 1) * image.shape[0] * image.shape[1] > AT_ONCE or len(found) == batch_size
            if found and (full or found[0].shape != image.shape):
                yield Batch(numbers, np.stack(found))
                numbers, found = [], []
            numbers.append(number)
            found.append(image)
        if found:
            yield Batch(numbers, np.stack(found))

    def _order(self, root: Path, names: Sequence[str], broken: dict[str, str]) -> list[int]:
        """The numbers of files that can be read as far as their headers say, equal sizes next to each other."""
        headers = list(examine_all(root, names))
        broken |= {name: header.broken for name, header in zip(names, headers, strict=True) if header.broken}
        sides = {number: header.sides for number, header in enumerate(headers) if not header.broken}
        if not sides:
            raise none_can_be_read(broken)
        if not self.fixed:
            self._check_sizes(names, sides)
        return sorted(sides, key=lambda number: (sides[number], number))

    def _check_sizes(self, names: Sequence[str], sides: Mapping[int, tuple[int, int]]) -> None:
        """Refuses images that memory may not hold; warns of those that are much larger than what was learned."""
        short = min(self.height, self.width)

        def of(numbers: list[int]) -> str:
            return some(f"{names[number]} ({sides[number][0]}x{sides[number][1]})" for number in numbers)

        scale = {n: 1.0 if self.shorter is None else self.shorter / min(pair) for n, pair in sides.items()}
        if huge := [n for n, (width, height) in sides.items() if width * height * scale[n] ** 2 > MOST_PIXELS]:
            raise DataError(
                f"translate: {len(huge):,} of {len(sides):,} images would have more than {MOST_PIXELS:,} pixels, which "
                f"memory may not hold: {of(huge)}: resize their shorter sides by --size N (size=N), such as {short}."
            )
        large = [n for n, pair in sides.items() if self.shorter is None and min(pair) > _LARGE * short]
        if large:
            warnings.warn(
                f"translate: {len(large):,} of {len(sides):,} images are more than {_LARGE} times as large as the "
                f"{short} pixels trained on, and may come out wrong: {of(large)}; --size {short} (size={short}) "
                "resizes their shorter sides.",
                stacklevel=4,
            )


def check_direction(model: Any, direction: str) -> None:
    """Refuses a model that does not translate, or not in this direction.

    Raises:
        ValueError: it does not.
    """
    if not isinstance(model, Translates):
        raise ValueError(f"translate: a {type(model).__name__} does not translate images: take a translator.")
    if direction not in model.directions:
        raise ValueError(
            f"translate: direction '{direction}': this {type(model).__name__} translates "
            f"{' and '.join(model.directions)} alone."
        )


def is_random(model: Translates) -> bool:
    """Whether a translation depends on a seed; then images go one by one, or what is in a batch would matter too."""
    return isinstance(model, DrawsTranslations) and model.test_time_dropout


def none_can_be_read(broken: Mapping[str, str]) -> DataError:
    """The error that says of files why they cannot be read."""
    which = some(f"{name} {reason}" for name, reason in broken.items())
    return DataError(f"translate: no image can be read: {which}: give others.")


class Domain:
    """The images of a source that are translated in a direction, and their targets.

    Args:
        source: images of domain A as `image`, perhaps with paired ones of domain B as `target`; of domains without
            pairs, its `other` may be a source of domain B.
        direction: "ab" or "ba".

    Raises:
        DataError: there are no images of this domain.
    """

    def __init__(self, source: Source, direction: str):
        other = source.other if direction == "ba" else None
        self.source = source if other is None else other
        self.columns = ("image", "target") if direction == "ab" or other is not None else ("target", "image")
        if not len(self.source):
            raise DataError(f"translate: there are no images in {self.source.name}: give more.")
        if self.columns[0] not in (first := self.source[np.arange(1)]):
            raise DataError(
                f"translate: {source.name} has no images of domain B, of which direction 'ba' is: give pairs."
            )
        self.has_targets = self.columns[1] in first

    def names(self) -> list[str]:
        """The images' names, or else their numbers."""
        starts = range(0, len(self.source), _NAMES_AT_ONCE)
        parts = (self.source[np.arange(at, min(at + _NAMES_AT_ONCE, len(self.source)))] for at in starts)
        names = [str(name) for part in parts for name in part.get("name", ())]
        return names or [f"{number:05d}" for number in range(len(self.source))]

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """All images, uint8, in their order."""
        height, width, _ = self.source.image_shape
        batch_size = max(1, min(batch_size, AT_ONCE // (height * width)))
        for at in range(0, len(self.source), batch_size):
            numbers = range(at, min(at + batch_size, len(self.source)))
            record = self.source[np.asarray(numbers)]
            x, target = (_bytes(record[column]) if column in record else None for column in self.columns)
            assert x is not None
            yield Batch(numbers, x, target)


def _bytes(x: np.ndarray) -> np.ndarray:
    return x if x.dtype == np.uint8 else to_pixels(x)
