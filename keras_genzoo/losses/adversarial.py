"""Adversarial losses: functions of the scores that a discriminator (logits) or critic (unbounded) gives.

Scores have any shape, so that one score an image and one a patch are treated alike; each loss is their mean.
"""

from typing import Any

from keras import ops

Tensor = Any


def logistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's cross-entropy, `-E[log D(x)] - E[log(1 - D(G(z)))]` with `D = sigmoid(score)`.

    Both terms are summed, as in the paper: 2 log 2 = 1.386 for a discriminator that cannot tell.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, equation 1.

    Args:
        real: logits of real images.
        fake: logits of generated images.
    """
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def non_saturating_generator(fake: Tensor) -> Tensor:
    """The generator's loss that keeps its gradient when the discriminator wins, `-E[log D(G(z))]`.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, section 3.

    Args:
        fake: logits of generated images.
    """
    return ops.mean(ops.softplus(-fake))


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """The critic's loss, `E[f(G(z))] - E[f(x)]`: minus the estimate of the Wasserstein-1 distance.

    Reference: Arjovsky et al. 2017, arXiv:1701.07875, equation 2 and algorithm 1.

    Args:
        real: scores of real images.
        fake: scores of generated images.
    """
    return ops.mean(fake) - ops.mean(real)


def wasserstein_generator(fake: Tensor) -> Tensor:
    """The generator's loss, `-E[f(G(z))]`.

    Reference: Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1, line 10.

    Args:
        fake: scores of generated images.
    """
    return -ops.mean(fake)
