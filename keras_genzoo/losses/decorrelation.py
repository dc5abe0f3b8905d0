"""Penalties on dependence between latents, over a batch, for models whose latents are to be independent factors."""

from typing import Any

from keras import ops

from keras_genzoo.distributions import gaussian_log_density

Tensor = Any


def covariance(values: Tensor) -> Tensor:
    """The covariance (latent_dim, latent_dim) of a batch of vectors (n, latent_dim), with the divisor n."""
    centered = values - ops.mean(values, axis=0)
    return ops.matmul(ops.transpose(centered), centered) / ops.cast(ops.shape(values)[0], values.dtype)


def dip_penalty(matrix: Tensor, diagonal_weight: float) -> Tensor:
    """`sum_(i != j) C_ij^2 + diagonal_weight * sum_i (C_ii - 1)^2`: how far a covariance C is from the prior's.

    Reference: Kumar et al. 2018, arXiv:1711.00848, equation 6 (DIP-VAE-I) with C the covariance of the posteriors'
        means, equation 7 (DIP-VAE-II) with the mean of their variances added to its diagonal.

    Args:
        matrix: tensor of shape (latent_dim, latent_dim), C.
        diagonal_weight: number, lambda_d / lambda_od.

    Returns:
        scalar.
    """
    diagonal = ops.diagonal(matrix)
    off_diagonal = ops.sum(ops.square(matrix)) - ops.sum(ops.square(diagonal))
    return off_diagonal + diagonal_weight * ops.sum(ops.square(diagonal - 1.0))


def total_correlation(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(q(z) || prod_j q(z_j)) of the mean q(z) of a batch's Gaussian posteriors, estimated by a draw from each.

    It differs from the paper's minibatch-weighted sampling by `(latent_dim - 1) * log(size of the data set)`, which has
    no gradient: so the size need not be known.

    Reference: Chen et al. 2018, arXiv:1802.04942, equations 2 and 3.

    Args:
        z: tensor of shape (n, latent_dim), one draw from each posterior.
        mean: tensor of shape (n, latent_dim), of the posteriors.
        log_var: tensor of shape (n, latent_dim), of the posteriors.

    Returns:
        scalar, in nats.
    """
    nats = gaussian_log_density(
        z[:, None], mean[None], log_var[None]
    )  # of draw i under posterior j: (n, n, latent_dim)
    log_count = ops.log(ops.cast(ops.shape(z)[0], nats.dtype))
    joint = ops.logsumexp(ops.sum(nats, axis=-1), axis=1) - log_count
    marginals = ops.logsumexp(nats, axis=1) - log_count
    return ops.mean(joint - ops.sum(marginals, axis=-1))
