"""The maximum mean discrepancy of two samples."""

from typing import Any

from keras import ops

Tensor = Any

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Of the kernels that are summed: those of the authors' code."""


def mmd(z: Tensor, prior: Tensor, variance: float = 1.0) -> Tensor:
    """MMD^2 between latents and draws from their prior, estimated without bias.

    Use it to match the latents of a whole batch, not those of each image, with a prior. Its gradient is useful where
    the distributions are far apart too, because the kernel's tails are heavy.

    The kernel is a sum of inverse multiquadratics, `k(a, b) = sum_s C_s / (C_s + ||a - b||^2)` with
    `C_s = 2 * latent_dim * variance * s`, over the seven scales s of the authors' code; the paper has s = 1 alone. So
    it lies in (0, 7]. Being unbiased, the estimate of a small discrepancy may be negative.

    Reference: Tolstikhin et al. 2018, arXiv:1711.01558, algorithm 2 and section 4; the estimator: Gretton et al. 2012,
    JMLR 13:723, equation 3.

    Args:
        z: tensor of shape (n, latent_dim).
        prior: tensor of shape (n, latent_dim), drawn from the prior.
        variance: number, of a latent under the prior.

    Returns:
        scalar without unit; 0 for n = 1, of which there are no pairs.
    """
    count = ops.shape(z)[0]
    pairs = ops.cast(ops.maximum(count * (count - 1), 1), z.dtype)
    base = 2.0 * z.shape[-1] * variance
    others = 1.0 - ops.eye(count, dtype=z.dtype)
    within = ops.sum(others * (_kernel(z, z, base) + _kernel(prior, prior, base))) / pairs
    across = ops.mean(_kernel(z, prior, base))
    return ops.where(count > 1, within - 2.0 * across, 0.0)


def _kernel(a: Tensor, b: Tensor, base: float) -> Tensor:
    """k(a_i, b_j) for all pairs."""
    center = ops.stop_gradient(ops.mean(a, axis=0))  # it cancels, and keeps distances exact far from the origin
    a, b = a - center, b - center
    squares = ops.sum(ops.square(a), axis=1)[:, None] + ops.sum(ops.square(b), axis=1)[None]
    distances = ops.maximum(squares - 2.0 * ops.matmul(a, ops.transpose(b)), 0.0)  # rounding may turn zeros negative
    return sum(base * scale / (base * scale + distances) for scale in SCALES)
