"""Distances between images: the diversity of samples relative to real images, and copies of training images.

Images are compared by two representations. *Thumbnails* are their pixels at 16 x 16, which keep shapes and colors, so
that neither noise nor the smoothness of a VAE's images counts. *Descriptors* are a thumbnail's answers to fixed random
filters, rectified and averaged over neighborhoods: they distinguish textures and tolerate small shifts, need no weights
to be downloaded, and are the same for every run, whatever its data. That random filters suffice for such comparisons is
shown by Saxe et al. 2011 (https://icml.cc/2011/papers/551_icmlpaper.pdf), and for the diversity of samples by Naeem et
al. 2020, arXiv:2002.09797, section 4.
"""

import functools

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.features.resize import interpolation

SIDE = 16
"""Pixels of a thumbnail along each side, at most."""
_FILTERS, _WINDOW, _POOLED = 32, 3, 4
_NEIGHBOR = 5
"""The number of nearest images among which a copy's original must stand out (and k of coverage)."""


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Images at 16 x 16 pixels at most, each pixel the mean of those below it.

    Args:
        images: float array of shape (n, height, width, channels) in [-1, 1].

    Returns:
        float32 array of shape (n, rows, columns, channels).
    """
    height, width = images.shape[1:3]
    rows = interpolation("box", height, min(height, SIDE))
    columns = interpolation("box", width, min(width, SIDE))
    return np.einsum("rh,nhwc,sw->nrsc", rows, images.astype("float32"), columns, optimize=True)


@functools.lru_cache(maxsize=8)
def _filters(channels: int) -> np.ndarray:
    size = _WINDOW * _WINDOW * channels
    return counter_rng.normal(np.uint32(0), np.arange(_FILTERS), size).T.astype("float32") / np.float32(np.sqrt(size))


def descriptors(small: np.ndarray) -> np.ndarray:
    """Answers of fixed random filters to thumbnails; of images with a side below 3 pixels, the pixels themselves.

    Args:
        small: float array of shape (n, rows, columns, channels), as `thumbnails` makes it.

    Returns:
        float32 array of shape (n, features).
    """
    count, rows, columns, channels = small.shape
    if min(rows, columns) < _WINDOW:
        return small.reshape(count, -1).astype("float32")
    patches = np.lib.stride_tricks.sliding_window_view(small, (_WINDOW, _WINDOW), axis=(1, 2))
    height, width = patches.shape[1:3]
    answers = np.maximum(patches.reshape(count, height, width, -1) @ _filters(channels), 0.0)
    down, across = (interpolation("box", size, min(size, _POOLED)) for size in (height, width))
    return np.einsum("rh,nhwf,sw->nrsf", down, answers, across, optimize=True).reshape(count, -1)


def diversity(samples: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """Returns the diversity of samples relative to that of as many real images.

    Args:
        samples: float array of shape (n, d): thumbnails in a row, or descriptors.
        real: float array of shape (m, d), of m images drawn as the samples are: at random.

    Returns:
        `spread`, the mean distance of two samples over that of two real images, which is 0 of one image repeated;
        and `nearest`, the same of the median distance of an image to its nearest neighbor, which is 0 where samples
        come in a few kinds that hardly vary. Both are about 1 of images drawn like the real ones; infinite if the real
        images do not vary.

    Reference: near-duplicates among few samples show a small support: Arora & Zhang 2017, arXiv:1706.08224.
    """
    size = min(len(samples), len(real))  # the nearest of more images is nearer
    (spread, nearest), (of_real, nearest_real) = (_variety(rows[:size]) for rows in (samples, real))
    return _ratio(spread, of_real), _ratio(nearest, nearest_real)


def _variety(rows: np.ndarray) -> tuple[float, float]:
    distances = _distances(rows, rows)
    np.fill_diagonal(distances, np.nan)
    return float(np.nanmean(distances)), float(np.median(np.nanmin(distances, axis=1)))


def _ratio(value: float, of: float) -> float:
    return value / of if of > 0 else float("inf")


def coverage(samples: np.ndarray, real: np.ndarray) -> float:
    """Returns the fraction of real images that have a sample nearby: nearer than their fifth-nearest real image.

    Reference: Naeem et al. 2020, arXiv:2002.09797, equation 7.

    Args:
        samples: float array of shape (n, d).
        real: float array of shape (m, d), m at least 6.
    """
    own = np.sort(_distances(real, real), axis=1)[:, _NEIGHBOR]  # the nearest of all is the image itself
    return float((_distances(real, samples).min(axis=1) < own).mean())


def copied(samples: np.ndarray, held_out: np.ndarray, train: np.ndarray) -> float:
    """Returns the fraction of near-copies of training images among samples, less that among held-out images.

    A copy has one training image that is far nearer than the others: its distance to the nearest, over that to the
    fifth-nearest, is less than half of the median of held-out images. The ratio, rather than the distance alone, since
    smooth images are nearer to all others.

    Reference: the test by nearest neighbors beside held-out images: Meehan et al. 2020, arXiv:2004.05675; the ratio of
    two neighbors' distances: Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94, section 7.1.

    Args:
        samples: float array of shape (n, d), thumbnails in a row.
        held_out: float array of shape (m, d).
        train: float array of shape (k, d), k at least 6.

    Returns:
        float in [-1, 1]; about 0 of a model that generalizes, 1 of a model that makes copies alone.
    """
    of_held_out = _standing_out(held_out, train)
    bound = 0.5 * np.median(of_held_out)
    return float((_standing_out(samples, train) < bound).mean() - (of_held_out < bound).mean())


def classes_covered(samples: np.ndarray, train: np.ndarray, labels: np.ndarray) -> float:
    """Returns how many classes samples cover, relative to as many real images.

    A sample has the class of the training image nearest to it; so has each of the training images compared with, for
    which the nearest *other* image counts: no classifier has to be trained.

    Reference: the count of modes by a classifier: Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761, section 4.2; the
        nearest neighbor in its place: Cover & Hart 1967, doi:10.1109/TIT.1967.1053964.

    Args:
        samples: float array of shape (n, d), thumbnails in a row.
        train: float array of shape (k, d), k at least 2, in random order.
        labels: integer array of shape (k,), the classes of `train`.

    Returns:
        float, the number of classes of the samples, over that of the first n training images; about 1 of a
        model of all classes.
    """
    real = train[: len(samples)]
    others = _distances(real, train)
    np.fill_diagonal(others, np.inf)
    of_samples, of_real = (
        len(np.unique(labels[distances.argmin(axis=1)]))
        for distances in (_distances(samples[: len(real)], train), others)
    )
    return of_samples / of_real


def _standing_out(rows: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Distance to the nearest over that to the fifth-nearest of `train`; 1 where five are copies of one another."""
    nearest = np.partition(_distances(rows, train), _NEIGHBOR - 1, axis=1)[:, :_NEIGHBOR]
    first, fifth = nearest.min(axis=1), nearest.max(axis=1)
    return np.divide(first, fifth, out=np.ones_like(first), where=fifth > 0)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distances of all rows, float64 (n, m)."""
    a, b = a.astype("float64"), b.astype("float64")
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))
