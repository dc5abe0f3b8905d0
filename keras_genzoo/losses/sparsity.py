"""Penalties that make latents (n, latent_dim) sparse, and a measure of their sparseness."""

import math
from typing import Any

from keras import ops

Tensor = Any

_SMALL = 1e-7  # so that a latent that is never active has a finite penalty and a gradient that activates it


def kl_sparsity(z: Tensor, target: float) -> Tensor:
    """`sum_j KL(rho || rho_j)`, of Bernoulli variables: rho the target, rho_j the mean activation of latent j.

    Use it for latents in (0, 1), such as sigmoids. The mean is over the batch, so the batch has to be large enough
    to estimate it: 64 images or more for a target of 0.05.

    Reference: Ng 2011, "Sparse autoencoder", CS294A lecture notes, section 3.

    Args:
        z: latents in (0, 1), of shape (n, latent_dim).
        target: float in (0, 1), the mean activation that is wanted.

    Returns:
        scalar, in nats: 0 where every latent has the mean activation `target`.
    """
    mean = ops.mean(z, axis=0)
    active = target * (math.log(target) - ops.log(mean + _SMALL))
    inactive = (1.0 - target) * (math.log(1.0 - target) - ops.log(1.0 - mean + _SMALL))
    return ops.sum(active + inactive)


def l1_sparsity(z: Tensor) -> Tensor:
    """`sum_j |z_j|`: summed over latents, averaged over images.

    Use it for latents that can be zero, such as rectified ones.

    Reference: Ng 2011, CS294A lecture notes, on sparse coding; of rectified latents: Glorot et al. 2011, "Deep sparse
    rectifier neural networks", section 3.2.

    Args:
        z: latents of shape (n, latent_dim).

    Returns:
        scalar.
    """
    return ops.mean(ops.sum(ops.abs(z), axis=-1))


def sparseness(z: Tensor) -> Tensor:
    """`(sqrt(d) - |z|_1 / |z|_2) / (sqrt(d) - 1)` of each image's latents, averaged over images.

    Use it to compare codes: it is the same for latents of any unit. 1 where one of the d latents is active or none, 0
    where all are as active as each other.

    Reference: Hoyer 2004, "Non-negative matrix factorization with sparseness constraints", JMLR 5:1457, section 3.1.

    Args:
        z: latents of shape (n, d), d at least 2.

    Returns:
        scalar in [0, 1].
    """
    root = math.sqrt(z.shape[-1])
    magnitude = ops.abs(z)
    largest = ops.max(magnitude, axis=-1, keepdims=True)
    magnitude = magnitude / (largest + (1.0 - ops.sign(largest)))  # squares of small latents must not vanish
    l1, l2 = ops.sum(magnitude, axis=-1), ops.sqrt(ops.sum(ops.square(magnitude), axis=-1))
    ratio = l1 / ops.maximum(l2, 1.0)
    return ops.mean(ops.clip((root - ratio) / (root - 1.0), 0.0, 1.0))
