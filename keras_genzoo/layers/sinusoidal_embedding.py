"""SinusoidalEmbedding: a number as sines and cosines of many frequencies, as networks take times and noise levels."""

import math
from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class SinusoidalEmbedding(keras.layers.Layer):
    """Turns numbers x into (cos(f x), sin(f x)), for frequencies f from 1 down to 1 / `max_period`.

    Reference: Vaswani et al. 2017, arXiv:1706.03762, section 3.5; for times: Ho et al. 2020, arXiv:2006.11239.

    Args:
        features: integer, even: half of them are cosines.
        max_period: float, the longest wave is 2 pi times as long.
        kwargs: `name`, as for every layer. It computes in float32.

    Raises:
        ValueError: an odd number of features.

    Example:
        >>> SinusoidalEmbedding(4)(np.array([0.0]))
        [[1.0, 1.0, 0.0, 0.0]]
    """

    def __init__(self, features: int = 128, max_period: float = 10_000.0, **kwargs: Any):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if features < 2 or features % 2:
            raise ValueError(f"SinusoidalEmbedding: features={features}, but an even number of 2 or more is expected.")
        self.features = features
        self.max_period = max_period

    def call(self, x: Tensor) -> Tensor:
        """Numbers (n,) as (n, features)."""
        half = self.features // 2
        frequencies = ops.exp(-math.log(self.max_period) / half * ops.arange(half, dtype="float32"))
        angles = ops.cast(x, "float32")[:, None] * frequencies
        return ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, features)."""
        return (*input_shape, self.features)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "features": self.features, "max_period": self.max_period}
