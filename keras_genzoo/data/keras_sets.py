"""The sets of 28-pixel grey images that Keras brings: MNIST and Fashion-MNIST, with their official test splits."""

import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le, Len
from PIL import Image

from keras_genzoo.data.decode import to_size
from keras_genzoo.data.source import ArraySource, DataError, HeldOutCount, Source, Split, Subset, digest, hold_out
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import Size

CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
DIGITS = tuple("0123456789")
Classes = Annotated[tuple[Annotated[int, Ge(0), Le(9)], ...], Len(1, 10)]
_MOST_BYTES = 4 * 2**30  # of all images in memory
FASHION_FILES = tuple(
    f"fashion-mnist/{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)


@DATASETS.register("fashion_mnist")
def fashion_mnist(
    size: Size = 32, channels: Literal[1, 3] = 1, held_out: HeldOutCount | None = None, classes: Classes | None = None
) -> Split:
    """Loads Fashion-MNIST: 60,000 articles of clothing to train, 10,000 held out (the official test split).

    Downloaded by Keras on first use, then read from its directory.

    Reference:
        Xiao et al. 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
        arXiv:1708.07747.

    Args:
        size: integer, pixels along each side. 28 is the original; 32 pads it with 2 black pixels on each side; any
            other resizes it with antialias.
        channels: 1, or 3 for the same grey three times.
        held_out: optional integer, how many test images to keep, chosen by a stable hash; all by default, 0 for none.
        classes: optional labels of the set to keep, both to train and held out, for studies of outliers: the images of
            the others are left out, and labels count those kept; all by default.

    Returns:
        A `Split` whose sources have `image` and `label`.

    Raises:
        DataError: the files are not there and cannot be downloaded, or are damaged; `held_out` is not a number
            up to that of the test images; or `classes` are not labels of the set.
    """
    return _keras_set("fashion_mnist", FASHION_FILES, CLOTHES, size, channels, held_out, classes)


@DATASETS.register("mnist")
def mnist(
    size: Size = 32, channels: Literal[1, 3] = 1, held_out: HeldOutCount | None = None, classes: Classes | None = None
) -> Split:
    """Loads MNIST: 60,000 handwritten digits to train, 10,000 held out (the official test split).

    Reference:
        LeCun et al. 1998, "Gradient-based learning applied to document recognition".

    Args:
        size, channels, held_out, classes: as for `fashion_mnist`.

    Returns:
        A `Split` whose sources have `image` and `label`.

    Raises:
        DataError: as for `fashion_mnist`.
    """
    return _keras_set("mnist", ("mnist.npz",), DIGITS, size, channels, held_out, classes)


def _keras_set(
    name: str,
    files: Sequence[str],
    class_names: tuple[str, ...],
    size: int,
    channels: int,
    held_out: int | None,
    classes: Sequence[int] | None,
) -> Split:
    if size < 1 or channels not in (1, 3):
        raise DataError(f"{name}: size={size}, channels={channels}: expected size >= 1 and channels 1 or 3.")
    if 70_000 * size**2 * channels > _MOST_BYTES:
        most = math.isqrt(_MOST_BYTES // (70_000 * channels))
        raise DataError(f"{name}: size={size}: 70,000 images of that size fill the memory; at most {most} will do.")
    kept = _kept(name, class_names, classes)
    import keras

    try:
        parts = getattr(keras.datasets, name).load_data()
    except Exception as error:  # a failed download is a bare Exception, a damaged file an error of gzip, zlib or NumPy
        raise DataError(
            f"{name}: Keras can neither read nor download it ({error}): with a network try again, without one put "
            f"{', '.join(files)} into {_keras_directory()}; remove damaged files from there first."
        ) from error
    train, test = (
        _source(name, part, x, y, class_names, size, channels, kept)
        for part, (x, y) in zip(("train", "test"), parts, strict=True)
    )
    return Split(train, test if held_out is None else _some_of(test, held_out))


def _kept(name: str, class_names: tuple[str, ...], classes: Sequence[int] | None) -> list[int]:
    """The labels to keep, in order."""
    labels = range(len(class_names))
    kept = list(labels) if classes is None else sorted(set(classes))
    if not kept or any(isinstance(label, bool) or label not in labels for label in kept):
        raise DataError(f"{name}: classes={classes!r}: expected labels from 0 to {len(class_names) - 1}, one or more.")
    return kept


def _source(
    name: str,
    part: str,
    x: np.ndarray,
    y: np.ndarray,
    class_names: tuple[str, ...],
    size: int,
    channels: int,
    kept: list[int],
) -> ArraySource:
    if partial := len(kept) < len(class_names):
        among = np.isin(y, kept)
        x, y = x[among], np.searchsorted(kept, y[among])
        class_names = tuple(class_names[label] for label in kept)
    if size == 32:
        x, preparation = np.pad(x, ((0, 0), (2, 2), (2, 2)))[..., None], "padded with zeros"
    elif size == 28:
        x, preparation = x[..., None], "none"
    else:
        x, preparation = np.stack([to_size(Image.fromarray(image), size, 1) for image in x]), "resized by Lanczos"
    x = np.repeat(x, channels, axis=-1)
    identity = {"kind": name, "part": part, "count": len(x), "image_shape": list(x.shape[1:]), "sha256": digest(x)}
    if partial:
        identity["classes"] = kept
    manifest = {**identity, "labels_sha256": digest(y), "preparation": preparation}
    return ArraySource(x, y, None, f"{name} {part}", class_names, manifest=manifest)


def _some_of(test: ArraySource, held_out: int) -> Source:
    """A part of the test images, by hash: the two halves of MNIST's were written by different people."""
    if isinstance(held_out, bool) or not isinstance(held_out, int) or not 0 <= held_out <= len(test):
        raise DataError(f"{test.name}: held_out={held_out!r}: expected a number of images from 0 to {len(test)}.")
    if not held_out:
        return Subset(test, [])
    if held_out == len(test):
        return test
    return hold_out(test, [f"{test.name}/{position:05d}" for position in range(len(test))], held_out).held_out


def _keras_directory() -> Path:
    """Returns the folder of Keras' datasets, which is another one where it cannot write."""
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    temporary = "/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()
    return (home if os.access(home, os.W_OK) else Path(temporary, ".keras")) / "datasets"
