"""Divergences between a posterior and a prior, in nats an image."""

from typing import Any

from keras import ops

Tensor = Any


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, I)) in nats: summed over latents, averaged over images.

    Reference: Kingma & Welling 2014, arXiv:1312.6114, appendix B.

    Args:
        mean: tensor of shape (n, latent_dim).
        log_var: tensor of shape (n, latent_dim), the logarithm of the variance.

    Returns:
        scalar.
    """
    nats = 0.5 * (ops.square(mean) + ops.exp(log_var) - 1.0 - log_var)
    return ops.mean(ops.sum(nats, axis=-1))
