"""The metrics as `keras.metrics.Metric`, which take batches and have a result at any time.

`MSE`, `PSNR`, `SSIM` and `FrechetDistance` work inside compiled functions. `KernelDistance`, `PrecisionRecall` and
`DensityCoverage` need all features at once, keep them in memory, and work outside of compiled functions only.
"""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo.bounds import integer_in
from keras_genzoo.metrics.image_quality import C1, C2, SIGMA, WINDOW
from keras_genzoo.metrics.kernel import kernel_distance
from keras_genzoo.metrics.manifold import density_coverage, precision_recall

Tensor = Any

_serializable = keras.saving.register_keras_serializable("keras_genzoo")


class _OfPairs(keras.metrics.Metric):
    """The mean of `values` over pairs of images."""

    def __init__(self, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")
        self.count = self.add_variable((), "zeros", self.dtype, name="count")

    def values(self, x: Tensor, y: Tensor) -> Tensor:
        """One number for each pair of images, which come on the scale 0..1."""
        raise NotImplementedError

    def update_state(self, x: Tensor, y: Tensor, sample_weight: None = None) -> None:
        """Adds pairs of images.

        Args:
            x: tensor of shape (n, height, width, channels), uint8 or float in [-1, 1].
            y: tensor of the same shape.
            sample_weight: None, which `keras.Model.compile` passes: each pair counts the same.

        Raises:
            ValueError: the shapes differ, or there are weights.
        """
        if sample_weight is not None:
            raise ValueError(f"{self.name}: got sample weights, but each pair counts the same: pass it without them.")
        x, y = (self._unit(images) for images in (x, y))
        if len(x.shape) != 4 or len(y.shape) != 4 or tuple(x.shape[1:]) != tuple(y.shape[1:]):
            raise ValueError(
                f"{self.name}: got shapes {x.shape} and {y.shape}, expected (n, height, width, channels) twice."
            )
        self._add(self.values(x, y))

    def _add(self, values: Tensor) -> None:
        self.total.assign_add(ops.sum(values))
        self.count.assign_add(ops.cast(ops.shape(values)[0], self.dtype))

    def _unit(self, images: Tensor) -> Tensor:
        images = ops.convert_to_tensor(images)
        pixels = keras.backend.standardize_dtype(images.dtype) == "uint8"
        images = ops.cast(images, self.dtype)
        return images / 255.0 if pixels else (images + 1.0) / 2.0

    def result(self) -> Tensor:
        """The mean over all pairs; 0 before the first."""
        return ops.divide_no_nan(self.total.value, self.count.value)


@_serializable
class MSE(_OfPairs):
    """Mean of `metrics.mse` over pairs of images; use it to watch reconstructions.

    Example:
        >>> metric = MSE()
        >>> metric.update_state(images, model.reconstruct(images))
        >>> metric.result()
    """

    def values(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean squared error of each pair."""
        return ops.mean(ops.square(x - y), axis=(1, 2, 3))


@_serializable
class PSNR(MSE):
    """Mean of `metrics.psnr` over pairs of images that differ, in decibels; `identical` counts the others.

    `keras.ops.psnr` pools the squared error of a batch instead, and depends on the batch size. If no pair differs, the
    result is infinite.
    """

    def __init__(self, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.identical = self.add_variable((), "zeros", self.dtype, name="identical")

    def _add(self, values: Tensor) -> None:
        same = ops.equal(values, 0.0)
        decibels = -10.0 * ops.log10(ops.where(same, 1.0, values))  # 0 for the identical
        self.total.assign_add(ops.sum(decibels))
        self.count.assign_add(ops.sum(ops.cast(~same, self.dtype)))
        self.identical.assign_add(ops.sum(ops.cast(same, self.dtype)))

    def result(self) -> Tensor:
        """The mean over pairs that differ."""
        only_identical = ops.logical_and(self.count == 0.0, self.identical > 0.0)
        return ops.where(only_identical, np.inf, super().result())


@_serializable
class SSIM(_OfPairs):
    """Mean of `metrics.ssim` over pairs of images of at least 11 pixels each side."""

    def values(self, x: Tensor, y: Tensor) -> Tensor:
        """The structural similarity of each pair."""
        if min(size or WINDOW for size in x.shape[1:3]) < WINDOW:
            raise ValueError(
                f"{self.name}: images have {x.shape[1]} x {x.shape[2]} pixels, but its window needs {WINDOW} each side."
            )
        x, y = x - 0.5, y - 0.5  # about gray, float32 loses the fewest digits to the differences of squares
        mean_x, mean_y = _windowed(x), _windowed(y)
        variance_x = _windowed(ops.square(x)) - ops.square(mean_x)
        variance_y = _windowed(ops.square(y)) - ops.square(mean_y)
        covariance = _windowed(x * y) - mean_x * mean_y
        mean_x, mean_y = mean_x + 0.5, mean_y + 0.5
        luminance = (2.0 * mean_x * mean_y + C1) / (ops.square(mean_x) + ops.square(mean_y) + C1)
        structure = (2.0 * covariance + C2) / (variance_x + variance_y + C2)
        return ops.mean(luminance * structure, axis=(1, 2, 3))


def _windowed(x: Tensor) -> Tensor:
    """The Gaussian-weighted mean of each window that lies inside the image."""
    weights = np.exp(-0.5 * ((np.arange(WINDOW) - WINDOW // 2) / SIGMA) ** 2)
    weights = np.tile((weights / weights.sum())[:, None, None, None], (1, 1, x.shape[-1], 1))
    for kernel in (weights, weights.swapaxes(0, 1)):
        x = ops.depthwise_conv(x, ops.cast(kernel, x.dtype), padding="valid", data_format="channels_last")
    return x


class _Moments(keras.metrics.Metric):
    """The sums of `metrics.Moments` as variables; the shift is the mean of the first batch."""

    def __init__(self, dim: int, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.count = self.add_variable((), "zeros", self.dtype, name="count")
        self.shift = self.add_variable((dim,), "zeros", self.dtype, name="shift")
        self.total = self.add_variable((dim,), "zeros", self.dtype, name="total")
        self.products = self.add_variable((dim, dim), "zeros", self.dtype, name="products")

    def update_state(self, features: Tensor) -> None:
        """Adds a batch."""
        features = ops.cast(features, self.dtype)
        self._begin_at(ops.mean(features, axis=0))
        rows = features - self.shift
        self.count.assign_add(ops.cast(ops.shape(rows)[0], self.dtype))
        self.total.assign_add(ops.sum(rows, axis=0))
        self.products.assign_add(ops.matmul(ops.transpose(rows), rows))

    def merge(self, other: "_Moments") -> None:
        """Adds the sums of another, taken about the own shift."""
        self._begin_at(other.shift.value)
        step = other.shift - self.shift
        cross = ops.outer(other.total.value, step)
        self.count.assign_add(other.count)
        self.total.assign_add(other.total + other.count * step)
        self.products.assign_add(other.products + cross + ops.transpose(cross) + other.count * ops.outer(step, step))

    def _begin_at(self, shift: Tensor) -> None:
        self.shift.assign(ops.where(self.count > 0.0, self.shift.value, shift))

    def mean(self) -> Tensor:
        """The mean, of shape (dim,)."""
        return self.shift + self.total / self.count

    def factor(self) -> tuple[Tensor, Tensor]:
        """F with F F^T the covariance, and its trace; zeros for fewer than two features."""
        count = ops.maximum(self.count.value, 2.0)
        covariance = (self.products - ops.outer(self.total.value, self.total.value) / count) / (count - 1.0)
        values, vectors = ops.eigh(covariance)
        # Eigenvalues within rounding of zero are zero: their roots would be far larger than the rounding itself.
        unit = np.finfo(self.dtype).eps * self.shift.shape[0]
        values = ops.where(values > unit * ops.max(values), values, 0.0)
        return vectors * ops.sqrt(values), ops.trace(covariance)


@_serializable
class FrechetDistance(keras.metrics.Metric):
    """`metrics.frechet_distance` of features that come in batches.

    Its state is of a fixed size, and both methods work inside compiled functions. It keeps float64 on TensorFlow and
    agrees with the function to some 1e-9; on JAX it keeps float32, and about three digits of a distance are right. It
    holds the state of one device: under a `tf.distribute` strategy, merge one metric for each replica.

    Args:
        dim: integer, the length of a feature vector.
        dtype: of the state; float64 by default, on JAX float32.

    Example:
        >>> metric = FrechetDistance(extractor.dim)
        >>> for real, generated in batches:
        ...     metric.update_state(extractor(real), extractor(generated))
        >>> metric.result()
    """

    def __init__(self, dim: int, name: str | None = None, dtype: Any = None):
        dtype = dtype or ("float32" if keras.backend.backend() == "jax" else "float64")
        super().__init__(name=name, dtype=dtype)
        self.dim = dim
        self.real = _Moments(dim, name="real", dtype=dtype)
        self.generated = _Moments(dim, name="generated", dtype=dtype)

    def update_state(self, real: Tensor, generated: Tensor) -> None:
        """Adds features.

        Args:
            real: float tensor of shape (n, dim).
            generated: float tensor of shape (m, dim).

        Raises:
            ValueError: vectors of another length.
        """
        for features in (real, generated):
            if len(features.shape) != 2 or features.shape[1] != self.dim:
                raise ValueError(f"{self.name}: got features of shape {features.shape}, expected (n, {self.dim}).")
        self.real.update_state(real)
        self.generated.update_state(generated)

    def merge_state(self, metrics: Iterable["FrechetDistance"]) -> None:
        """Adds the states of other metrics."""
        for metric in metrics:
            self.real.merge(metric.real)
            self.generated.merge(metric.generated)

    def result(self) -> Tensor:
        """The distance; NaN before two features have come on each side."""
        (first, first_trace), (second, second_trace) = self.real.factor(), self.generated.factor()
        root = ops.sum(ops.svd(ops.matmul(ops.transpose(first), second), compute_uv=False))
        step = self.real.mean() - self.generated.mean()
        distance = ops.maximum(ops.sum(ops.square(step)) + first_trace + second_trace - 2.0 * root, 0.0)
        return ops.where(ops.minimum(self.real.count.value, self.generated.count.value) > 1.0, distance, np.nan)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "dim": self.dim}


class _OfFeatures(keras.metrics.Metric):
    """A function of all features, which are kept in memory until `reset_state`."""

    def __init__(self, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.real: list[np.ndarray] = []
        self.generated: list[np.ndarray] = []

    def measure(self, real: np.ndarray, generated: np.ndarray) -> Any:
        """The function."""
        raise NotImplementedError

    def update_state(self, real: Tensor, generated: Tensor) -> None:
        """Adds features.

        Args:
            real: float tensor of shape (n, d).
            generated: float tensor of shape (m, d).

        Raises:
            RuntimeError: called inside a compiled function.
        """
        try:
            arrays = ops.convert_to_numpy(real), ops.convert_to_numpy(generated)
        except (NotImplementedError, TypeError) as error:  # TensorFlow's and JAX' for tensors without values
            raise RuntimeError(
                f"{self.name} keeps features in memory, which a compiled function cannot: call update_state outside of "
                "it, or compile the model with run_eagerly=True."
            ) from error
        self.real.append(arrays[0])
        self.generated.append(arrays[1])

    def merge_state(self, metrics: Iterable["_OfFeatures"]) -> None:
        """Adds the states of other metrics."""
        for metric in metrics:
            self.real.extend(metric.real)
            self.generated.extend(metric.generated)

    def reset_state(self) -> None:
        """Forgets all features."""
        self.real.clear()
        self.generated.clear()

    def result(self) -> Any:
        """The function of all features so far.

        Raises:
            ValueError: there are none, or too few.
        """
        if not self.real:
            raise ValueError(f"{self.name}: there are no features yet: call update_state first.")
        return self.measure(np.concatenate(self.real), np.concatenate(self.generated))


@_serializable
class KernelDistance(_OfFeatures):
    """`metrics.kernel_distance` of features that come in batches; not inside compiled functions."""

    def measure(self, real: np.ndarray, generated: np.ndarray) -> float:
        """The unbiased distance."""
        return kernel_distance(real, generated)


class _OfNeighbors(_OfFeatures):
    def __init__(self, k: int, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.k = integer_in(k, 1, None, f"{type(self).__name__}: k")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "k": self.k}


@_serializable
class PrecisionRecall(_OfNeighbors):
    """`metrics.precision_recall` of features that come in batches; not inside compiled functions.

    Args:
        k: integer, the neighbor to which balls reach.
    """

    def __init__(self, k: int = 3, name: str | None = None, **kwargs: Any):
        super().__init__(k, name=name, **kwargs)

    def measure(self, real: np.ndarray, generated: np.ndarray) -> dict[str, float]:
        """Both, by name."""
        return dict(zip(("precision", "recall"), precision_recall(real, generated, self.k), strict=True))


@_serializable
class DensityCoverage(_OfNeighbors):
    """`metrics.density_coverage` of features that come in batches; not inside compiled functions.

    Args:
        k: integer, the neighbor to which balls reach.
    """

    def __init__(self, k: int = 5, name: str | None = None, **kwargs: Any):
        super().__init__(k, name=name, **kwargs)

    def measure(self, real: np.ndarray, generated: np.ndarray) -> dict[str, float]:
        """Both, by name."""
        return dict(zip(("density", "coverage"), density_coverage(real, generated, self.k), strict=True))
