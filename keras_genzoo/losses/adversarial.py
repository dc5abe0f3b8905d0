"""Adversarial losses: functions of the scores that a discriminator (logits) or critic (unbounded) gives.

Scores have any shape, so that one score an image and one a patch are treated alike; each loss is their mean. On several
replicas the means that a loss compares scores with are each replica's own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from keras_genzoo.registry import Registry

Tensor = Any


class AdversarialLoss(NamedTuple):
    """The losses of a discriminator or critic and of its generator.

    Args:
        discriminator: function (real scores, fake scores) -> scalar; with `has_targets` also of `label_smoothing`.
        generator: function (real scores, fake scores) -> scalar.
        compares: bool, whether the generator's loss depends on the scores of real images.
        has_targets: bool, whether the discriminator has a target for each kind of images, which may be smoothed.
        undecided: float, the score of an image that is as likely real as generated; None where a single score has no
            meaning.
    """

    discriminator: Callable[..., Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    compares: bool = False
    has_targets: bool = False
    undecided: float | None = None


ADVERSARIAL_LOSSES: Registry[AdversarialLoss] = Registry("adversarial loss")


def logistic_discriminator(real: Tensor, fake: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """The discriminator's cross-entropy, `-E[log D(x)] - E[log(1 - D(G(z)))]` with `D = sigmoid(score)`.

    Both terms are summed, as in the paper: 2 log 2 = 1.386 for a discriminator that cannot tell them
    apart.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, equation 1; one-sided label smoothing: Salimans et al. 2016,
        arXiv:1606.03498, section 3.4.

    Args:
        real: logits of real images.
        fake: logits of generated images.
        label_smoothing: float in [0, 1), s: real images have the target 1 - s in the place of 1.
    """
    loss = ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))
    return loss + label_smoothing * ops.mean(real) if label_smoothing else loss


def minimax_generator(fake: Tensor) -> Tensor:
    """The generator's loss in the minimax game, `E[log(1 - D(G(z)))]`: flat where the discriminator wins.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, equation 1.

    Args:
        fake: logits of generated images.
    """
    return -ops.mean(ops.softplus(fake))


def non_saturating_generator(fake: Tensor) -> Tensor:
    """The generator's loss that keeps its gradient when the discriminator wins, `-E[log D(G(z))]`.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, section 3.

    Args:
        fake: logits of generated images.
    """
    return ops.mean(ops.softplus(-fake))


def least_squares_discriminator(real: Tensor, fake: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """The discriminator's squared errors, `E[(D(x) - 1)^2] / 2 + E[D(G(z))^2] / 2`.

    Reference: Mao et al. 2017, arXiv:1611.04076, equation 9 (a = 0, b = 1).

    Args:
        real: scores of real images.
        fake: scores of generated images.
        label_smoothing: float in [0, 1), s: real images have the target 1 - s in the place of 1.
    """
    return 0.5 * (ops.mean(ops.square(real - (1.0 - label_smoothing))) + ops.mean(ops.square(fake)))


def least_squares_generator(fake: Tensor) -> Tensor:
    """The generator's squared error, `E[(D(G(z)) - 1)^2] / 2`: it penalizes images on both sides of the boundary.

    Reference: Mao et al. 2017, arXiv:1611.04076, equation 9 (c = 1).

    Args:
        fake: scores of generated images.
    """
    return 0.5 * ops.mean(ops.square(fake - 1.0))


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's hinge loss, `E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]`: margins beyond 1 cost nothing.

    The generator's loss beside it is `wasserstein_generator`.

    Reference: Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, equation 16.

    Args:
        real: scores of real images.
        fake: scores of generated images.
    """
    return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))


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


def relativistic_average_discriminator(real: Tensor, fake: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of how much higher an image scores than the mean image of the other kind.

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.1 (RaSGAN).

    Args:
        real: scores of real images.
        fake: scores of generated images.
        label_smoothing: float in [0, 1), as for `logistic_discriminator`.
    """
    return logistic_discriminator(real - ops.mean(fake), fake - ops.mean(real), label_smoothing)


def relativistic_average_generator(real: Tensor, fake: Tensor) -> Tensor:
    """`relativistic_average_discriminator` with real and generated images in each other's place.

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.1 (RaSGAN).

    Args:
        real: scores of real images.
        fake: scores of generated images.
    """
    return relativistic_average_discriminator(fake, real)


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """How much higher each real image scores than a generated one, `E[log(1 + exp(D(G(z)) - D(x)))]`.

    Each image is compared with one of the other kind, which stands at the same place of its batch: a landscape without
    the local minima in which a generator loses modes (Sun et al. 2020, arXiv:2011.04926). It needs R1 and R2.

    Reference: Huang et al. 2024, arXiv:2501.05441, equation 2; Jolicoeur-Martineau 2018, arXiv:1807.00734, section 3.

    Args:
        real: scores of real images.
        fake: scores of as many generated images.
    """
    return ops.mean(ops.softplus(fake - real))


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """`relativistic_discriminator` with real and generated images in each other's place.

    Reference: Huang et al. 2024, arXiv:2501.05441, equation 2.

    Args:
        real: scores of real images.
        fake: scores of as many generated images.
    """
    return relativistic_discriminator(fake, real)


def _of_fakes(loss: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Gives a generator's loss that ignores real images the signature of `AdversarialLoss.generator`."""
    return lambda real, fake: loss(fake)


for _name, _loss in {
    "minimax": AdversarialLoss(logistic_discriminator, _of_fakes(minimax_generator), has_targets=True, undecided=0.0),
    "non_saturating": AdversarialLoss(
        logistic_discriminator, _of_fakes(non_saturating_generator), has_targets=True, undecided=0.0
    ),
    "least_squares": AdversarialLoss(
        least_squares_discriminator, _of_fakes(least_squares_generator), has_targets=True, undecided=0.5
    ),
    "hinge": AdversarialLoss(hinge_discriminator, _of_fakes(wasserstein_generator), undecided=0.0),
    "wasserstein": AdversarialLoss(wasserstein_critic, _of_fakes(wasserstein_generator)),
    "relativistic_average": AdversarialLoss(
        relativistic_average_discriminator, relativistic_average_generator, compares=True, has_targets=True
    ),
    "relativistic": AdversarialLoss(relativistic_discriminator, relativistic_generator, compares=True),
}.items():
    ADVERSARIAL_LOSSES.register(_name)(_loss)
