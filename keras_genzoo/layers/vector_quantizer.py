"""A codebook of vectors, and the nearest of them to any vector."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class VectorQuantizer(keras.layers.Layer):
    """Replaces vectors by the nearest of a codebook, kept in float32 whatever the model computes in.

    Use it between an encoder and a decoder. The codebook is learned in one of two ways: by exponential moving averages
    of the vectors that are nearest to each code, with `update`; or, with `decay=None`, by the gradient of a loss.

    With averages, `counts` are N_i and `sums` are m_i of the paper, and a code is m_i / N_i. `counts` are smoothed by
    `epsilon`, as in the authors' code: an unused code drifts to zero instead of being divided by it. On
    several replicas both are means over replicas, as the statistics of batch normalization are.

    Reference: van den Oord et al. 2017, arXiv:1711.00937, equations 1 and 2, appendix A.1; `restart`: Dhariwal et al.
    2020, "Jukebox", arXiv:2005.00341, section 3.1.

    Args:
        num_codes: integer, K, vectors in the codebook.
        code_dim: integer, D, the length of each.
        decay: float in [0, 1), gamma of the averages; None for a codebook that is trained by gradients.
        epsilon: float, of the smoothing.
        kwargs: `name`, as for every layer.

    Example:
        >>> quantizer = VectorQuantizer(512, 64)
        >>> indices = quantizer.nearest(z)
        >>> codes = quantizer.lookup(indices)
        >>> quantizer.update(z, indices)
    """

    def __init__(self, num_codes: int, code_dim: int, decay: float | None = 0.99, epsilon: float = 1e-5, **kwargs: Any):
        kwargs.setdefault("dtype", "float32")
        super().__init__(autocast=False, **kwargs)
        self.num_codes = num_codes
        self.code_dim = code_dim
        self.decay = decay
        self.epsilon = epsilon
        shape = (num_codes, code_dim)
        initial = keras.initializers.VarianceScaling(mode="fan_out", distribution="uniform")  # codes of length 1
        if decay is None:
            self.vectors = self.add_weight(shape, initial, name="vectors")
        else:
            # The codes begin as if each had been used once.
            self.sums = self.add_weight(shape, initial, trainable=False, aggregation="mean", name="sums")
            self.counts = self.add_weight((num_codes,), "ones", trainable=False, aggregation="mean", name="counts")
        self.built = True

    @property
    def codebook(self) -> Tensor:
        """The codes as they are now, of shape (num_codes, code_dim)."""
        if self.decay is None:
            return ops.convert_to_tensor(self.vectors)
        total = ops.sum(self.counts)
        counts = (self.counts + self.epsilon) * total / (total + self.num_codes * self.epsilon)
        return self.sums / counts[:, None]

    def nearest(self, z: Tensor) -> Tensor:
        """int32 indices (...) of the codes that are nearest to vectors (..., code_dim)."""
        codes = self.codebook
        # The mean of the codes does not change which is nearest, and costs digits in the product.
        center = ops.mean(codes, axis=0)
        z, codes = z - center, codes - center
        # The squared distance, less the square of z, which is the same for all codes.
        distances = ops.sum(ops.square(codes), axis=1) - 2.0 * ops.matmul(z, ops.transpose(codes))
        return ops.cast(ops.argmin(distances, axis=-1), "int32")

    def lookup(self, indices: Tensor) -> Tensor:
        """The codes (..., code_dim) of indices (...)."""
        return ops.take(self.codebook, indices, axis=0)

    def call(self, z: Tensor) -> Tensor:
        """The nearest codes to vectors (..., code_dim)."""
        return self.lookup(self.nearest(z))

    def usage(self, indices: Tensor) -> Tensor:
        """The fraction of all indices (...) that each code has, of shape (num_codes,)."""
        indices = ops.reshape(indices, (-1,))
        counts = ops.segment_sum(ops.ones_like(indices, "float32"), indices, num_segments=self.num_codes)
        return counts / ops.sum(counts)

    def update(self, z: Tensor, indices: Tensor) -> None:
        """Updates the averages by a batch; each code follows the mean of the vectors that are nearest to it.

        Args:
            z: tensor of shape (n, code_dim), the encoder's outputs.
            indices: integers of shape (n,), of their nearest codes.

        Raises:
            ValueError: there are no averages: `decay` is None.
        """
        if self.decay is None:
            raise ValueError("VectorQuantizer.update: decay is None, so a loss trains the codes: give a decay below 1.")
        z = ops.stop_gradient(z)
        sums = ops.segment_sum(z, indices, num_segments=self.num_codes)
        counts = ops.segment_sum(ops.ones_like(z[:, 0]), indices, num_segments=self.num_codes)
        self.sums.assign(self.decay * self.sums + (1.0 - self.decay) * sums)
        self.counts.assign(self.decay * self.counts + (1.0 - self.decay) * counts)

    def restart(self, candidates: Tensor, below: float) -> None:
        """Gives unused codes new places, as if each had been used there as often as the mean code.

        It needs averages, as `update` does. Jukebox compares a count with 1; a fraction of the mean count does not
        depend on the size of batches and images.

        Args:
            candidates: tensor of shape (num_codes, code_dim), a new place for each code, should it need one.
            below: float in [0, 1], the fraction of the mean count below which a code is unused.
        """
        sums, counts = ops.convert_to_tensor(self.sums), ops.convert_to_tensor(self.counts)
        mean = ops.mean(counts)
        unused = counts < below * mean
        self.sums.assign(ops.where(unused[:, None], mean * ops.stop_gradient(candidates), sums))
        self.counts.assign(ops.where(unused, mean, counts))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"num_codes": self.num_codes, "code_dim": self.code_dim, "decay": self.decay, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


def perplexity(usage: Tensor) -> Tensor:
    """`exp(-sum_i p_i log p_i)` of the fractions p of codes (num_codes,): their number if all are used equally.

    Use it to see whether a codebook is in use: 1 if one code is used for everything, `num_codes` at best.

    Reference: van den Oord et al. 2017, arXiv:1711.00937, whose code logs it.

    Returns:
        scalar in [1, num_codes].
    """
    return ops.exp(-ops.sum(usage * ops.log(ops.maximum(usage, 1e-30))))
