"""Divergences between a posterior and a prior, in nats an image."""

from typing import Any

from keras import ops

Tensor = Any


def gaussian_kl_per_latent(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, I)) in nats, of each latent of each image.

    Reference: Kingma & Welling 2014, arXiv:1312.6114, appendix B.

    Args:
        mean: tensor of shape (n, latent_dim).
        log_var: tensor of shape (n, latent_dim), the logarithm of the variance.

    Returns:
        tensor of shape (n, latent_dim).
    """
    return 0.5 * (ops.square(mean) + ops.exp(log_var) - 1.0 - log_var)


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, I)) in nats: summed over latents, averaged over images.

    Reference and arguments: as for `gaussian_kl_per_latent`.

    Returns:
        scalar.
    """
    return ops.mean(ops.sum(gaussian_kl_per_latent(mean, log_var), axis=-1))


def free_bits(nats: Tensor, floor: float) -> Tensor:
    """A divergence of which the first `floor` nats of each part are free: `sum_j max(floor, E[KL_j])`.

    Use it where latents collapse at the start of a training: below the floor there is no gradient toward the prior.

    Reference: Kingma et al. 2016, arXiv:1606.04934, equation 15.

    Args:
        nats: tensor of shape (n, parts), the divergence of each part (of each latent) of each image.
        floor: the nats that a part may have, in the mean over images.

    Returns:
        scalar, at least `parts * floor`.
    """
    return ops.sum(ops.maximum(ops.mean(nats, axis=0), floor))
