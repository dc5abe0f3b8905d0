"""Mean and covariance of features, gathered batch by batch, shard by shard."""

import dataclasses
import os
from typing import Self

import numpy as np

from keras_genzoo.untrusted import UntrustedError, check_npz

ROWS = 4096
"""Rows that are taken to float64 at once."""


def check_features(features: np.ndarray, where: str, rows: int = 1) -> np.ndarray:
    """Returns features unchanged and refuses features that no metric can be taken of.

    Args:
        features: float array of shape (n, d).
        where: the caller, for the error message.
        rows: integer, how many rows are needed at least.

    Raises:
        ValueError: no floats, another rank, too few rows, or a NaN or infinity.
    """
    features = np.asarray(features)
    if features.ndim != 2 or not features.shape[1] or not np.issubdtype(features.dtype, np.floating):
        raise ValueError(
            f"{where}: got features of shape {features.shape} and dtype {features.dtype}, expected floats (n, d)."
        )
    if len(features) < rows:
        raise ValueError(f"{where}: got {len(features)} rows of features, but at least {rows} are needed.")
    # Minimum and maximum carry a NaN along, and need no array of their own.
    if features.size and not np.isfinite([features.min(), features.max()]).all():
        raise ValueError(f"{where}: features contain NaN or infinity: check the images they were taken from.")
    return features


def check_pair(first: np.ndarray, second: np.ndarray, where: str, rows: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """`check_features` of two sets, which must have vectors of one length.

    Raises:
        ValueError: as `check_features`, or the lengths differ.
    """
    first, second = check_features(first, where, rows), check_features(second, where, rows)
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"{where}: got features of length {first.shape[1]} and {second.shape[1]}: take both by one extractor."
        )
    return first, second


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Sums from which mean and covariance follow; `+` merges those of two sets.

    Use it where features come in shards, or are too many to keep. The sums are taken about a shift near the mean, so
    that a common offset of all features costs no digits.

    Args:
        count: integer, the number n of features.
        shift: float64 array of shape (d,), s below.
        total: float64 array of shape (d,), the sum of x - s.
        products: float64 array of shape (d, d), the sum of (x - s)(x - s)^T.

    Example:
        >>> moments = Moments.of(first_shard)
        >>> moments += Moments.of(second_shard, moments.shift)
        >>> moments.covariance
    """

    count: int
    shift: np.ndarray
    total: np.ndarray
    products: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, shift: np.ndarray | None = None) -> Self:
        """The moments of features.

        Args:
            features: float array of shape (n, d), n at least 1.
            shift: array of shape (d,); the mean of the features by default. One shift for all shards makes their merge
                a plain sum.

        Raises:
            ValueError: the features contain NaN or infinity, or have another shape.
        """
        features = check_features(features, "Moments")
        size = features.shape[1]
        shift = features.mean(axis=0, dtype="float64") if shift is None else np.asarray(shift, "float64")
        if shift.shape != (size,):
            raise ValueError(f"Moments: got a shift of shape {shift.shape}, expected ({size},), as the features have.")
        total, products = np.zeros(size), np.zeros((size, size))
        for start in range(0, len(features), ROWS):
            rows = features[start : start + ROWS] - shift
            total += rows.sum(axis=0)
            products += rows.T @ rows
        return cls(len(features), shift, total, products)

    def shifted(self, shift: np.ndarray) -> Self:
        """The same moments about another shift."""
        step = self.shift - shift
        cross = np.outer(self.total, step)
        products = self.products + cross + cross.T + self.count * np.outer(step, step)
        return type(self)(self.count, shift, self.total + self.count * step, products)

    def __add__(self, other: Self) -> Self:
        """The moments of both sets together, about the shift of the first."""
        if other.shift.shape != self.shift.shape:
            raise ValueError(
                f"Moments: got features of length {len(self.shift)} and {len(other.shift)}: take one extractor."
            )
        if not np.array_equal(other.shift, self.shift):
            other = other.shifted(self.shift)
        total, products = self.total + other.total, self.products + other.products
        return type(self)(self.count + other.count, self.shift, total, products)

    @property
    def mean(self) -> np.ndarray:
        """float64 array of shape (d,)."""
        return self.shift + self.total / self.count

    @property
    def covariance(self) -> np.ndarray:
        """float64 array of shape (d, d), divided by n - 1.

        Raises:
            ValueError: there are fewer than two features.
        """
        if self.count < 2:
            raise ValueError(f"Moments: a covariance needs at least 2 features, and there is {self.count}.")
        return (self.products - np.outer(self.total, self.total) / self.count) / (self.count - 1)

    def save(self, path: str | os.PathLike) -> None:
        """Writes an `.npz` file of plain arrays."""
        with open(path, "wb") as file:
            np.savez(file, **vars(self))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads what `save` wrote.

        Raises:
            ValueError: the file holds something else.
        """
        try:
            check_npz(path)
            with np.load(path, allow_pickle=False) as file:
                count, shift, total, products = (file[field.name] for field in dataclasses.fields(cls))
        except (KeyError, IndexError, AttributeError, TypeError) as error:
            raise ValueError(f"Moments: {path} was not written by Moments.save ({error}).") from None
        except UntrustedError as error:
            raise ValueError(f"Moments: {path} was not written by Moments.save ({error.reason}).") from None
        shapes, size = [array.shape for array in (count, shift, total, products)], shift.size
        if shapes != [(), (size,), (size,), (size, size)] or not np.isfinite(products).all():
            raise ValueError(f"Moments: {path} was not written by Moments.save (arrays of shape {shapes}).")
        return cls(int(count), shift, total, products)
